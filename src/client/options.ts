/** The options of a client, with their defaults and bounds. */
import type { CheckEvent, WaitingReport, WaitSummary } from './events.js';
import type { FetchFunction } from './exchange.js';
import { DELAY_MAX_MS } from './timing.js';

/** Who asks, and for what. A call may differ from its client in each. */
export interface CheckSubject {
  /** The name of the job, by which operators throttle it: `nightly-archive`, not `node`. */
  readonly app?: string;
  /** `main`, which is short for `mysql/main`. */
  readonly store?: string;
  /**
   * `low`: wait while checks of normal priority are refused. Unless given, by the rule that freno's
   * configuration has for the app, or else `normal`.
   */
  readonly priority?: 'normal' | 'low';
  /** Only these metrics of the store count; all that apply unless given. */
  readonly metrics?: readonly string[];
}

export interface ClientCheckOptions extends CheckSubject {
  /** Ends the call, which rejects with the reason of the signal. */
  readonly signal?: AbortSignal;
}

export interface ClientWaitOptions extends ClientCheckOptions {
  /**
   * Milliseconds after which `waitFor` rejects with `WAIT_TIMEOUT`; an hour unless given.
   * `Infinity` waits for ever.
   */
  readonly maxWaitMs?: number;
}

export interface FrenoClientOptions extends CheckSubject {
  /**
   * Addresses such as `http://freno.example.com:8087`: of a load balancer, or of all nodes. With
   * several the client finds the leader, and finds it again after a fail-over.
   */
  readonly servers: string | readonly string[];
  /** Milliseconds for one request, to the end of its response; 2,000 unless given. */
  readonly requestTimeoutMs?: number;
  readonly maxWaitMs?: number;
  /**
   * Callers share a yes that is at most this many milliseconds old, and wait together; 0 (each
   * caller asks by itself) unless given, 1,000 at most. The replicas may lag by that much more.
   */
  readonly shareMs?: number;
  /**
   * What `waitFor` does when no freno has responded for `unreachableAfterMs`: `wait` on, until
   * `maxWaitMs`; `reject` with `UNREACHABLE`; or `proceed` WITHOUT freno, and ask again each
   * second. `wait` unless given.
   */
  readonly whenUnreachable?: 'wait' | 'reject' | 'proceed';
  /** Milliseconds; 60,000 unless given. A fail-over takes about a second: stay well above that. */
  readonly unreachableAfterMs?: number;
  /** Milliseconds of waiting before the first `onWaiting`; 10,000 unless given. */
  readonly reportAfterMs?: number;
  /** A wait takes long, and why: for the log of the job. Then again every minute. */
  readonly onWaiting?: (report: WaitingReport) => void;
  /** A wait has ended. */
  readonly onWaited?: (summary: WaitSummary) => void;
  /** One request has its response, or has failed. */
  readonly onCheck?: (event: CheckEvent) => void;
  /** By which freno knows the caller: sent as `Authorization: Bearer`, whatever `headers` says. */
  readonly token?: string;
  /** Sent with each request, for example to a proxy that authenticates clients. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Instead of the global `fetch`, of which it needs only a part. */
  readonly fetch?: FetchFunction;
}

/** What the client runs on. */
export interface ClientSettings {
  readonly servers: readonly string[];
  readonly subject: CheckSubject;
  readonly requestTimeoutMs: number;
  readonly maxWaitMs: number;
  readonly shareMs: number;
  readonly whenUnreachable: 'wait' | 'reject' | 'proceed';
  readonly unreachableAfterMs: number;
  readonly reportAfterMs: number;
  readonly onWaiting: ((report: WaitingReport) => void) | null;
  readonly onWaited: (summary: WaitSummary) => void;
  readonly onCheck: (event: CheckEvent) => void;
  readonly headers: Readonly<Record<string, string>>;
  readonly fetch: FetchFunction;
}

const SERVERS_MAX = 16;
const SHARE_MAX_MS = 1_000;

/** Throws a TypeError or RangeError that names the option. */
export function settingsOf(options: FrenoClientOptions): ClientSettings {
  const { app, store, priority, metrics, whenUnreachable = 'wait' } = options;
  if (!['wait', 'reject', 'proceed'].includes(whenUnreachable)) {
    throw new TypeError(`whenUnreachable: must be wait, reject or proceed, got ${whenUnreachable}`);
  }
  return {
    servers: serverUrls(options.servers),
    subject: {
      ...(app !== undefined && { app }),
      ...(store !== undefined && { store }),
      ...(priority !== undefined && { priority }),
      ...(metrics !== undefined && { metrics }),
    },
    requestTimeoutMs: within('requestTimeoutMs', options.requestTimeoutMs ?? 2_000, 1),
    maxWaitMs: maxWait(options.maxWaitMs ?? 3_600_000),
    shareMs: within('shareMs', options.shareMs ?? 0, 0, SHARE_MAX_MS),
    whenUnreachable,
    unreachableAfterMs: within('unreachableAfterMs', options.unreachableAfterMs ?? 60_000, 0),
    reportAfterMs: within('reportAfterMs', options.reportAfterMs ?? 10_000, 0),
    onWaiting: options.onWaiting ?? null,
    onWaited: options.onWaited ?? (() => undefined),
    onCheck: options.onCheck ?? (() => undefined),
    headers: headersOf(options),
    // As a function of no object: browsers refuse it as a method of another one.
    fetch: options.fetch ?? ((url, request) => fetch(url, request)),
  };
}

/** RFC 6750, section 2.1; no error shows the token. */
const TOKEN = /^[A-Za-z0-9._~+/-]+=*$/;

function headersOf({ token, headers = {} }: FrenoClientOptions): Readonly<Record<string, string>> {
  if (token === undefined) return headers;
  if (!TOKEN.test(token)) throw new TypeError('token: has characters that a token has not');
  const others = Object.entries(headers).filter(([name]) => !/^authorization$/i.test(name));
  return { ...Object.fromEntries(others), Authorization: `Bearer ${token}` };
}

export function maxWait(maxWaitMs: number): number {
  if (maxWaitMs === Number.POSITIVE_INFINITY) return maxWaitMs;
  return within('maxWaitMs', maxWaitMs, 1);
}

function within(name: string, value: number, least: number, most = DELAY_MAX_MS): number {
  if (value >= least && value <= most) return value;
  throw new RangeError(`${name}: must be from ${least} to ${most}, got ${value}`);
}

/** Without a slash at their ends. */
function serverUrls(servers: string | readonly string[]): readonly string[] {
  const given = typeof servers === 'string' ? [servers] : servers;
  if (given.length < 1 || given.length > SERVERS_MAX) {
    throw new RangeError(`servers: must be 1 to ${SERVERS_MAX} addresses, got ${given.length}`);
  }
  return given.map(serverUrl);
}

function serverUrl(text: string): string {
  const refuse = (why: string): never => {
    throw new TypeError(`servers: ${JSON.stringify(text)} ${why}`);
  };
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return refuse('is not an address such as http://freno.example.com:8087');
  }
  if (!/^https?:$/.test(url.protocol)) refuse('must begin with http:// or https://');
  if (url.username !== '' || url.password !== '') {
    throw new TypeError('servers: an address has a password: put it in the option headers');
  }
  if (url.search !== '' || url.hash !== '') refuse('must have no ? and no #');
  return url.href.replace(/\/+$/, '');
}
