/** HTTP checks: a host whose page answers 404 is to be left out of its cluster. */
import { Agent, get } from 'node:http';
import type { LookupFunction } from 'node:net';
import { formatAddress } from '../../base/address.js';

/** How often each host is checked. */
export const CHECK_INTERVAL_MS = 5_000;

const TIMEOUT_MS = 1_000;

/** Checks of one thread under way at a time: enough for 300 hosts that all time out. */
const CHECKS_MAX = 64;

/** What HTTP checks count. */
export interface HttpCheckCounters {
  /** Answers by status. */
  readonly byStatus: Readonly<Record<string, number>>;
  /** Hosts that have no HTTP check, each time one would be due. */
  readonly skipped: number;
  readonly failed: number;
}

interface Check {
  readonly url: string;
  readonly lookup: LookupFunction;
  readonly done: (leftOut: boolean) => void;
}

/** The page of a host. */
export function checkUrl(host: string, port: number, path: string): string {
  return `http://${formatAddress({ host, port })}/${path.replace(/^\/+/, '')}`;
}

export class HttpChecker {
  readonly #agent = new Agent({ keepAlive: false });
  readonly #queue: Check[] = [];
  readonly #byStatus: Record<string, number> = {};
  #underWay = 0;
  #skipped = 0;
  #failed = 0;

  get counters(): HttpCheckCounters {
    return { byStatus: this.#byStatus, skipped: this.#skipped, failed: this.#failed };
  }

  countSkipped(): void {
    this.#skipped++;
  }

  /**
   * Calls back once, with whether the host is to be left out. A host is to have one check at a
   * time.
   */
  check(url: string, lookup: LookupFunction, done: (leftOut: boolean) => void): void {
    this.#queue.push({ url, lookup, done });
    this.#startNext();
  }

  #startNext(): void {
    if (this.#underWay >= CHECKS_MAX) return;
    const check = this.#queue.shift();
    if (check === undefined) return;
    this.#underWay++;
    this.#ask(check, (status) => {
      this.#underWay--;
      if (status === null) this.#failed++;
      else this.#byStatus[status] = (this.#byStatus[status] ?? 0) + 1;
      check.done(status === 404);
      this.#startNext();
    });
  }

  /** The status of the answer, or null when there is none in time. */
  #ask({ url, lookup }: Check, answered: (status: number | null) => void): void {
    if (!URL.canParse(url)) {
      process.nextTick(answered, null);
      return;
    }
    const request = get(url, { agent: this.#agent, lookup });
    let open = true;
    const settle = (status: number | null): void => {
      if (!open) return;
      open = false;
      clearTimeout(timer);
      request.destroy();
      answered(status);
    };
    const timer = setTimeout(() => settle(null), TIMEOUT_MS);
    request.on('response', (response) => settle(response.statusCode ?? null));
    request.on('error', () => settle(null));
  }
}
