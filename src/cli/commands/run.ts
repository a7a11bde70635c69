/** `freno run`: runs a command when the app may write, once or again and again. */
import { setTimeout as delay } from 'node:timers/promises';
import type { CommandContext } from '../context.js';
import { CommandFailure, RUN_EXIT, usageFailure } from '../exit-codes.js';
import { timerMs } from '../output/quantities.js';
import { type CheckOptions, WaitTimeout, waitForPermission } from '../permission/asking.js';
import { exitCodeOfSignal, startChild } from '../run/child-run.js';
import { JobSignals } from '../run/signals.js';
import type { CheckTarget } from '../target.js';

export interface RunOptions extends CheckOptions {
  readonly repeat?: boolean;
  readonly pause?: string;
  readonly timeout?: string;
}

interface Job {
  readonly target: CheckTarget;
  readonly command: readonly [string, ...string[]];
  readonly check: CheckOptions;
  readonly repeats: boolean;
  readonly pauseMs: number;
  readonly maxWaitMs: number;
}

/**
 * Resolves with the exit code of the command's last run. A job that a signal ended between two runs
 * has that of the signal: it is not complete.
 */
export async function run(
  context: CommandContext,
  target: CheckTarget,
  command: readonly string[],
  options: RunOptions,
): Promise<number> {
  const [file, ...args] = command;
  if (file === undefined) throw usageFailure('no command: write it after --');
  const { repeat = false, pause = '0', timeout } = options;
  const job: Job = {
    target,
    command: [file, ...args],
    check: options,
    repeats: repeat,
    pauseMs: timerMs('--pause', pause),
    maxWaitMs: timeout === undefined ? Infinity : timerMs('--timeout', timeout),
  };
  const signals = new JobSignals();
  try {
    return await runJob(context, job, signals);
  } catch (error) {
    // The wait that a signal has ended rejects.
    if (signals.received !== null && !(error instanceof CommandFailure)) {
      return exitCodeOfSignal(signals.received);
    }
    throw error;
  } finally {
    signals.close();
  }
}

async function runJob(context: CommandContext, job: Job, signals: JobSignals): Promise<number> {
  for (;;) {
    await permission(context, job, signals.stopping);
    signals.stopping.throwIfAborted();
    const child = startChild(job.command, job.repeats);
    signals.passTo(child.process);
    const { exitCode, printedBytes } = await child.ended;
    signals.passTo(null);
    const isDone = !job.repeats || exitCode !== 0 || printedBytes === 0;
    if (isDone) return exitCode;
    await delay(job.pauseMs, undefined, { signal: signals.stopping });
  }
}

/** Resolves when the command may run. Rejects with the exit codes of timeout(1). */
async function permission(
  context: CommandContext,
  { target, check, maxWaitMs }: Job,
  signal: AbortSignal,
): Promise<void> {
  try {
    await waitForPermission(context, target, { check, maxWaitMs, signal });
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error;
    const code = error instanceof WaitTimeout ? RUN_EXIT.timedOut : RUN_EXIT.failed;
    throw new CommandFailure(code, `not run: ${error.message}`, { cause: error });
  }
}
