/**
 * HTTP checks: a host whose page responds with 404 is left out of its cluster. Only 404 does that.
 * A check that fails keeps the host, because a broken check must not hide a host that lags.
 */
import { Agent, get } from 'node:http';
import type { LookupFunction } from 'node:net';
import { formatAddress } from '../../base/address.js';

/** How often each host is checked. */
export const CHECK_INTERVAL_MS = 5_000;

const CHECK_TIMEOUT_MS = 1_000;

/** Checks of one thread in flight: enough for 300 hosts that all time out. */
const CHECKS_MAX = 64;

/** Counters of the HTTP checks of one thread. */
export interface HttpCheckCounters {
  /** Responses by status. */
  readonly byStatus: Readonly<Record<string, number>>;
  /** Hosts without an HTTP check, counted each time a check would be due. */
  readonly skipped: number;
  readonly failed: number;
}

interface Check {
  readonly url: string;
  readonly lookup: LookupFunction;
  readonly done: (leftOut: boolean) => void;
}

/** The URL of a host's page. */
export function checkUrl(host: string, port: number, path: string): string {
  return `http://${formatAddress({ host, port })}/${path.replace(/^\/+/, '')}`;
}

export class HttpChecker {
  readonly #agent = new Agent({ keepAlive: false });
  readonly #queue: Check[] = [];
  readonly #byStatus: Record<string, number> = {};
  #inFlight = 0;
  #skipped = 0;
  #failed = 0;

  get counters(): HttpCheckCounters {
    return { byStatus: this.#byStatus, skipped: this.#skipped, failed: this.#failed };
  }

  countSkipped(): void {
    this.#skipped++;
  }

  /**
   * Calls back once, with whether the host is left out. The caller runs one check per host at a
   * time.
   */
  check(url: string, lookup: LookupFunction, done: (leftOut: boolean) => void): void {
    this.#queue.push({ url, lookup, done });
    this.#startNext();
  }

  #startNext(): void {
    if (this.#inFlight >= CHECKS_MAX) return;
    const check = this.#queue.shift();
    if (check === undefined) return;
    this.#inFlight++;
    this.#request(check, (status) => {
      this.#inFlight--;
      if (status === null) this.#failed++;
      else this.#byStatus[status] = (this.#byStatus[status] ?? 0) + 1;
      check.done(status === 404);
      this.#startNext();
    });
  }

  /** The status of the response, or null when there is none in time. */
  #request({ url, lookup }: Check, onStatus: (status: number | null) => void): void {
    if (!URL.canParse(url)) {
      process.nextTick(onStatus, null);
      return;
    }
    const request = get(url, { agent: this.#agent, lookup });
    let isSettled = false;
    const settle = (status: number | null): void => {
      if (isSettled) return;
      isSettled = true;
      clearTimeout(timer);
      request.destroy();
      onStatus(status);
    };
    const timer = setTimeout(() => settle(null), CHECK_TIMEOUT_MS);
    request.on('response', (response) => settle(response.statusCode ?? null));
    request.on('error', () => settle(null));
  }
}
