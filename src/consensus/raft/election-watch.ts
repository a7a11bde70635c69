/**
 * Logs why there is no leader, when there is none for long: which nodes this one reaches, and why
 * not the others. Otherwise a cluster without a majority only shows as requests that are refused.
 */
import { monotonicMs } from '../../base/clock.js';
import type { Logger } from '../../base/log.js';
import type { NodeId, SoftState } from './core/types.js';

const LOOK_INTERVAL_MS = 1000;

/** Some elections, also on slow disks. */
const LEADERLESS_MS = 10_000;

const REPEAT_AFTER_MS = 60_000;

/** Of each peer: null when messages reach it, else why they do not. */
export type PeerFaults = ReadonlyMap<NodeId, string | null>;

export interface ElectionWatchParts {
  soft(): SoftState;
  peerFaults(): PeerFaults;
  readonly log: Pick<Logger, 'warn'>;
  readonly nowMs?: () => number;
}

export class ElectionWatch {
  #timer: NodeJS.Timeout | undefined;
  /** When there was a leader last. */
  #leaderAtMs: number;
  #loggedAtMs = Number.NEGATIVE_INFINITY;

  constructor(private readonly parts: ElectionWatchParts) {
    this.#leaderAtMs = this.#nowMs();
  }

  start(): void {
    this.#timer = setInterval(() => this.look(), LOOK_INTERVAL_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Called at an interval. */
  look(): void {
    const { soft, peerFaults, log } = this.parts;
    const nowMs = this.#nowMs();
    const { leader, role, term } = soft();
    if (leader !== null) {
      this.#leaderAtMs = nowMs;
      return;
    }
    const leaderlessMs = nowMs - this.#leaderAtMs;
    if (leaderlessMs < LEADERLESS_MS || nowMs - this.#loggedAtMs < REPEAT_AFTER_MS) return;
    this.#loggedAtMs = nowMs;
    const seconds = Math.round(leaderlessMs / 1000);
    log.warn(
      `raft: no leader for ${seconds} s: ${connectionsOf(peerFaults())}; ` +
        `this node is ${role} in term ${term}`,
    );
  }

  #nowMs(): number {
    return this.parts.nowMs?.() ?? monotonicMs();
  }
}

function connectionsOf(faults: PeerFaults): string {
  const reached = [...faults].filter(([, fault]) => fault === null).map(([peer]) => peer);
  const missing = [...faults].flatMap(([peer, fault]) =>
    fault === null ? [] : [`${peer} (${fault})`],
  );
  const nodes = faults.size + 1;
  const majority = Math.floor(nodes / 2) + 1;
  const has = reached.length + 1;
  const verdict =
    has < majority
      ? `a majority of ${nodes} nodes is ${majority}, and this node reaches ${has} with itself`
      : `this node reaches ${has} of ${nodes} nodes with itself, and none of them is elected`;
  return [
    verdict,
    ...(reached.length > 0 ? [`reaches ${reached.join(', ')}`] : []),
    ...(missing.length > 0 ? [`does not reach ${missing.join(', ')}`] : []),
  ].join('; ');
}
