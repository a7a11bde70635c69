/** Elections: a node stands as a candidate, and votes for others (dissertation 3.4, 9.6). */
import { invariant } from './errors.js';
import { Tally, type Verdict } from './quorum.js';
import type { Outgoing, Replica } from './replica.js';
import type { Message, NodeId, PreVote, Vote } from './types.js';

/** One candidacy: asks all peers for votes and counts the responses. */
export class Election {
  readonly #tally: Tally;
  readonly #replica: Replica;
  /** The candidate's own vote counts once it is durable. */
  #ownVoteCounted = false;

  private constructor(replica: Replica) {
    this.#replica = replica;
    this.#tally = new Tally(replica.config.nodes.length);
  }

  /**
   * A pre-vote: asks which peers would vote for this node. Changes no state (dissertation 9.6).
   */
  static ask(replica: Replica): Election {
    const election = new Election(replica);
    const term = replica.term + 1;
    election.#broadcast((to) => ({ kind: 'preVote', to, term, ...candidacy(replica) }));
    election.record(replica.config.id, true);
    election.#ownVoteCounted = true;
    return election;
  }

  /** Enters the next term and asks for votes. `transferRound` as in `Vote`. */
  static stand(replica: Replica, transferRound: number): Election {
    replica.enterTerm(replica.term + 1, replica.config.id);
    const election = new Election(replica);
    const { term } = replica;
    const asked = { ...candidacy(replica), transferRound };
    election.#broadcast((to) => ({ kind: 'vote', to, term, ...asked }));
    invariant(replica.vote === replica.config.id, 'a candidate votes for itself', term);
    election.countOwnVoteIfDurable();
    return election;
  }

  record(voter: NodeId, granted: boolean): void {
    this.#tally.record(voter, granted);
  }

  /**
   * Call when the disk has completed a write. True if the candidate's own vote counts from now on.
   */
  countOwnVoteIfDurable(): void {
    if (this.#ownVoteCounted || !this.#replica.isHardStateDurable) return;
    this.#ownVoteCounted = true;
    this.record(this.#replica.config.id, true);
  }

  verdict(): Verdict {
    return this.#tally.verdict();
  }

  #broadcast(message: (to: NodeId) => Outgoing): void {
    for (const peer of this.#replica.peers) this.#replica.sendAfterHardState(message(peer));
  }
}

/** What a candidate says of itself. */
function candidacy({ log, founding }: Replica) {
  const { lastIndex, lastTerm } = log;
  return founding ? { lastIndex, lastTerm, founding } : { lastIndex, lastTerm };
}

/**
 * `isLockedOut`: this node leads, or waits for the leader that it acknowledged. Returns whether the
 * vote would be granted.
 */
export function respondToPreVote(replica: Replica, ballot: PreVote, isLockedOut: boolean): boolean {
  const { rules, log } = replica;
  const isWilling = !isLockedOut && mayVoteFor(replica, ballot);
  const granted = isWilling && ballot.term > replica.term && rules.isUpToDate(ballot, log);
  const term = granted ? ballot.term : replica.term;
  replica.sendAfterHardState({ kind: 'preVoteResponse', to: ballot.from, term, granted });
  return granted;
}

/** A response with the present term: a leader or candidate of an earlier one steps down. */
export function respondToOutdated(replica: Replica, { kind, from: to }: Message): void {
  const { term } = replica;
  if (kind === 'append' || kind === 'heartbeat' || kind === 'snapshot') {
    replica.sendAfterHardState({ kind: 'heartbeatResponse', to, term, round: 0, lockoutMs: 0 });
  } else if (kind === 'preVote') {
    replica.sendAfterHardState({ kind: 'preVoteResponse', to, term, granted: false });
  } else if (kind === 'vote') {
    replica.sendAfterHardState({ kind: 'voteResponse', to, term, granted: false });
  }
}

/** The ballot is of the current term. Returns whether the vote was granted. */
export function respondToVote(replica: Replica, ballot: Vote): boolean {
  const { rules, log, term } = replica;
  const isFree = mayVoteFor(replica, ballot) && rules.mayVoteFor(ballot.from, replica.vote);
  const granted = isFree && rules.isUpToDate(ballot, log);
  if (granted) replica.voteFor(ballot.from);
  const isOwed = !granted || replica.vote === ballot.from;
  invariant(isOwed, 'a vote is recorded before it is sent', term);
  replica.sendAfterHardState({ kind: 'voteResponse', to: ballot.from, term, granted });
  return granted;
}

/**
 * A candidate with entries shows that the cluster is not new. A node with an empty disk votes for
 * the one that founds its cluster: what was acknowledged before it came is in that node's log.
 */
function mayVoteFor(replica: Replica, { lastIndex, founding }: PreVote | Vote): boolean {
  if (founding && replica.joining) return true;
  if (lastIndex > 0) replica.noteClusterData();
  return replica.mayVote;
}
