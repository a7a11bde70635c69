/**
 * Bounds of terms and indexes, far above what a cluster reaches.
 *
 * Terms and indexes only grow. One message with the largest exact number would end a cluster for
 * good: each node stores it, and there is no later term to elect a leader in. So a number that no
 * cluster reaches is refused before anything is stored.
 */
import { FrenoError } from '../../../base/errors.js';
import type { SnapshotMeta } from '../core/types.js';
import type { PeerMessage } from './messages.js';
import { protocolError } from './wire.js';

/**
 * How far a term or an index may be ahead of what a node knows: an election each millisecond takes
 * 50 days to get there.
 */
export const AHEAD_MAX = 2 ** 32;

/** Any term or index: 10,000 of them a second take 890 years. Below 2^53, so that it can grow. */
export const TERM_OR_INDEX_MAX = 2 ** 48;

/** The fields of messages that are terms. */
const TERM_FIELDS = ['term', 'lastTerm', 'prevTerm', 'hintTerm', 'snapshotTerm'] as const;

/** The fields of messages that are indexes. */
const INDEX_FIELDS = [
  'lastIndex',
  'prevIndex',
  'commit',
  'index',
  'hintIndex',
  'snapshotIndex',
] as const;

/**
 * Throws `PROTOCOL` when a message names a term or an index that is implausibly far ahead. `term`
 * and `index`: the latest that this node knows. The terms of entries are not above their leader's.
 */
export function checkPlausible(message: PeerMessage, term: number, index: number): void {
  check(message, TERM_FIELDS, term);
  check(message, INDEX_FIELDS, index);
}

function check(message: PeerMessage, fields: readonly string[], known: number): void {
  const max = Math.min(known + AHEAD_MAX, TERM_OR_INDEX_MAX);
  for (const field of fields) {
    const value = (message as unknown as Record<string, number | undefined>)[field];
    if (value !== undefined && value > max) {
      throw protocolError(
        `${message.kind}: ${field} ${value} is implausibly far ahead of ${known}: ` +
          'that node, or its disk, is broken',
      );
    }
  }
}

/**
 * Throws `RESOURCE`, with the way out, when a disk holds an implausible term or index: an earlier
 * release stored what a broken node sent. `last`: the last entry, or that of the snapshot.
 */
export function checkStoredPlausible(term: number, last: SnapshotMeta): void {
  const isTermSound = term <= Math.min(last.term + AHEAD_MAX, TERM_OR_INDEX_MAX);
  const isLogSound = last.term <= TERM_OR_INDEX_MAX && last.index <= TERM_OR_INDEX_MAX;
  if (isTermSound && isLogSound) return;
  throw new FrenoError(
    'RESOURCE',
    `it holds term ${term}, and entry ${last.index} of term ${last.term}: ` +
      'no cluster gets that far, a broken node sent it. The node must come back with an empty ' +
      'RaftDataDir (docs/raft.md, "Lost or damaged disks")',
  );
}
