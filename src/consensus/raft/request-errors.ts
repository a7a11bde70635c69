/** The errors of requests that are refused, or whose outcome is unknown. */
import { type ErrorCode, FrenoError } from '../../base/errors.js';
import { OUTCOME_UNKNOWN_MESSAGE } from '../../contracts/consensus.js';
import type { RequestRefusal } from './driver-types.js';
import { type UnreadableAt, unreadableText } from './peer-features.js';

const refusals: Record<RequestRefusal, readonly [ErrorCode, string]> = {
  notLeader: ['NO_LEADER', 'there is no leader; nothing was changed, try again'],
  transferring: ['NO_LEADER', 'leadership is being transferred; nothing was changed, try again'],
  overloaded: ['OVERLOADED', 'too many changes are waiting; nothing was changed, try again later'],
  unsupported: [
    'UNSUPPORTED',
    'the leader has not heard from every node that it can read this command; nothing was changed',
  ],
  full: ['OVERLOADED', 'the table has no room for another entry; nothing was changed'],
  tooLarge: ['BAD_REQUEST', 'the name is too long, or a number out of bounds; nothing was changed'],
};

export function refusalOf(refusal: RequestRefusal): FrenoError {
  const [code, message] = refusals[refusal];
  return new FrenoError(code, message);
}

/** A node that may only not have connected yet is worth another try. */
export function unreadable(at: UnreadableAt): FrenoError {
  const code = at.older.length > 0 ? 'UNSUPPORTED' : 'NO_LEADER';
  return new FrenoError(code, `${unreadableText(at)}; nothing was changed`);
}

export function outcomeUnknown(): FrenoError {
  return new FrenoError('OUTCOME_UNKNOWN', OUTCOME_UNKNOWN_MESSAGE);
}
