/** What a leader sends of its log to its followers, and when (dissertation 3.5, 10.2.1). */
import { invariant } from './errors.js';
import { entryBytes } from './log.js';
import type { Progress } from './progress.js';
import type { Replica } from './replica.js';
import type { Entry } from './types.js';

export class Replicator {
  readonly #replica: Replica;
  readonly #followers: readonly Progress[];
  /** A tick has passed: the commit index is sent to followers that get no other message, too. */
  #isCommitDue = false;

  constructor(replica: Replica, followers: readonly Progress[]) {
    this.#replica = replica;
    this.#followers = followers;
  }

  /** Up to where the leader lets its followers commit: see `Rules.announces`. */
  get announcedCommit(): number {
    const { log, rules } = this.#replica;
    return rules.announces(log.committed, log.inForce);
  }

  /** A tick has passed. True if a follower lacks the commit index. */
  scheduleCommit(): boolean {
    const commit = this.announcedCommit;
    this.#isCommitDue = this.#followers.some(({ commitSent }) => commitSent < commit);
    return this.#isCommitDue;
  }

  /** Sends all that may be sent now. */
  flush(): void {
    for (const follower of this.#followers) this.#replicate(follower);
    this.#isCommitDue = false;
  }

  #replicate(follower: Progress): void {
    const { log, config } = this.#replica;
    while (follower.maySend && (follower.next <= log.lastIndex || follower.mode === 'probe')) {
      if (follower.next <= log.baseIndex) {
        this.#sendSnapshot(follower);
        return;
      }
      this.#sendAppend(follower, log.slice(follower.next, config.maxAppendBytes));
    }
    const upToDate = follower.mode === 'replicate' && follower.next > log.lastIndex;
    if (upToDate && follower.commitSent < this.#commitToSend(follower)) {
      this.#sendAppend(follower, []);
    }
  }

  /**
   * A message that carries only a commit index wakes its receiver, which responds: on two cores
   * that took a third of the time of a single request. So the commit index goes with the next
   * append or tick, and at once only to followers whose clients wait for it.
   */
  #commitToSend(follower: Progress): number {
    const commit = this.announcedCommit;
    return this.#isCommitDue ? commit : Math.min(commit, follower.commitAwaited);
  }

  /**
   * Appends may be lost, and no later message may show it: an empty append asks whether the last
   * one has arrived. Call when the follower has responded to a heartbeat.
   */
  lookForLoss(follower: Progress): void {
    const { lastIndex } = this.#replica.log;
    if (follower.mode !== 'replicate' || follower.match === lastIndex) return;
    if (!follower.maySend || follower.next > lastIndex) this.#sendAppend(follower, []);
  }

  #sendAppend(follower: Progress, entries: readonly Entry[]): void {
    const { log, term } = this.#replica;
    const prevIndex = follower.next - 1;
    const prevTerm = log.termAt(prevIndex);
    if (prevTerm === undefined) {
      follower.probe();
      return;
    }
    const commit = this.announcedCommit;
    invariant(commit >= follower.commitSent, 'what is announced stays committed', commit);
    const to = follower.id;
    this.#replica.sendAfterHardState({
      kind: 'append',
      to,
      term,
      prevIndex,
      prevTerm,
      commit,
      entries,
    });
    follower.commitSent = commit;
    let bytes = 0;
    for (const entry of entries) bytes += entryBytes(entry.data);
    follower.sent(prevIndex + entries.length, bytes);
  }

  /** Only to a follower that responds: a snapshot is expensive. */
  #sendSnapshot(follower: Progress): void {
    const { snapshot: meta, term, log } = this.#replica;
    invariant(meta.index >= log.baseIndex, 'a snapshot covers what is gone', meta.index);
    if (follower.active) {
      follower.sendSnapshot(meta.index);
      this.#replica.sendAfterHardState({ kind: 'snapshot', to: follower.id, term, meta });
    }
  }
}
