/** Encodes and decodes the messages between peers. */
import type {
  Append,
  AppendResponse,
  Heartbeat,
  HeartbeatResponse,
  Message,
  NodeId,
  PreVote,
  Refusal,
  Vote,
} from '../core/types.js';
import { checkArrivedProposal } from './proposals.js';
import { SNAPSHOT_CHUNK_BYTES_MAX, SNAPSHOT_CHUNKS_MAX } from './snapshots.js';
import { copyOf, decodeUntrusted, exact, positive, protocolError, wire } from './wire.js';

/**
 * The core's `snapshot` message is never sent: its bytes are, as `SnapshotChunk`s. Heartbeats and
 * their responses carry a time of day, which the core does not know.
 */
export type SentMessage =
  | Exclude<Message, { kind: 'snapshot' | 'heartbeat' | 'heartbeatResponse' }>
  | TimedHeartbeat
  | TimedHeartbeatResponse;

export interface TimedHeartbeat extends Heartbeat {
  /** The Unix time that a majority of the clocks has reached; 0: not stated. */
  readonly majorityUnixMs: number;
}

export interface TimedHeartbeatResponse extends HeartbeatResponse {
  /** The sender's wall clock; 0: not sent. */
  readonly unixMs: number;
}

/** One chunk of a leader's snapshot. */
export interface SnapshotChunk {
  readonly kind: 'snapshotChunk';
  /** Of the leader. */
  readonly term: number;
  readonly snapshotIndex: number;
  readonly snapshotTerm: number;
  /** From 0 on, below `chunkCount`. */
  readonly sequence: number;
  readonly chunkCount: number;
  readonly chunk: Uint8Array;
}

export interface SnapshotAck {
  readonly kind: 'snapshotAck';
  /** Of the receiver. */
  readonly term: number;
  readonly snapshotIndex: number;
  /** The chunk wanted next; the number of chunks when all have arrived. */
  readonly nextSequence: number;
}

/**
 * Proposals of a follower's clients for the leader to append, each with its number among the
 * follower's requests.
 */
export interface Forward {
  readonly kind: 'forward';
  readonly proposals: readonly Uint8Array[];
  readonly sequences: readonly number[];
}

/** These proposals were not appended, and never will be. */
export interface ForwardRefusal {
  readonly kind: 'forwardRefusal';
  readonly sequences: readonly number[];
  readonly reason: ForwardRefusalReason;
}

/** `unsupported`: not every member reads the command. `full`: its table has no room. */
export type ForwardRefusalReason = Refusal | 'unsupported' | 'full';

export type PeerMessage = SentMessage | SnapshotChunk | SnapshotAck | Forward | ForwardRefusal;

/** By the number of `ForwardRefusal.Reason` in proto/raft.proto. */
const refusalReasons: readonly ForwardRefusalReason[] = [
  'notLeader',
  'transferring',
  'overloaded',
  'unsupported',
  'full',
];

/** Sender and receiver are not encoded: the connection knows them. */
export function encodeMessage(message: PeerMessage): Uint8Array {
  return wire.PeerMessage.encode(toWire(message)).finish();
}

function toWire(message: PeerMessage): Parameters<typeof wire.PeerMessage.encode>[0] {
  switch (message.kind) {
    case 'preVote':
      return { preVote: candidacyOf(message) };
    case 'preVoteResponse':
      return { preVoteResponse: { term: message.term, granted: message.granted } };
    case 'vote':
      return { vote: { ...candidacyOf(message), transferRound: message.transferRound } };
    case 'voteResponse':
      return { voteResponse: { term: message.term, granted: message.granted } };
    case 'append':
      return { append: appendToWire(message) };
    case 'appendResponse':
      return { appendResponse: appendResponseToWire(message) };
    case 'appendReject': {
      const { term, prevIndex, hintIndex, hintTerm } = message;
      return { appendReject: { term, prevIndex, hintIndex, hintTerm } };
    }
    case 'heartbeat':
      return { heartbeat: heartbeatToWire(message) };
    case 'heartbeatResponse': {
      const { term, round, lockoutMs, unixMs } = message;
      return { heartbeatResponse: { term, round, lockoutMs, unixMs } };
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

function candidacyOf({ term, lastIndex, lastTerm, founding }: PreVote | Vote) {
  return { term, lastIndex, lastTerm, ...(founding ? { founding } : {}) };
}

/** Without the field a node counts, as the nodes of releases that do not know it do. */
function appendResponseToWire({ term, index, joining }: AppendResponse) {
  return joining ? { term, index, joining } : { term, index };
}

/** Most heartbeats state no time, and have no field for it. */
function heartbeatToWire({ term, round, commit, majorityUnixMs }: TimedHeartbeat) {
  return majorityUnixMs === 0 ? { term, round, commit } : { term, round, commit, majorityUnixMs };
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

/**
 * A message that `from` sent to `to`. Throws `PROTOCOL` for anything that `encodeMessage` does not
 * produce. The result does not alias `body`.
 */
export function decodeMessage(body: Uint8Array, from: NodeId, to: NodeId): PeerMessage {
  const message = decodeUntrusted('a message', () => wire.PeerMessage.decode(body));
  const at = { from, to };
  if (message.append != null) return appendFromWire(message.append, at);
  if (message.appendResponse != null) {
    const { term, index, joining } = message.appendResponse;
    const acked = { term: termOf(term), index: exact(index ?? 0, 'index') };
    return { kind: 'appendResponse', ...at, ...acked, joining: joining ?? false };
  }
  if (message.heartbeat != null) {
    const { term, round, commit, majorityUnixMs } = message.heartbeat;
    return {
      kind: 'heartbeat',
      ...at,
      term: termOf(term),
      round: positive(round ?? 0, 'round'),
      commit: exact(commit ?? 0, 'commit'),
      majorityUnixMs: exact(majorityUnixMs ?? 0, 'majorityUnixMs'),
    };
  }
  if (message.heartbeatResponse != null) {
    const { term, round, lockoutMs, unixMs } = message.heartbeatResponse;
    return {
      kind: 'heartbeatResponse',
      ...at,
      term: termOf(term),
      round: exact(round ?? 0, 'round'),
      lockoutMs: exact(lockoutMs ?? 0, 'lockoutMs'),
      unixMs: exact(unixMs ?? 0, 'unixMs'),
    };
  }
  return electionFromWire(message, at) ?? requestFromWire(message, at);
}

type WireMessage = ReturnType<typeof wire.PeerMessage.decode>;
type WireAppend = NonNullable<WireMessage['append']>;

interface MessageRoute {
  readonly from: NodeId;
  readonly to: NodeId;
}

function appendFromWire(append: WireAppend, at: MessageRoute): Append {
  const term = termOf(append.term);
  const prevIndex = exact(append.prevIndex ?? 0, 'prevIndex');
  let lastTerm = exact(append.prevTerm ?? 0, 'prevTerm');
  if ((prevIndex === 0) !== (lastTerm === 0) || lastTerm > term) {
    throw protocolError(`an append of term ${term} after entry ${prevIndex} of term ${lastTerm}`);
  }
  const entries = (append.entries ?? []).map((entry, offset) => {
    const entryTerm = termOf(entry.term);
    if (entryTerm < lastTerm || entryTerm > term) {
      throw protocolError(`an entry of term ${entryTerm} after term ${lastTerm} in term ${term}`);
    }
    lastTerm = entryTerm;
    const data = copyOf(entry.data ?? new Uint8Array(0));
    // Before it is stored: a node that cannot read its own log stops for good.
    if (data.length > 0) checkArrivedProposal(data);
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

function electionFromWire(message: WireMessage, at: MessageRoute): SentMessage | null {
  const { preVote, preVoteResponse, vote, voteResponse, timeoutNow } = message;
  if (preVote != null) {
    return { kind: 'preVote', ...at, term: termOf(preVote.term), ...lastEntry(preVote) };
  }
  if (vote != null) {
    const transferRound = exact(vote.transferRound ?? 0, 'transferRound');
    return { kind: 'vote', ...at, term: termOf(vote.term), ...lastEntry(vote), transferRound };
  }
  if (preVoteResponse != null) {
    const granted = preVoteResponse.granted ?? false;
    return {
      kind: 'preVoteResponse',
      ...at,
      term: exact(preVoteResponse.term ?? 0, 'term'),
      granted,
    };
  }
  if (voteResponse != null) {
    const granted = voteResponse.granted ?? false;
    return { kind: 'voteResponse', ...at, term: termOf(voteResponse.term), granted };
  }
  if (timeoutNow != null) {
    const round = exact(timeoutNow.round ?? 0, 'round');
    return { kind: 'timeoutNow', ...at, term: termOf(timeoutNow.term), round };
  }
  return null;
}

function requestFromWire(message: WireMessage, at: MessageRoute): PeerMessage {
  const { appendReject, snapshotChunk, snapshotAck, forward, forwardRefusal } = message;
  if (appendReject != null) {
    return {
      kind: 'appendReject',
      ...at,
      term: termOf(appendReject.term),
      prevIndex: exact(appendReject.prevIndex ?? 0, 'prevIndex'),
      hintIndex: exact(appendReject.hintIndex ?? 0, 'hintIndex'),
      hintTerm: exact(appendReject.hintTerm ?? 0, 'hintTerm'),
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
    if (reason === undefined) throw protocolError('a refusal without a known reason');
    const sequences = forwardRefusal.sequences ?? [];
    return { kind: 'forwardRefusal', sequences, reason };
  }
  throw protocolError('a message of an unknown kind');
}

function chunkFromWire(received: NonNullable<WireMessage['snapshotChunk']>): SnapshotChunk {
  const sequence = exact(received.sequence ?? 0, 'sequence');
  const chunkCount = positive(received.chunkCount ?? 0, 'chunkCount');
  const chunk = copyOf(received.chunk ?? new Uint8Array(0));
  if (sequence >= chunkCount || chunkCount > SNAPSHOT_CHUNKS_MAX) {
    throw protocolError(`chunk ${sequence} of a snapshot of ${chunkCount}`);
  }
  if (chunk.length > SNAPSHOT_CHUNK_BYTES_MAX) {
    throw protocolError(`a chunk of a snapshot of ${chunk.length} bytes`);
  }
  return {
    kind: 'snapshotChunk',
    term: termOf(received.term),
    snapshotIndex: positive(received.snapshotIndex ?? 0, 'snapshotIndex'),
    snapshotTerm: positive(received.snapshotTerm ?? 0, 'snapshotTerm'),
    sequence,
    chunkCount,
    chunk,
  };
}

function forwardFromWire(proposals: readonly Uint8Array[], sequences: readonly number[]): Forward {
  if (proposals.length !== sequences.length) {
    throw protocolError(`${proposals.length} proposals with ${sequences.length} numbers`);
  }
  return { kind: 'forward', proposals: proposals.map(copyOf), sequences };
}

function lastEntry(vote: {
  lastIndex?: number | null;
  lastTerm?: number | null;
  founding?: boolean | null;
}) {
  const lastIndex = exact(vote.lastIndex ?? 0, 'lastIndex');
  const lastTerm = exact(vote.lastTerm ?? 0, 'lastTerm');
  const isFounding = vote.founding ?? false;
  return { lastIndex, lastTerm, ...(isFounding ? ({ founding: true } as const) : {}) };
}

function termOf(term: number | null | undefined): number {
  return positive(term ?? 0, 'term');
}
