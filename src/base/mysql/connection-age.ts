/**
 * When an open connection must be replaced by a new one, however well it works: what it reaches is
 * what its name meant, and what its user was allowed, when it was opened.
 *
 * Two signs: its age, since a server, a proxy or an account may have changed without any sign on an
 * open connection; and its name, which is looked up again as often as lists of hosts are read. A
 * look-up that fails for want of a name server is no sign.
 */
import { isIP, type LookupFunction } from 'node:net';

export type RenewalReason =
  /** It is as old as a connection may be. */
  | 'age'
  /** Its name has other addresses now, or is gone. */
  | 'name';

/** How often the name is looked up: as often as lists of hosts are read. */
const LOOK_INTERVAL_MS = 10_000;

/** The random share of an age or interval: connections made together are not renewed together. */
const JITTER = 0.25;

/**
 * How long an old connection may outlive its age while no new one can be opened; no longer than it
 * might be old.
 */
const GRACE_MAX_MS = 10_000;

export class ConnectionAge {
  readonly #host: string;
  readonly #lookup: LookupFunction;
  /** Address to which the connection was made; empty: there is none. */
  #peer = '';
  #expiresAtMs = Number.POSITIVE_INFINITY;
  #overdueAtMs = Number.POSITIVE_INFINITY;
  #nextLookMs = Number.POSITIVE_INFINITY;
  #hasOtherName = false;

  /** `lookup` resolves `host`, the name by which the connection is made. */
  constructor(host: string, lookup: LookupFunction) {
    this.#host = host;
    this.#lookup = lookup;
  }

  /** A connection was made to that address. `maxAgeMs`: infinite where age is no reason. */
  connected(peer: string, maxAgeMs: number, nowMs: number): void {
    this.#peer = peer;
    this.#hasOtherName = false;
    this.#expiresAtMs = nowMs + jittered(maxAgeMs);
    this.#overdueAtMs = this.#expiresAtMs + Math.min(maxAgeMs, GRACE_MAX_MS);
    const isName = isIP(this.#host) === 0;
    this.#nextLookMs = isName ? nowMs + jittered(LOOK_INTERVAL_MS) : Number.POSITIVE_INFINITY;
  }

  /** Null: the connection stays. Looks the name up when that is due, for later calls. */
  reason(nowMs: number): RenewalReason | null {
    if (nowMs >= this.#nextLookMs) this.#lookAtName(nowMs);
    if (this.#hasOtherName) return 'name';
    return nowMs >= this.#expiresAtMs ? 'age' : null;
  }

  /** Whether the old connection must end, although no new one could be opened until now. */
  isOverdue(nowMs: number): boolean {
    return this.#hasOtherName || nowMs >= this.#overdueAtMs;
  }

  #lookAtName(nowMs: number): void {
    const peer = this.#peer;
    this.#nextLookMs = nowMs + jittered(LOOK_INTERVAL_MS);
    this.#lookup(this.#host, { all: true }, (error, found) => {
      if (peer !== this.#peer) return;
      if (error !== null) this.#hasOtherName ||= error.code === 'ENOTFOUND';
      else if (Array.isArray(found)) {
        this.#hasOtherName = !found.some(({ address }) => address === peer);
      }
    });
  }
}

function jittered(ms: number): number {
  return ms * (1 - JITTER * Math.random());
}
