/**
 * What the peers understand, as each listed it when it connected last, and so what may be written
 * to the log.
 *
 * A peer that is down for long must not keep its cluster from what all know: once the replicated
 * state holds anything of a level, every member has listed that level, or can no longer read the
 * state at all.
 */
import type { Command } from '../../throttle/commands.js';
import { type FeatureLevel, featureLevelOf } from '../../throttle/feature-level.js';
import { canRead } from './codec/features.js';
import type { NodeId } from './core/types.js';

/** The peers that keep a command out of the log. */
export interface UnreadableAt {
  /** Their release does not know it. */
  readonly older: readonly NodeId[];
  /** They have not connected since this node started. */
  readonly unknown: readonly NodeId[];
}

export class PeerFeatures {
  readonly #peers: readonly NodeId[];
  /** Of the replicated state. */
  readonly #level: () => FeatureLevel;
  readonly #features = new Map<NodeId, readonly string[]>();

  constructor(peers: readonly NodeId[], level: () => FeatureLevel) {
    this.#peers = peers;
    this.#level = level;
  }

  /** What the peer listed when it connected. */
  greeted(peer: NodeId, features: readonly string[]): void {
    this.#features.set(peer, features);
  }

  /** Whether the peer listed that feature when it connected last. */
  isListed(peer: NodeId, feature: string): boolean {
    return this.#features.get(peer)?.includes(feature) ?? false;
  }

  /** Null: every member reads the command as it is meant. */
  unreadableAt(command: Command): UnreadableAt | null {
    const older: NodeId[] = [];
    const unknown: NodeId[] = [];
    for (const peer of this.#peers) {
      const features = this.#features.get(peer);
      if (canRead(features ?? [], command)) continue;
      (features === undefined ? unknown : older).push(peer);
    }
    if (older.length + unknown.length === 0 || this.#isInUse(command)) return null;
    return { older, unknown };
  }

  #isInUse(command: Command): boolean {
    const level = featureLevelOf(command);
    return level > 0 && this.#level() >= level;
  }
}

/** Why the command is refused, in words for its client. */
export function unreadableText({ older, unknown }: UnreadableAt): string {
  const reasons = [
    ...(older.length > 0 ? [`${older.join(', ')}: an earlier release that does not know it`] : []),
    ...(unknown.length > 0
      ? [`${unknown.join(', ')}: not connected yet, its release unknown`]
      : []),
  ];
  return `not every node of the cluster can read this command (${reasons.join('; ')})`;
}
