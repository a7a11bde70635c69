/** The built freno as a command: run to its end, with its output. */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { endingWithUs } from './child.js';

export const LAUNCHER = fileURLToPath(new URL('../../src/freno.cjs', import.meta.url));

export interface ProgramOutcome {
  /** Null: ended by a signal. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningCommand {
  readonly child: ChildProcess;
  /** What it has written so far. */
  readonly stdout: string;
  readonly stderr: string;
  /** Resolves when it has ended and all its output is read. */
  readonly ended: Promise<ProgramOutcome>;
}

/** Without the settings of the user who runs the tests. */
const CLEAN = {
  FRENO_SERVER: undefined,
  FRENO_APP: undefined,
  FRENO_TOKEN: undefined,
  NO_COLOR: undefined,
};

/** Starts freno with those arguments; `environment` is added to that of this process. */
export function startCommand(
  words: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): RunningCommand {
  const child = endingWithUs(
    spawn(process.execPath, [LAUNCHER, ...words], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...CLEAN, ...environment },
    }),
  );
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = new Promise<ProgramOutcome>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
  return {
    child,
    ended,
    get stdout() {
      return stdout;
    },
    get stderr() {
      return stderr;
    },
  };
}

/** Runs freno to its end. */
export function runCommand(
  words: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<ProgramOutcome> {
  return startCommand(words, environment).ended;
}
