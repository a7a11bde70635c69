/** How a follower replicates the leader's log (dissertation 3.5). */
import { invariant } from './errors.js';
import type { Replica } from './replica.js';
import type { Append, Heartbeat, Snapshot } from './types.js';

/** Figure 3.1 of the dissertation, AppendEntries RPC, receiver. */
export function follow(replica: Replica, append: Append): void {
  const { log, rules } = replica;
  if (append.prevIndex < log.committed) {
    agreesWithCommitted(replica, append);
    acknowledge(replica, append.from, log.committed);
    return;
  }
  if (log.termAt(append.prevIndex) !== append.prevTerm) {
    refuse(replica, append);
    return;
  }
  const cutFrom = log.merge(append.entries);
  if (cutFrom !== null) replica.cutFrom(cutFrom);
  const lastNew = append.prevIndex + append.entries.length;
  invariant(lastNew <= log.lastIndex, 'an append leaves all its entries in the log', lastNew);
  log.commitTo(rules.commitAfterAppend(append.commit, lastNew));
  acknowledge(replica, append.from, lastNew);
}

/**
 * A leader has everything that was committed (leader completeness, dissertation 3.6.3). One that
 * says otherwise, or a disk here that does, ends this node: to go on would hide that two nodes
 * acknowledged different commands.
 */
function agreesWithCommitted({ log }: Replica, { prevIndex, prevTerm, entries }: Append): void {
  let index = prevIndex;
  for (const term of [prevTerm, ...entries.map((entry) => entry.term)]) {
    if (index > log.committed) return;
    const known = log.termAt(index);
    const agrees = known === undefined || known === term;
    invariant(agrees, 'a leader has what is committed here', index, term, known ?? 0);
    index++;
  }
}

function acknowledge(replica: Replica, to: string, index: number): void {
  replica.joinIfComplete();
  invariant(index <= replica.log.lastIndex, 'what is acknowledged is here', index);
  const { term, joining } = replica;
  replica.sendAfterLog({ kind: 'appendResponse', to, term, index, joining });
}

function refuse(replica: Replica, { from, prevIndex, prevTerm }: Append): void {
  const { log, term } = replica;
  const hintIndex = log.lastAtOrBelowTerm(prevIndex, prevTerm);
  const hintTerm = log.termAt(hintIndex)!;
  invariant(hintIndex >= log.baseIndex, 'a hint is a place in the log', hintIndex, log.baseIndex);
  replica.sendAfterHardState({
    kind: 'appendReject',
    to: from,
    term,
    prevIndex,
    hintIndex,
    hintTerm,
  });
}

export function followHeartbeat(replica: Replica, heartbeat: Heartbeat): void {
  // The leader may not have noticed yet that this node has lost what it had acknowledged.
  if (!replica.joining) replica.log.commitTo(heartbeat.commit);
  const { from: to, round } = heartbeat;
  const { term, config } = replica;
  const { lockoutMs } = config;
  replica.sendAfterHardState({ kind: 'heartbeatResponse', to, term, round, lockoutMs });
}

/**
 * A whole snapshot has arrived. It is installed unless this node already has all that it covers.
 */
export function followSnapshot(replica: Replica, { from, meta }: Snapshot): void {
  const { log, rules } = replica;
  const isCovered = log.termAt(meta.index) === meta.term;
  if (rules.replacesLog(meta.index, log.committed, isCovered)) replica.restartAfter(meta);
  else log.commitTo(meta.index);
  invariant(log.committed >= meta.index, 'what a snapshot covers is committed', meta.index);
  acknowledge(replica, from, log.committed);
}
