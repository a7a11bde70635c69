/**
 * The rules on which the safety of Raft rests, each a small pure function in one place: so that
 * each can be compared with the paper, and the simulation can break one at a time and show that it
 * notices.
 */

export interface Rules {
  /**
   * Only entries of the leader's own term commit by counting replicas; earlier ones commit with
   * them (dissertation 3.6.2, figure 3.7).
   */
  commitsByCounting(entryTerm: number, leaderTerm: number): boolean;
  /** The voter's log must not be ahead of the candidate's (dissertation 3.6.1). */
  isUpToDate(candidate: LogEnd, voter: LogEnd): boolean;
  /** One vote per term (dissertation 3.4). */
  mayVoteFor(candidate: string, votedFor: string | null): boolean;
  /**
   * Only a conflicting entry truncates the log; an old, delayed append must not (dissertation 3.5).
   */
  conflicts(storedTerm: number, receivedTerm: number): boolean;
  /**
   * Up to where an append lets its receiver commit: beyond `lastNew` its log may differ from the
   * leader's (figure 3.1, AppendEntries 5).
   */
  commitAfterAppend(leaderCommit: number, lastNew: number): number;
  /**
   * Up to where a leader announces commits. A follower acknowledges to its client what it learns
   * like this, and from then on no check may be judged without it: so no further than what is in
   * force on the leader.
   */
  announces(committed: number, inForce: number): number;
  /** The leader's own copy counts once it is durable, like any other (dissertation 10.2.1). */
  ownMatch(durable: number, lastIndex: number): number;
  /** A response that arrives late takes nothing back of what a follower is known to have. */
  matchAfterResponse(match: number, acknowledged: number): number;
  /**
   * A leader begins its term with an entry of its own: entries of earlier terms commit only with
   * one (dissertation 6.4).
   */
  beginsWithEntry(): boolean;
  /** A leader knows what is committed once an entry of its term is (dissertation 6.4). */
  knowsCommitted(committed: number, firstOfTerm: number): boolean;
  /**
   * Only a snapshot beyond what is committed, and that the log does not cover, replaces the log
   * (dissertation, figure 5.3).
   */
  replacesLog(snapshotIndex: number, committed: number, isCovered: boolean): boolean;
  /** Compaction keeps `keepEntries` entries before the end of the snapshot, and all after it. */
  compactsUpTo(snapshotIndex: number, keepEntries: number): number;
  /**
   * What a message states must be durable before it is sent (dissertation 3.8); `batch` is the last
   * write to which it refers.
   */
  maySend(batch: number, durableBatch: number): boolean;
  /** A completed write counts once all earlier ones are completed: it may have overtaken them. */
  completesInOrder(batch: number, durableBatch: number): boolean;
  /** A write in progress makes durable only what no later truncation has removed. */
  lastIndexAfterCut(lastIndex: number, cutFrom: number): number;
  /**
   * A node that acknowledged a leader grants no vote until its lockout has ended (dissertation
   * 6.4.1).
   */
  isLockedOut(ticksLeft: number): boolean;
  /** A node that starts may have acknowledged a leader before; one without peers has none. */
  isLockedOutAtStart(peers: number): boolean;
  /** An offer of leadership releases a voter only from lockouts of rounds up to its own. */
  releasesLockout(lockoutRound: number, transferRound: number): boolean;
  /**
   * Whether a node that began with an empty disk may vote, and stand for election. It may have
   * acknowledged what it no longer has, unless the whole cluster is new.
   */
  mayVoteWhileJoining(clusterHoldsData: boolean): boolean;
  /** Whether the copy of a follower counts for commits. */
  countsForCommit(joining: boolean): boolean;
  /**
   * No lease rests on rounds up to `floor`, whose lockouts may be released, nor on any during a
   * transfer.
   */
  carriesLease(round: number, floor: number, offersLeadership: boolean): boolean;
  /**
   * For how long a voter is locked out: as it reports, since its settings may differ from the
   * leader's.
   */
  lockoutMs(byVoter: number, byLeader: number): number;
}

/** The end of a log, by which logs are compared. */
export interface LogEnd {
  readonly lastIndex: number;
  readonly lastTerm: number;
}

export const raftRules: Rules = {
  commitsByCounting: (entryTerm, leaderTerm) => entryTerm === leaderTerm,
  isUpToDate: (candidate, voter) =>
    candidate.lastTerm > voter.lastTerm ||
    (candidate.lastTerm === voter.lastTerm && candidate.lastIndex >= voter.lastIndex),
  mayVoteFor: (candidate, votedFor) => votedFor === null || votedFor === candidate,
  conflicts: (storedTerm, receivedTerm) => storedTerm !== receivedTerm,
  commitAfterAppend: (leaderCommit, lastNew) => Math.min(leaderCommit, lastNew),
  announces: (committed, inForce) => Math.min(committed, inForce),
  ownMatch: (durable) => durable,
  matchAfterResponse: (match, acknowledged) => Math.max(match, acknowledged),
  beginsWithEntry: () => true,
  knowsCommitted: (committed, firstOfTerm) => committed >= firstOfTerm,
  replacesLog: (snapshotIndex, committed, isCovered) => snapshotIndex > committed && !isCovered,
  compactsUpTo: (snapshotIndex, keepEntries) => snapshotIndex - keepEntries,
  maySend: (batch, durableBatch) => batch <= durableBatch,
  completesInOrder: (batch, durableBatch) => batch === durableBatch + 1,
  lastIndexAfterCut: (lastIndex, cutFrom) => Math.min(lastIndex, cutFrom - 1),
  isLockedOut: (ticksLeft) => ticksLeft > 0,
  isLockedOutAtStart: (peers) => peers > 0,
  releasesLockout: (lockoutRound, transferRound) => lockoutRound <= transferRound,
  mayVoteWhileJoining: (clusterHoldsData) => !clusterHoldsData,
  countsForCommit: (joining) => !joining,
  carriesLease: (round, floor, offersLeadership) => !offersLeadership && round > floor,
  lockoutMs: (byVoter) => byVoter,
};
