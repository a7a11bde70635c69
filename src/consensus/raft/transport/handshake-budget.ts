/**
 * How many TLS handshakes strangers get: each costs this thread a signature, and a thread that does
 * nothing else sends no heartbeats. Addresses at which this node reaches its peers are free of it.
 */
import { monotonicMs } from '../../../base/clock.js';
import type { PeerAddresses } from './peer-addresses.js';

/** At a millisecond each, with a key of RSA, a twentieth of the thread. */
const PER_SECOND = 50;

export class HandshakeBudget {
  #left = PER_SECOND;
  #atMs: number;

  constructor(
    private readonly peers: PeerAddresses,
    private readonly nowMs: () => number = monotonicMs,
  ) {
    this.#atMs = nowMs();
  }

  /** Whether a handshake with this address may begin. */
  take(address: string): boolean {
    if (this.peers.has(address)) return true;
    const nowMs = this.nowMs();
    this.#left = Math.min(PER_SECOND, this.#left + ((nowMs - this.#atMs) * PER_SECOND) / 1000);
    this.#atMs = nowMs;
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}
