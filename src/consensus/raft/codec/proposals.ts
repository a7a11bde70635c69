/**
 * Proposals, the data of log entries: a command and the number of its request. The number lets the
 * submitting node acknowledge the request when it applies the entry.
 */
import protobuf from 'protobufjs/minimal.js';
import { FrenoError } from '../../../base/errors.js';
import { asOf, type Command } from '../../../throttle/commands.js';
import { commandFromWire, commandToWire, fieldsOf } from './commands.js';
import { decodeUntrusted, positive, protocolError, wire } from './wire.js';

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
    command: commandFromWire(command, () => commandBytesOf(bytes)),
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

/** `Proposal.command` in proto/raft.proto. */
const COMMAND_FIELD = 3;

/** The encoded command of a proposal; null: it has none. */
function commandBytesOf(proposal: Uint8Array): Uint8Array | null {
  for (const [field, reader] of fieldsOf(protobuf.Reader.create(proposal))) {
    if (field === COMMAND_FIELD) return reader.bytes();
  }
  return null;
}
