/** Bugs in what a core sends, receives, writes and grants: see `CoreBug`. */
import type { Message } from '../../../../src/consensus/raft/core/types.js';
import { never, noFaults } from './fault-profile.js';
import type { Mutant } from './mutant.js';
import type { MutantView } from './mutant-core.js';

/** The same message from every peer. */
function fromEach(message: Message, { peers }: MutantView): Message[] {
  return peers.map((from) => ({ ...message, from }));
}

export const coreBugs: readonly Mutant[] = [
  {
    name: 'lets a heartbeat commit what the follower may not hold',
    core: {
      sends: (message, { commitIndex }) =>
        message.kind === 'heartbeat' ? { ...message, commit: commitIndex } : message,
    },
  },
  {
    name: 'acknowledges an append that it must reject',
    core: {
      sends: (message) => {
        if (message.kind !== 'appendReject') return message;
        const { from, to, term, prevIndex: index } = message;
        return { kind: 'appendResponse', from, to, term, index, joining: false };
      },
    },
  },
  {
    name: 'acknowledges its whole log instead of the append',
    core: {
      sends: (message, { lastIndex }) =>
        message.kind === 'appendResponse'
          ? { ...message, index: Math.max(message.index, lastIndex) }
          : message,
    },
  },
  {
    name: 'appends without a look at the entry before',
    core: {
      receives: (message, view) =>
        message.kind === 'append'
          ? [{ ...message, prevTerm: view.termAt(message.prevIndex) ?? message.prevTerm }]
          : [message],
    },
  },
  {
    name: 'counts the acknowledgement of one follower for all',
    core: {
      receives: (message, view) =>
        message.kind === 'appendResponse' ? fromEach(message, view) : [message],
    },
    faults: { nodes: 5 },
  },
  {
    name: 'counts the vote of one node for all',
    core: {
      receives: (message, view) =>
        message.kind === 'voteResponse' && message.granted ? fromEach(message, view) : [message],
    },
    faults: { nodes: 5 },
  },
  {
    name: 'counts votes of an older term',
    core: {
      receives: (message, { soft }) =>
        message.kind === 'voteResponse' && message.granted && message.term < soft.term
          ? [{ ...message, term: soft.term }]
          : [message],
    },
    faults: {
      ...noFaults,
      nodes: 3,
      stormMs: 15_000,
      timesDiffer: false,
      commandEveryMs: 500,
      delayMinMs: 20,
      delayMaxMs: 900,
    },
  },
  {
    name: 'counts a pre-vote as a vote',
    core: {
      receives: (message, { soft }) => {
        const isTaken = message.kind === 'preVoteResponse' && soft.role === 'candidate';
        return [isTaken ? { ...message, kind: 'voteResponse' } : message];
      },
    },
  },
  { name: 'grants a read without a round', core: { readsWithoutRound: true } },
  {
    name: 'keeps leading without a quorum',
    core: {
      ticks: ({ id, soft, peers }) =>
        soft.role === 'leader'
          ? peers.map((from) => ({
              kind: 'heartbeatResponse',
              from,
              to: id,
              term: soft.term,
              round: 0,
              lockoutMs: 0,
            }))
          : [],
    },
  },
  { name: 'refuses a command that it has appended', core: { refusesWhatItAppended: true } },
  {
    name: 'keeps a snapshot of what is not settled',
    core: { settlesWhatIsCommitted: true },
  },
  {
    name: 'stores a term only with a vote',
    core: {
      writes: (write) => (write.hardState?.vote === null ? { ...write, hardState: null } : write),
    },
  },
  {
    name: 'offers leadership for rounds that it has not sent yet',
    core: {
      sends: (message) =>
        message.kind === 'timeoutNow' ? { ...message, round: message.round + 1_000 } : message,
    },
    faults: {
      nodes: 3,
      transferEveryMs: 300,
      slowWriteRate: 0.3,
      slowWriteMs: 1_500,
      stallEveryMs: 150,
      stallMs: 300,
      commandEveryMs: 500,
      crashEveryMs: never,
      pauseEveryMs: never,
      leaderCrashPoints: [],
      diskHangEveryMs: never,
    },
  },
  {
    name: 'claims a longer lockout than it keeps',
    core: {
      sends: (message) =>
        message.kind === 'heartbeatResponse'
          ? { ...message, lockoutMs: 4 * message.lockoutMs }
          : message,
    },
  },
  {
    name: 'takes each heartbeat response for one to the latest round',
    core: {
      receives: (message, { lastRound }) =>
        message.kind === 'heartbeatResponse' && message.round > 0
          ? [{ ...message, round: lastRound }]
          : [message],
    },
    faults: {
      nodes: 3,
      delayMinMs: 20,
      delayMaxMs: 60,
      pauseEveryMs: 700,
      pauseMs: 1_000,
      commandEveryMs: 500,
      crashEveryMs: never,
      crisisEveryMs: never,
      partitionEveryMs: never,
      leaderCrashPoints: [],
      diskHangEveryMs: never,
    },
  },
];
