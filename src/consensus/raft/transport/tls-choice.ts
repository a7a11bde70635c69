/**
 * Whether a link dials its peer with TLS.
 *
 * In the mode `accept` it dials in clear first and learns from the greeting whether the peer takes
 * TLS: one of an earlier release, or without certificates, does not. A peer with which TLS fails is
 * dialled in clear again, and with TLS after a while: meanwhile certificates may have been renewed.
 */
import { monotonicMs } from '../../../base/clock.js';
import type { PeerProofMode } from '../../../config/raft-secret.js';
import { NO_TLS } from './peer-tls.js';

const RETRY_MS = 60_000;

export class TlsChoice {
  readonly #mode: PeerProofMode | null;
  /** Only with `accept`. */
  #isOffered = false;
  #failure: { readonly reason: string; readonly atMs: number } | null = null;
  #isUpInClear = false;

  /** Null: TLS is not configured. */
  constructor(mode: PeerProofMode | null) {
    this.#mode = mode;
  }

  /** Whether the next dial is with TLS. */
  get isNext(): boolean {
    if (this.#mode !== 'accept') return this.#mode === 'require';
    if (!this.#isOffered) return false;
    return this.#failure === null || monotonicMs() - this.#failure.atMs >= RETRY_MS;
  }

  /** Whether a connection with TLS that was refused may be made without it. */
  get canFallBack(): boolean {
    return this.#mode === 'accept' && this.isNext;
  }

  /** The peer has said in clear whether it takes TLS. */
  offered(isOffered: boolean): void {
    this.#isOffered = isOffered;
  }

  /** A connection with TLS ended before the peer accepted this node. */
  failed(reason: string): void {
    this.#failure = { reason, atMs: monotonicMs() };
  }

  /** The peer has accepted this node. Returns why that is not surely the peer; null: it is. */
  upWith(isEncrypted: boolean): string | null {
    this.#isUpInClear = !isEncrypted;
    if (isEncrypted) this.#failure = null;
    if (this.#mode === null || isEncrypted) return null;
    return this.#failure?.reason ?? NO_TLS;
  }

  /** Whether a connection in clear should be made again with TLS. */
  isDue(): boolean {
    return this.#mode === 'accept' && this.#isUpInClear && this.isNext;
  }
}
