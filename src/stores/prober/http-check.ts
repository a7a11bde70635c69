/**
 * HTTP checks: a host whose page responds with 404 is left out of its cluster. Only 404 does that.
 * A check that fails keeps the host, because a broken check must not hide a host that lags.
 */
import { STATUS_CODES } from 'node:http';
import type { LookupFunction, Socket } from 'node:net';
import { formatAddress } from '../../base/address.js';
import { connectWithSmallReads } from '../../base/small-reads.js';

/** How often each host is checked. */
export const CHECK_INTERVAL_MS = 5_000;

const CHECK_TIMEOUT_MS = 1_000;

/** Checks of one thread in flight: enough for 300 hosts that all time out. */
const CHECKS_MAX = 64;

/** Longer than any status line. */
const READ_BYTES = 512;

const HTTP_PORT = 80;

/** Counters of the HTTP checks of one thread. */
export interface HttpCheckCounters {
  /** Responses by status; `other`: those of statuses without a name. */
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
      else this.#byStatus[label(status)] = (this.#byStatus[label(status)] ?? 0) + 1;
      check.done(status === 404);
      this.#startNext();
    });
  }

  /** The status of the response, or null when there is none in time. */
  #request({ url, lookup }: Check, onStatus: (status: number | null) => void): void {
    let isSettled = false;
    const settle = (status: number | null): void => {
      if (isSettled) return;
      isSettled = true;
      clearTimeout(timer);
      socket?.on('error', () => undefined).destroy();
      // Never before the caller returns.
      process.nextTick(onStatus, status);
    };
    const timer = setTimeout(() => settle(null), CHECK_TIMEOUT_MS);
    let socket: Socket | undefined;
    try {
      socket = sendRequest(new URL(url), lookup);
    } catch {
      settle(null);
      return;
    }
    let head = '';
    socket.on('error', () => settle(null));
    socket.on('close', () => settle(null));
    socket.on('data', (chunk) => {
      head += chunk.toString('latin1');
      if (/\n/.test(head) || head.length >= READ_BYTES) settle(statusOf(head));
    });
  }
}

/** Only the status line of the response is read, so that it costs nothing more. */
function sendRequest(
  { hostname, port, pathname, search, host }: URL,
  lookup: LookupFunction,
): Socket {
  const address = { host: hostname.replace(/^\[(.*)\]$/, '$1'), port: Number(port || HTTP_PORT) };
  const socket = connectWithSmallReads({ ...address, lookup }, READ_BYTES);
  const lines = [`GET ${pathname}${search} HTTP/1.1`, `Host: ${host}`, 'Connection: close'];
  socket.once('connect', () => socket.write(`${lines.join('\r\n')}\r\n\r\n`));
  return socket;
}

/** Null: not that of a final response. */
function statusOf(head: string): number | null {
  const status = Number(/^HTTP\/1\.[01] (\d{3})\b/.exec(head)?.[1] ?? 0);
  return status >= 200 && status <= 599 ? status : null;
}

/** A stranger may send any number: those without a name count together. */
function label(status: number): string {
  return STATUS_CODES[status] === undefined ? 'other' : String(status);
}
