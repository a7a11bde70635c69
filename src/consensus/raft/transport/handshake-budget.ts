/**
 * How many TLS handshakes strangers get: each costs this thread a signature, and a thread that does
 * nothing else sends no heartbeats. Addresses at which this node reaches its peers are free of it.
 */
import { monotonicMs } from '../../../base/clock.js';
import type { NodeId } from '../core/types.js';

/** At a millisecond each, with a key of RSA, a twentieth of the thread. */
const PER_SECOND = 50;

export class HandshakeBudget {
  /** Of each peer, at most one. */
  readonly #known = new Map<NodeId, string>();
  #left = PER_SECOND;
  #atMs: number;

  constructor(private readonly nowMs: () => number = monotonicMs) {
    this.#atMs = nowMs();
  }

  /** The peer was reached at this address. */
  reached(peer: NodeId, address: string): void {
    this.#known.set(peer, plainAddress(address));
  }

  /** Whether a handshake with this address may begin. */
  take(address: string): boolean {
    if ([...this.#known.values()].includes(plainAddress(address))) return true;
    const nowMs = this.nowMs();
    this.#left = Math.min(PER_SECOND, this.#left + ((nowMs - this.#atMs) * PER_SECOND) / 1000);
    this.#atMs = nowMs;
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}

/** IPv4 as such on a socket of both families too. */
function plainAddress(address: string): string {
  return address.replace(/^::ffff:/, '');
}
