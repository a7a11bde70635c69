/**
 * Waiting for a 200. The server is asked to wait as well (`?wait=`), so that a permission arrives
 * when it is given; one that does not know the query answers at once, and is asked again after a
 * pause.
 *
 * A fail-over is a reason to wait like any other: servers that do not respond, and those that do
 * not lead, are asked until one says yes. What no waiting will change ends it: an unknown store, a
 * request that is refused, a server that is no freno.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Backoff } from '../../base/backoff.js';
import { monotonicMs } from '../../base/clock.js';
import { CommandFailure, EXIT } from '../exit-codes.js';
import type { ServerGroup } from '../servers/server-group.js';
import type { CheckTarget } from '../target.js';
import {
  type CheckBody,
  type CheckOptions,
  checkBody,
  checkPath,
  exitCodeOf,
} from './check-request.js';

/** How long a server is asked to wait: shorter than proxies keep an idle request, usually 30 s. */
const SERVER_WAIT_S = 20;
/** For the response, beside the time that the server waits. */
const REPLY_TIMEOUT_MS = 5_000;

/** Jitter, because jobs that start at the same full hour would ask at the same moments. */
const PAUSES = { firstMs: 250, maxMs: 2_000, jitter: 0.25 } as const;

const FIRST_NOTE_MS = 10_000;
const NOTE_INTERVAL_MS = 60_000;

/** The answer of a server, or why there was none. */
export type CheckOutcome =
  | { readonly kind: 'answer'; readonly body: CheckBody }
  | { readonly kind: 'none'; readonly failure: CommandFailure };

export interface WaitOptions {
  readonly check: CheckOptions;
  /** Null: as long as it takes. */
  readonly timeoutMs: number | null;
  readonly signal?: AbortSignal;
  /** Called after 10 s, and then each minute, with the latest outcome. */
  readonly stillWaiting: (waitedMs: number, latest: CheckOutcome) => void;
}

/**
 * Resolves with a 200, or with what stood in its way when the time is over or waiting is in vain.
 */
export async function waitForPermission(
  servers: ServerGroup,
  target: CheckTarget,
  options: WaitOptions,
): Promise<CheckOutcome> {
  const startedAtMs = monotonicMs();
  const deadlineMs = startedAtMs + (options.timeoutMs ?? Number.POSITIVE_INFINITY);
  const backoff = new Backoff(PAUSES);
  let noteDueAtMs = startedAtMs + FIRST_NOTE_MS;
  let isKnownFreno = false;
  for (;;) {
    const nowMs = monotonicMs();
    const untilNoteMs = Math.max(1_000, noteDueAtMs - nowMs);
    const waitSeconds = wholeSeconds(Math.min(deadlineMs - nowMs, untilNoteMs));
    const outcome = await askOnce(servers, target, options, waitSeconds);
    isKnownFreno ||= outcome.kind === 'answer';
    if (isFinal(outcome, isKnownFreno)) return outcome;
    const askedMs = monotonicMs() - nowMs;
    const leftMs = deadlineMs - monotonicMs();
    if (leftMs <= 0) return outcome;
    if (monotonicMs() >= noteDueAtMs) {
      noteDueAtMs += NOTE_INTERVAL_MS;
      options.stillWaiting(monotonicMs() - startedAtMs, outcome);
    }
    const hasWaited = waitSeconds > 0 && askedMs >= waitSeconds * 1_000;
    if (hasWaited) continue;
    if (isExceeded(outcome)) backoff.succeeded();
    await delay(Math.min(backoff.failed(), leftMs), undefined, {
      ...(options.signal && { signal: options.signal }),
    });
  }
}

/** One check, at the leader if that can be found. */
export async function askOnce(
  servers: ServerGroup,
  target: CheckTarget,
  { check, signal }: Pick<WaitOptions, 'check' | 'signal'>,
  waitSeconds = 0,
): Promise<CheckOutcome> {
  const path = checkPath(target, check, waitSeconds);
  try {
    const timeoutMs = waitSeconds * 1_000 + REPLY_TIMEOUT_MS;
    const reply = await servers.askLeader(path, { timeoutMs, signal });
    return { kind: 'answer', body: await checkBody(servers, reply) };
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof CommandFailure) return { kind: 'none', failure: error };
    throw error;
  }
}

/** Whether waiting longer is in vain. */
function isFinal(outcome: CheckOutcome, isKnownFreno: boolean): boolean {
  if (outcome.kind === 'none') {
    return outcome.failure.exitCode === EXIT.notFreno && !isKnownFreno;
  }
  const code = exitCodeOf(outcome.body);
  return code === EXIT.ok || code === EXIT.unknownStore || code === EXIT.usage;
}

function isExceeded(outcome: CheckOutcome): boolean {
  return outcome.kind === 'answer' && outcome.body.StatusCode === 429;
}

function wholeSeconds(ms: number): number {
  return Math.max(0, Math.min(SERVER_WAIT_S, Math.floor(ms / 1_000)));
}
