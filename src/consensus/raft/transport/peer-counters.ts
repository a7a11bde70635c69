import { monotonicMs } from '../../../base/clock.js';
import type { NodeId } from '../core/types.js';

/** How long a refused proof is shown beside the peer in whose name it came. */
const REFUSAL_SHOWN_MS = 600_000;

type Direction = 'to' | 'from';

interface RefusedProof {
  readonly text: string;
  readonly atMs: number;
}

/** What the connections of a node count for `/metrics`, across the node's restarts. */
export class PeerCounters {
  /** Connections closed because a frame was changed on the way. */
  checksumErrors = 0;
  /** Connections to this node's port that were refused, or closed for what they sent. */
  refusedConnections = 0;
  /** Connections, in both directions, without the proof that this node requires. */
  refusedProofs = 0;
  /** Peers whose `RaftNodes` differed from this node's when they last said what it is. */
  readonly differingLists = new Set<NodeId>();
  /** Only names of peers, so that strangers cannot fill it. */
  readonly #refusedProofs = new Map<NodeId, RefusedProof>();
  readonly #unproven = { to: new Set<NodeId>(), from: new Set<NodeId>() };

  /** A connection to or from a peer was accepted, with or without the configured proof. */
  accepted(direction: Direction, peer: NodeId, isProven: boolean): void {
    if (isProven) this.#unproven[direction].delete(peer);
    else this.#unproven[direction].add(peer);
    if (direction === 'from') this.#refusedProofs.delete(peer);
  }

  /** A connection in the name of a peer was refused. */
  proofRefused(peer: NodeId, remote: string, reason: string): void {
    this.#refusedProofs.set(peer, { text: `${remote}: ${reason}`, atMs: monotonicMs() });
  }

  /** The latest refusal of a connection in the name of a peer; empty: none recently. */
  refusalOf(peer: NodeId): string {
    const refused = this.#refusedProofs.get(peer);
    if (refused === undefined || monotonicMs() - refused.atMs > REFUSAL_SHOWN_MS) return '';
    return refused.text;
  }

  /** Peers accepted without the configured proof, on a connection in either direction. */
  get unprovenPeers(): number {
    return new Set([...this.#unproven.to, ...this.#unproven.from]).size;
  }
}
