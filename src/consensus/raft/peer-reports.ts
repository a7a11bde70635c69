/**
 * The reports that nodes send each other once a second, so that each can show how the whole cluster
 * is: whether the versions and the configurations are the same, how far each log is, which clock is
 * wrong. They are no part of the algorithm.
 */
import { sharedInterval } from '../../base/shared-interval.js';
import { encodeNodeReport, type NodeReport } from './codec/node-report.js';
import type { NodeId } from './core/types.js';

const INTERVAL_MS = 1_000;

export interface PeerReportsOptions {
  readonly peers: readonly NodeId[];
  /** Whether the release of the peer reads reports. */
  readonly isRead: (peer: NodeId) => boolean;
  /** What this node says of itself now. */
  readonly own: () => NodeReport;
  readonly send: (to: NodeId, body: Uint8Array) => void;
  /** This node's wall clock. */
  readonly unixMs: () => number;
}

export interface ReceivedReport {
  readonly report: NodeReport;
  /**
   * How far the peer's clock was ahead of this node's, in milliseconds. The time of transit counts
   * as behind.
   */
  readonly clockDifferenceMs: number;
}

export class PeerReports {
  readonly #options: PeerReportsOptions;
  readonly #received = new Map<NodeId, ReceivedReport>();
  #cancel: (() => void) | undefined;

  constructor(options: PeerReportsOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#options.peers.length === 0) return;
    this.#cancel = sharedInterval(INTERVAL_MS, () => this.#sendAll());
  }

  stop(): void {
    this.#cancel?.();
  }

  /** What this node says of itself now. */
  get own(): NodeReport {
    return this.#options.own();
  }

  received(from: NodeId, report: NodeReport): void {
    const clockDifferenceMs = report.unixMs - this.#options.unixMs();
    this.#received.set(from, { report, clockDifferenceMs });
  }

  /** The latest report of a peer: it may be old. */
  of(peer: NodeId): ReceivedReport | undefined {
    return this.#received.get(peer);
  }

  #sendAll(): void {
    const { peers, isRead, own, send } = this.#options;
    const readers = peers.filter(isRead);
    if (readers.length === 0) return;
    const body = encodeNodeReport(own());
    for (const peer of readers) send(peer, body);
  }
}
