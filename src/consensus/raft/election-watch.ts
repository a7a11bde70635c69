/**
 * Logs why there is no leader: at once when this node reaches no majority, else when no node was
 * elected for long. Otherwise a cluster without a majority only shows as requests that are refused.
 */

import { monotonicMs } from '../../base/clock.js';
import type { Logger } from '../../base/log.js';
import { sharedInterval } from '../../base/shared-interval.js';
import type { SoftState } from './core/types.js';
import { hasMajority, type PeerFaults, type Reach, reachOf, unreachableText } from './reach.js';

const LOOK_INTERVAL_MS = 1000;

/** Some elections, also on slow disks. */
const LEADERLESS_MS = 10_000;

const REPEAT_AFTER_MS = 60_000;

/** Between two losses of the majority that are logged: a connection may come and go. */
const NEXT_LOSS_AFTER_MS = 10_000;

export interface ElectionWatchParts {
  soft(): SoftState;
  peerFaults(): PeerFaults;
  readonly log: Pick<Logger, 'warn'>;
  readonly nowMs?: () => number;
}

export class ElectionWatch {
  #cancel: (() => void) | undefined;
  /** When there was a leader last. */
  #leaderAtMs: number;
  #leaderlessLoggedAtMs = Number.NEGATIVE_INFINITY;
  #minorityLoggedAtMs = Number.NEGATIVE_INFINITY;
  /** Whether the log's latest line about the majority says that there is none. */
  #isMinorityLogged = false;

  constructor(private readonly parts: ElectionWatchParts) {
    this.#leaderAtMs = this.#nowMs();
  }

  start(): void {
    this.#cancel = sharedInterval(LOOK_INTERVAL_MS, () => this.look());
  }

  stop(): void {
    this.#cancel?.();
  }

  /** Called at an interval. */
  look(): void {
    const { soft, peerFaults } = this.parts;
    const { leader } = soft();
    const nowMs = this.#nowMs();
    if (leader !== null) this.#leaderAtMs = nowMs;
    if (leader !== null && !this.#isMinorityLogged) return;
    const reach = reachOf(peerFaults());
    if (hasMajority(reach)) this.#logRecovery(reach);
    if (leader !== null) return;
    if (hasMajority(reach)) this.#logLeaderless(reach, nowMs);
    else this.#logMinority(reach, nowMs);
  }

  #logMinority(reach: Reach, nowMs: number): void {
    const pauseMs = this.#isMinorityLogged ? REPEAT_AFTER_MS : NEXT_LOSS_AFTER_MS;
    if (nowMs - this.#minorityLoggedAtMs < pauseMs) return;
    this.#minorityLoggedAtMs = nowMs;
    this.#isMinorityLogged = true;
    this.parts.log.warn(
      `raft: no majority, no leader for ${this.#leaderlessSeconds(nowMs)} s: ` +
        `${reach.needed} of ${reach.nodes} nodes needed, reached: ${reach.reached} ` +
        `(with this node); ${unreachableText(reach)}`,
    );
  }

  #logRecovery(reach: Reach): void {
    if (!this.#isMinorityLogged) return;
    this.#isMinorityLogged = false;
    this.parts.log.warn(
      `raft: majority again: ${reach.needed} of ${reach.nodes} nodes needed, ` +
        `reached: ${reach.reached}`,
    );
  }

  #logLeaderless(reach: Reach, nowMs: number): void {
    const { soft, log } = this.parts;
    if (nowMs - this.#leaderAtMs < LEADERLESS_MS) return;
    if (nowMs - this.#leaderlessLoggedAtMs < REPEAT_AFTER_MS) return;
    this.#leaderlessLoggedAtMs = nowMs;
    const { role, term } = soft();
    const unreachable = unreachableText(reach);
    const parts = [
      `this node reaches ${reach.reached} of ${reach.nodes} nodes with itself, ` +
        'and none of them is elected',
      ...(reach.peers.length > 0 ? [`reaches ${reach.peers.join(', ')}`] : []),
      ...(unreachable === null ? [] : [unreachable]),
      `this node is ${role} in term ${term}`,
    ];
    log.warn(`raft: no leader for ${this.#leaderlessSeconds(nowMs)} s: ${parts.join('; ')}`);
  }

  #leaderlessSeconds(nowMs: number): number {
    return Math.round((nowMs - this.#leaderAtMs) / 1000);
  }

  #nowMs(): number {
    return this.parts.nowMs?.() ?? monotonicMs();
  }
}
