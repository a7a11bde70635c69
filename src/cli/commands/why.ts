/** `freno why`: the reason for the answer that a check would get, without being counted as one. */
import type { CommandContext } from '../context.js';
import { printable } from '../output/printable.js';
import {
  type CheckOptions,
  checkBody,
  checkQuery,
  exitCodeOf,
  writeAnswer,
} from '../permission/check-request.js';
import { pathOf, withParameters } from '../servers/server-group.js';
import type { CheckTarget } from '../target.js';

/** Resolves with the exit code of that check. */
export async function why(
  { servers, output }: CommandContext,
  target: CheckTarget,
  options: Omit<CheckOptions, 'threshold'>,
): Promise<number> {
  const { app, store } = target;
  const path = withParameters(pathOf('why', app, store.type, store.name), checkQuery(options));
  const body = await checkBody(servers, await servers.askLeader(path), '/why');
  writeAnswer(output, target, body);
  if (!output.isJson && typeof body.Why === 'string') output.lines(printable(body.Why));
  return exitCodeOf(body);
}
