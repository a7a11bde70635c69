/** What peers say to each other, between bytes and the core's messages. */
import type { Append, HeartbeatAnswer, Message, NodeId, PreVote, Vote } from '../core/types.js';
import { SNAPSHOT_PIECE_BYTES_MAX, SNAPSHOT_PIECES_MAX } from './snapshots.js';
import { copyOf, decodeUntrusted, exact, nonsense, positive, wire } from './wire.js';

/** The core's `snapshot` message never travels: its bytes do, as `SnapshotChunk`s. Answers to heartbeats carry what the core knows nothing of. */
export type SentMessage =
  | Exclude<Message, { kind: 'snapshot' | 'heartbeatAnswer' }>
  | TimedHeartbeatAnswer;

export interface TimedHeartbeatAnswer extends HeartbeatAnswer {
  /** What the sender's wall clock showed; 0: it did not say. */
  readonly unixMs: number;
}

/** One piece of a snapshot on its way from a leader. */
export interface SnapshotChunk {
  readonly kind: 'snapshotChunk';
  /** Of the leader. */
  readonly term: number;
  readonly snapshotIndex: number;
  readonly snapshotTerm: number;
  /** From 0 on, below `pieceCount`. */
  readonly sequence: number;
  readonly pieceCount: number;
  readonly piece: Uint8Array;
}

export interface SnapshotAck {
  readonly kind: 'snapshotAck';
  /** Of the receiver. */
  readonly term: number;
  readonly snapshotIndex: number;
  /** The piece wanted next; the number of pieces when all have arrived. */
  readonly nextSequence: number;
}

/** Proposals of a follower's clients for the leader to append, each with its number among the follower's requests. */
export interface Forward {
  readonly kind: 'forward';
  readonly proposals: readonly Uint8Array[];
  readonly sequences: readonly number[];
}

export type ForwardRefusalReason = 'notLeader' | 'transferring' | 'overloaded';

/** Those were not appended and never will be. */
export interface ForwardRefusal {
  readonly kind: 'forwardRefusal';
  readonly sequences: readonly number[];
  readonly reason: ForwardRefusalReason;
}

export type PeerMessage = SentMessage | SnapshotChunk | SnapshotAck | Forward | ForwardRefusal;

const refusalReasons: readonly ForwardRefusalReason[] = ['notLeader', 'transferring', 'overloaded'];

/** Sender and receiver are not encoded: the connection knows them. */
export function encodeMessage(message: PeerMessage): Uint8Array {
  return wire.PeerMessage.encode(toWire(message)).finish();
}

function toWire(message: PeerMessage): Parameters<typeof wire.PeerMessage.encode>[0] {
  switch (message.kind) {
    case 'preVote':
      return { preVote: candidacyOf(message) };
    case 'preVoteAnswer':
      return { preVoteAnswer: { term: message.term, granted: message.granted } };
    case 'vote':
      return { vote: { ...candidacyOf(message), transferRound: message.transferRound } };
    case 'voteAnswer':
      return { voteAnswer: { term: message.term, granted: message.granted } };
    case 'append':
      return { append: appendToWire(message) };
    case 'appendAnswer':
      return { appendAnswer: { term: message.term, index: message.index } };
    case 'appendRefusal': {
      const { term, prevIndex, hintIndex, hintTerm } = message;
      return { appendRefusal: { term, prevIndex, hintIndex, hintTerm } };
    }
    case 'heartbeat': {
      const { term, round, commit } = message;
      return { heartbeat: { term, round, commit } };
    }
    case 'heartbeatAnswer': {
      const { term, round, promiseMs, unixMs } = message;
      return { heartbeatAnswer: { term, round, promiseMs, unixMs } };
    }
    case 'timeoutNow':
      return { timeoutNow: { term: message.term, round: message.round } };
    case 'snapshotChunk': {
      const { kind: _, ...chunk } = message;
      return { snapshotChunk: chunk };
    }
    case 'snapshotAck': {
      const { kind: _, ...ack } = message;
      return { snapshotAck: ack };
    }
    case 'forward':
      return {
        forward: { proposals: [...message.proposals], sequences: [...message.sequences] },
      };
    case 'forwardRefusal': {
      const reason = refusalReasons.indexOf(message.reason);
      return { forwardRefusal: { sequences: [...message.sequences], reason } };
    }
  }
}

function candidacyOf({ term, lastIndex, lastTerm }: PreVote | Vote) {
  return { term, lastIndex, lastTerm };
}

function appendToWire({ term, prevIndex, prevTerm, commit, entries }: Append) {
  return {
    term,
    prevIndex,
    prevTerm,
    commit,
    entries: entries.map((entry) => ({ term: entry.term, data: entry.data })),
  };
}

/** A message that `from` sent to `to`. Throws `PROTOCOL` for anything that `encodeMessage` does not make. Keeps no part of `body`. */
export function decodeMessage(body: Uint8Array, from: NodeId, to: NodeId): PeerMessage {
  const message = decodeUntrusted('a message', () => wire.PeerMessage.decode(body));
  const at = { from, to };
  if (message.append != null) return appendFromWire(message.append, at);
  if (message.appendAnswer != null) {
    const { term, index } = message.appendAnswer;
    return { kind: 'appendAnswer', ...at, term: termOf(term), index: exact(index ?? 0, 'index') };
  }
  if (message.heartbeat != null) {
    const { term, round, commit } = message.heartbeat;
    return {
      kind: 'heartbeat',
      ...at,
      term: termOf(term),
      round: positive(round ?? 0, 'round'),
      commit: exact(commit ?? 0, 'commit'),
    };
  }
  if (message.heartbeatAnswer != null) {
    const { term, round, promiseMs, unixMs } = message.heartbeatAnswer;
    return {
      kind: 'heartbeatAnswer',
      ...at,
      term: termOf(term),
      round: exact(round ?? 0, 'round'),
      promiseMs: exact(promiseMs ?? 0, 'promiseMs'),
      unixMs: exact(unixMs ?? 0, 'unixMs'),
    };
  }
  return electionFromWire(message, at) ?? requestFromWire(message, at);
}

type WireMessage = ReturnType<typeof wire.PeerMessage.decode>;
type WireAppend = NonNullable<WireMessage['append']>;

interface Route {
  readonly from: NodeId;
  readonly to: NodeId;
}

function appendFromWire(append: WireAppend, at: Route): Append {
  const term = termOf(append.term);
  const prevIndex = exact(append.prevIndex ?? 0, 'prevIndex');
  let lastTerm = exact(append.prevTerm ?? 0, 'prevTerm');
  if ((prevIndex === 0) !== (lastTerm === 0) || lastTerm > term) {
    throw nonsense(`an append of term ${term} after entry ${prevIndex} of term ${lastTerm}`);
  }
  const entries = (append.entries ?? []).map((entry, offset) => {
    const entryTerm = termOf(entry.term);
    if (entryTerm < lastTerm || entryTerm > term) {
      throw nonsense(`an entry of term ${entryTerm} after term ${lastTerm} in term ${term}`);
    }
    lastTerm = entryTerm;
    const data = copyOf(entry.data ?? new Uint8Array(0));
    return { index: exact(prevIndex + 1 + offset, 'index'), term: entryTerm, data };
  });
  return {
    kind: 'append',
    ...at,
    term,
    prevIndex,
    prevTerm: append.prevTerm ?? 0,
    commit: exact(append.commit ?? 0, 'commit'),
    entries,
  };
}

function electionFromWire(message: WireMessage, at: Route): SentMessage | null {
  const { preVote, preVoteAnswer, vote, voteAnswer, timeoutNow } = message;
  if (preVote != null) {
    return { kind: 'preVote', ...at, term: termOf(preVote.term), ...lastEntry(preVote) };
  }
  if (vote != null) {
    const transferRound = exact(vote.transferRound ?? 0, 'transferRound');
    return { kind: 'vote', ...at, term: termOf(vote.term), ...lastEntry(vote), transferRound };
  }
  if (preVoteAnswer != null) {
    const granted = preVoteAnswer.granted ?? false;
    return { kind: 'preVoteAnswer', ...at, term: exact(preVoteAnswer.term ?? 0, 'term'), granted };
  }
  if (voteAnswer != null) {
    const granted = voteAnswer.granted ?? false;
    return { kind: 'voteAnswer', ...at, term: termOf(voteAnswer.term), granted };
  }
  if (timeoutNow != null) {
    const round = exact(timeoutNow.round ?? 0, 'round');
    return { kind: 'timeoutNow', ...at, term: termOf(timeoutNow.term), round };
  }
  return null;
}

function requestFromWire(message: WireMessage, at: Route): PeerMessage {
  const { appendRefusal, snapshotChunk, snapshotAck, forward, forwardRefusal } = message;
  if (appendRefusal != null) {
    return {
      kind: 'appendRefusal',
      ...at,
      term: termOf(appendRefusal.term),
      prevIndex: exact(appendRefusal.prevIndex ?? 0, 'prevIndex'),
      hintIndex: exact(appendRefusal.hintIndex ?? 0, 'hintIndex'),
      hintTerm: exact(appendRefusal.hintTerm ?? 0, 'hintTerm'),
    };
  }
  if (snapshotChunk != null) return chunkFromWire(snapshotChunk);
  if (snapshotAck != null) {
    return {
      kind: 'snapshotAck',
      term: exact(snapshotAck.term ?? 0, 'term'),
      snapshotIndex: positive(snapshotAck.snapshotIndex ?? 0, 'snapshotIndex'),
      nextSequence: exact(snapshotAck.nextSequence ?? 0, 'nextSequence'),
    };
  }
  if (forward != null) return forwardFromWire(forward.proposals ?? [], forward.sequences ?? []);
  if (forwardRefusal != null) {
    const reason = refusalReasons[forwardRefusal.reason ?? 0];
    if (reason === undefined) throw nonsense('a refusal without a known reason');
    const sequences = forwardRefusal.sequences ?? [];
    return { kind: 'forwardRefusal', sequences, reason };
  }
  throw nonsense('a message of an unknown kind');
}

function chunkFromWire(chunk: NonNullable<WireMessage['snapshotChunk']>): SnapshotChunk {
  const sequence = exact(chunk.sequence ?? 0, 'sequence');
  const pieceCount = positive(chunk.pieceCount ?? 0, 'pieceCount');
  const piece = copyOf(chunk.piece ?? new Uint8Array(0));
  if (sequence >= pieceCount || pieceCount > SNAPSHOT_PIECES_MAX) {
    throw nonsense(`piece ${sequence} of a snapshot of ${pieceCount}`);
  }
  if (piece.length > SNAPSHOT_PIECE_BYTES_MAX) {
    throw nonsense(`a piece of a snapshot of ${piece.length} bytes`);
  }
  return {
    kind: 'snapshotChunk',
    term: termOf(chunk.term),
    snapshotIndex: positive(chunk.snapshotIndex ?? 0, 'snapshotIndex'),
    snapshotTerm: positive(chunk.snapshotTerm ?? 0, 'snapshotTerm'),
    sequence,
    pieceCount,
    piece,
  };
}

function forwardFromWire(proposals: readonly Uint8Array[], sequences: readonly number[]): Forward {
  if (proposals.length !== sequences.length) {
    throw nonsense(`${proposals.length} proposals with ${sequences.length} numbers`);
  }
  return { kind: 'forward', proposals: proposals.map(copyOf), sequences };
}

function lastEntry(vote: { lastIndex?: number | null; lastTerm?: number | null }) {
  return {
    lastIndex: exact(vote.lastIndex ?? 0, 'lastIndex'),
    lastTerm: exact(vote.lastTerm ?? 0, 'lastTerm'),
  };
}

function termOf(term: number | null | undefined): number {
  return positive(term ?? 0, 'term');
}
