/** Proposals that wait to be appended or forwarded: their checks, their times, and their groups. */
import { commandFault } from '../../../throttle/command-limits.js';
import { asOf, type Command } from '../../../throttle/commands.js';
import { decodeProposal, movedProposal } from '../codec/proposals.js';
import { protocolError } from '../codec/wire.js';
import type { NodeId } from '../core/types.js';

/** Proposals in one append to the log, and in one message to the leader. */
const GROUP_MAX = 256;
const GROUP_BYTES_MAX = 256 * 1024;

/**
 * How far the time of a command may be from that of the cluster: it was requested a moment ago, on
 * a node whose clock is right.
 */
const STAMP_TOLERANCE_MS = 1000;

export interface QueuedProposal {
  readonly data: Uint8Array;
  readonly command: Command;
  /** When it was requested, by the clock of the node that received the request. */
  readonly atMs: number;
  readonly sequence: number;
  /** Null: a client of this node. */
  readonly from: NodeId | null;
}

/** The command of a proposal of another node, which may be broken. Throws `PROTOCOL`. */
export function checkedProposal(data: Uint8Array): Command {
  const { command } = decodeProposal(data);
  const fault = commandFault(command);
  if (fault !== null) throw protocolError(`a forwarded command with ${fault}`);
  return command;
}

/** As it goes into the log: a command of a node with a wrong clock counts from now. */
export function stamped(queued: QueuedProposal, unixMs: number): QueuedProposal {
  const { data, command, atMs } = queued;
  if (Math.abs(unixMs - atMs) <= STAMP_TOLERANCE_MS) return queued;
  return { ...queued, data: movedProposal(data, unixMs), command: asOf(command, unixMs) };
}

/** Cuts a queue into groups of bounded number and size, in order. */
export function* groupsOf(queue: readonly QueuedProposal[]): Generator<readonly QueuedProposal[]> {
  let group: QueuedProposal[] = [];
  let bytes = 0;
  for (const proposed of queue) {
    if (
      group.length === GROUP_MAX ||
      (group.length > 0 && bytes + proposed.data.length > GROUP_BYTES_MAX)
    ) {
      yield group;
      group = [];
      bytes = 0;
    }
    group.push(proposed);
    bytes += proposed.data.length;
  }
  yield group;
}
