/**
 * Proposals, the data of log entries: a command and the number of its request. The number lets the
 * submitting node acknowledge the request when it applies the entry.
 */
import protobuf from 'protobufjs/minimal.js';
import { FrenoError } from '../../../base/errors.js';
import { asOf, type Command } from '../../../throttle/commands.js';
import { decodeUntrusted, exact, positive, protocolError, wire } from './wire.js';

/**
 * Bytes of one proposal, at most: far more than a name in a URL needs, far less than an append may
 * carry.
 */
const PROPOSAL_BYTES_MAX = 64 * 1024;

/** Bytes that a command may grow by when a leader adjusts its times. */
const ADJUSTED_TIMES_BYTES_MAX = 16;

export interface Proposal {
  /** Random number of the submitting node's run, drawn at its start: at least 1, below 2^53. */
  readonly session: number;
  /** The number of the request in that run. */
  readonly sequence: number;
  readonly command: Command;
}

/** Throws `BAD_REQUEST` when the command is too large or holds what cannot be replicated. */
export function encodeProposal(proposal: Proposal): Uint8Array {
  const bytes = encode(proposal);
  if (bytes.length > PROPOSAL_BYTES_MAX) {
    throw new FrenoError('BAD_REQUEST', `the command is larger than ${PROPOSAL_BYTES_MAX} bytes`);
  }
  return bytes;
}

/**
 * The same proposal, submitted at `atMs`: see `asOf`. Throws `PROTOCOL` as `decodeProposal` does.
 */
export function movedProposal(bytes: Uint8Array, atMs: number): Uint8Array {
  const proposal = decodeProposal(bytes);
  return encode({ ...proposal, command: asOf(proposal.command, atMs) });
}

function encode({ session, sequence, command }: Proposal): Uint8Array {
  return wire.Proposal.encode({ session, sequence, command: commandToWire(command) }).finish();
}

/** Throws `PROTOCOL` for anything that `encodeProposal` and `movedProposal` do not produce. */
export function decodeProposal(bytes: Uint8Array): Proposal {
  if (bytes.length > PROPOSAL_BYTES_MAX + ADJUSTED_TIMES_BYTES_MAX) {
    throw protocolError(`a proposal of ${bytes.length} bytes`);
  }
  const { session, sequence, command } = decodeUntrusted('a proposal', () =>
    wire.Proposal.decode(bytes),
  );
  if (command === null || command === undefined) throw protocolError('a proposal without command');
  return {
    session: positive(session, 'session'),
    sequence: positive(sequence, 'sequence'),
    command: commandFromWire(command, bytes),
  };
}

/** Of entries that have arrived and are not committed yet, so that each is decoded once. */
const arrivedProposals = new WeakMap<Uint8Array, Proposal>();

/** Decodes the data of an entry that has arrived, before it is stored. Throws `PROTOCOL`. */
export function checkArrivedProposal(bytes: Uint8Array): void {
  arrivedProposals.set(bytes, decodeProposal(bytes));
}

/** As `decodeProposal`, for the data of an entry that is committed. */
export function committedProposal(bytes: Uint8Array): Proposal {
  const arrived = arrivedProposals.get(bytes);
  if (arrived === undefined) return decodeProposal(bytes);
  arrivedProposals.delete(bytes);
  return arrived;
}

type WireCommand = NonNullable<ReturnType<typeof wire.Proposal.decode>['command']>;

function commandToWire(command: Command) {
  const atMs = sendable(command.atMs, 'atMs');
  switch (command.kind) {
    case 'throttleApp': {
      const { key, expireAtMs, ratio } = command;
      return {
        atMs,
        throttleApp: {
          key,
          ...(expireAtMs === undefined ? {} : { expireAtMs: sendable(expireAtMs, 'expireAtMs') }),
          ...(ratio === undefined ? {} : { ratio }),
        },
      };
    }
    case 'unthrottleApp':
      return { atMs, unthrottleApp: { key: command.key, everyStore: command.everyStore } };
    case 'skipHost': {
      const expireAtMs = sendable(command.expireAtMs, 'expireAtMs');
      return { atMs, skipHost: { host: command.host, expireAtMs } };
    }
    case 'recoverHost':
      return { atMs, recoverHost: { host: command.host } };
    case 'identifyCluster':
      return { atMs, identifyCluster: { clusterId: command.clusterId } };
  }
}

/** `bytes`: the proposal, for the name of a kind that this release does not know. */
function commandFromWire(command: WireCommand, bytes: Uint8Array): Command {
  const atMs = exact(command.atMs ?? 0, 'atMs');
  if (command.throttleApp != null) {
    const { key, expireAtMs, ratio } = command.throttleApp;
    return {
      kind: 'throttleApp',
      atMs,
      key: name(key, 'key'),
      ...(expireAtMs == null ? {} : { expireAtMs: exact(expireAtMs, 'expireAtMs') }),
      ...(ratio == null ? {} : { ratio: share(ratio) }),
    };
  }
  if (command.unthrottleApp != null) {
    const { key, everyStore } = command.unthrottleApp;
    return { kind: 'unthrottleApp', atMs, key: name(key, 'key'), everyStore: everyStore ?? false };
  }
  if (command.skipHost != null) {
    const { host, expireAtMs } = command.skipHost;
    const until = exact(expireAtMs ?? 0, 'expireAtMs');
    return { kind: 'skipHost', atMs, host: name(host, 'host'), expireAtMs: until };
  }
  if (command.recoverHost != null) {
    return { kind: 'recoverHost', atMs, host: name(command.recoverHost.host, 'host') };
  }
  if (command.identifyCluster != null) {
    const clusterId = name(command.identifyCluster.clusterId, 'clusterId');
    return { kind: 'identifyCluster', atMs, clusterId };
  }
  const kind = unknownKindOf(bytes);
  throw protocolError(
    kind === null
      ? 'a command without kind'
      : `a command of kind ${kind}, which this release does not know: a newer one wrote it`,
  );
}

/** `Proposal.command` and `Command.at_ms` in proto/raft.proto. */
const COMMAND_FIELD = 3;
const AT_MS_FIELD = 1;

/** The field number of a command's kind; null: it has none. */
function unknownKindOf(proposal: Uint8Array): number | null {
  for (const [field, reader] of fieldsOf(protobuf.Reader.create(proposal))) {
    if (field !== COMMAND_FIELD) continue;
    const command = protobuf.Reader.create(reader.bytes());
    reader.pos = reader.len;
    for (const [kind] of fieldsOf(command)) if (kind !== AT_MS_FIELD) return kind;
  }
  return null;
}

/** The numbers of a message's fields; the reader is at the content, which may be read or not. */
function* fieldsOf(reader: protobuf.Reader): Generator<[number, protobuf.Reader], void, void> {
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    const start = reader.pos;
    yield [tag >>> 3, reader];
    if (reader.pos === start) reader.skipType(tag & 7);
  }
}

function name(value: string | null | undefined, field: string): string {
  if (value == null || value === '') throw protocolError(`${field} is empty`);
  return value;
}

/** A share of checks, 0 to 1. */
export function share(value: number): number {
  if (!(value >= 0 && value <= 1)) throw protocolError(`ratio is ${value}`);
  return value;
}

function sendable(value: number, field: string): number {
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new FrenoError('BAD_REQUEST', `${field} is ${value}, not a time in whole milliseconds`);
}
