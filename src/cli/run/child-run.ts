/** One run of a command as a child process, with the terminal of this one. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { CommandFailure, RUN_EXIT } from '../exit-codes.js';

export interface ChildOutcome {
  /** Its exit code; 128 and the number of the signal that ended it. */
  readonly exitCode: number;
  /** Bytes on its standard output; 0 unless they were counted. */
  readonly printedBytes: number;
}

export interface ChildRun {
  readonly process: ChildProcess;
  /** Rejects with exit code 126 or 127 if the command cannot be executed. */
  readonly ended: Promise<ChildOutcome>;
}

/**
 * Starts the command. `countOutput`: its standard output passes through this process, which counts
 * it; otherwise the command writes where this process does.
 */
export function startChild(
  command: readonly [string, ...string[]],
  countOutput: boolean,
): ChildRun {
  const [file, ...args] = command;
  const child = spawned(file, args, countOutput ? 'pipe' : 'inherit');
  let printedBytes = 0;
  child.stdout?.on('data', (chunk: Buffer) => {
    printedBytes += chunk.length;
  });
  child.stdout?.pipe(process.stdout, { end: false });
  const ended = once(child, 'close').then(
    ([code, signal]) => ({ exitCode: exitCodeOfChild(code, signal), printedBytes }),
    (error: NodeJS.ErrnoException) => {
      throw notExecuted(file, error);
    },
  );
  return { process: child, ended };
}

/** Some errors of the system are thrown at once; those of others the child reports. */
function spawned(file: string, args: readonly string[], output: 'pipe' | 'inherit'): ChildProcess {
  try {
    return spawn(file, args, { stdio: ['inherit', output, 'inherit'] });
  } catch (error) {
    throw notExecuted(file, error as NodeJS.ErrnoException);
  }
}

/** What a shell reports for the signal. */
export function exitCodeOfSignal(signal: NodeJS.Signals): number {
  return RUN_EXIT.signalBase + constants.signals[signal];
}

function exitCodeOfChild(code: number | null, signal: NodeJS.Signals | null): number {
  return signal === null ? (code ?? RUN_EXIT.failed) : exitCodeOfSignal(signal);
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  ENOTDIR: 'not a directory',
  E2BIG: 'argument list too long',
};

function notExecuted(file: string, error: NodeJS.ErrnoException): CommandFailure {
  if (error.code === 'ENOENT') {
    return new CommandFailure(RUN_EXIT.notFound, `${file}: command not found`);
  }
  const reason = REASONS[error.code ?? ''] ?? error.message;
  return new CommandFailure(RUN_EXIT.notExecutable, `${file}: cannot be executed: ${reason}`);
}
