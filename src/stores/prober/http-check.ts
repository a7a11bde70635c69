/**
 * HTTP checks: a host whose page responds with 404 is left out of its cluster. Only 404 does that.
 * A check that fails keeps the host, because a broken check must not hide a host that lags.
 */
import { STATUS_CODES } from 'node:http';
import type { LookupFunction, Socket } from 'node:net';
import { formatAddress } from '../../base/address.js';
import { messageOf } from '../../base/errors.js';
import type { TlsSettings } from '../../base/mysql/tls.js';
import { connectWithSmallReads } from '../../base/small-reads.js';
import { TlsClient } from '../../base/tls-client.js';

/** How often each host is checked. */
export const CHECK_INTERVAL_MS = 5_000;

const CHECK_TIMEOUT_MS = 1_000;

/** Checks of one thread in flight: enough for 300 hosts that all time out. */
const CHECKS_MAX = 64;

/** Longer than any status line. */
const READ_BYTES = 512;

const HTTP_PORT = 80;
const HTTPS_PORT = 443;

/** Settings of TLS whose files are kept; clusters usually share one. */
const TLS_CLIENTS_MAX = 64;

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
  readonly done: CheckDone;
  readonly tls: TlsSettings | null;
}

/** `failure`: why there is no response; empty where there is one. */
export type CheckDone = (leftOut: boolean, failure: string) => void;

/** A status, or why there is none. */
type CheckResult = number | string;

/** The URL of a host's page. */
export function checkUrl(host: string, port: number, path: string, isTls = false): string {
  const scheme = isTls ? 'https' : 'http';
  return `${scheme}://${formatAddress({ host, port })}/${path.replace(/^\/+/, '')}`;
}

export class HttpChecker {
  readonly #queue: Check[] = [];
  readonly #byStatus: Record<string, number> = {};
  /** By settings, as JSON. */
  readonly #tlsClients = new Map<string, TlsClient>();
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
  check(
    url: string,
    lookup: LookupFunction,
    done: CheckDone,
    tls: TlsSettings | null = null,
  ): void {
    this.#queue.push({ url, lookup, done, tls });
    this.#startNext();
  }

  #startNext(): void {
    if (this.#inFlight >= CHECKS_MAX) return;
    const check = this.#queue.shift();
    if (check === undefined) return;
    this.#inFlight++;
    this.#request(check, (result) => {
      this.#inFlight--;
      if (typeof result === 'string') this.#failed++;
      else this.#byStatus[label(result)] = (this.#byStatus[label(result)] ?? 0) + 1;
      check.done(result === 404, typeof result === 'string' ? result : '');
      this.#startNext();
    });
  }

  #request({ url, lookup, tls }: Check, onResult: (result: CheckResult) => void): void {
    let isSettled = false;
    const settle = (result: CheckResult): void => {
      if (isSettled) return;
      isSettled = true;
      clearTimeout(timer);
      socket?.on('error', () => undefined).destroy();
      // Never before the caller returns.
      process.nextTick(onResult, result);
    };
    const timer = setTimeout(
      () => settle(`no response within ${CHECK_TIMEOUT_MS} ms`),
      CHECK_TIMEOUT_MS,
    );
    let socket: Socket | undefined;
    try {
      socket = sendRequest(new URL(url), lookup, tls === null ? null : this.#tlsClient(tls));
    } catch (thrown) {
      settle(messageOf(thrown));
      return;
    }
    let head = '';
    socket.on('error', (error) => settle(messageOf(error)));
    socket.on('close', () => settle('the connection was closed without a response'));
    socket.on('data', (chunk) => {
      head += chunk.toString('latin1');
      if (/\n/.test(head) || head.length >= READ_BYTES) settle(statusOf(head));
    });
  }

  #tlsClient(settings: TlsSettings): TlsClient {
    const key = JSON.stringify(settings);
    let client = this.#tlsClients.get(key);
    if (client === undefined) {
      if (this.#tlsClients.size >= TLS_CLIENTS_MAX) this.#tlsClients.clear();
      client = new TlsClient(settings, 'HttpCheckTLS');
      this.#tlsClients.set(key, client);
    }
    return client;
  }
}

/** Only the status line of the response is read, so that it costs nothing more. */
function sendRequest(
  { hostname, port, pathname, search, host }: URL,
  lookup: LookupFunction,
  tls: TlsClient | null,
): Socket {
  const name = hostname.replace(/^\[(.*)\]$/, '$1');
  const address = { host: name, port: Number(port || (tls === null ? HTTP_PORT : HTTPS_PORT)) };
  const encryption = tls === null ? null : tls.optionsFor(name);
  const socket = connectWithSmallReads({ ...address, lookup }, READ_BYTES, encryption);
  const lines = [`GET ${pathname}${search} HTTP/1.1`, `Host: ${host}`, 'Connection: close'];
  socket.once(tls === null ? 'connect' : 'secureConnect', () =>
    socket.write(`${lines.join('\r\n')}\r\n\r\n`),
  );
  return socket;
}

function statusOf(head: string): CheckResult {
  const status = Number(/^HTTP\/1\.[01] (\d{3})\b/.exec(head)?.[1] ?? 0);
  return status >= 200 && status <= 599 ? status : 'the response is not one of HTTP';
}

/** A stranger may send any number: those without a name count together. */
function label(status: number): string {
  return STATUS_CODES[status] === undefined ? 'other' : String(status);
}
