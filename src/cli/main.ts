/** The client: command line -> command -> exit code. */
import { messageOf } from '../base/errors.js';
import { CommandFailure, EXIT, RUN_EXIT } from './exit-codes.js';
import { endWithReader } from './output/output.js';
import { commander } from './program/commander.js';
import { createProgram } from './program/program.js';

/** Runs the command of the arguments after the program's name; sets the exit code. */
export async function runClient(argv: readonly string[]): Promise<void> {
  endWithReader();
  const separator = argv.indexOf('--');
  const isRun = argv[0] === 'run';
  const own = isRun && separator !== -1 ? argv.slice(0, separator) : argv;
  const childCommand = isRun && separator !== -1 ? argv.slice(separator + 1) : [];
  try {
    const program = await createProgram(own[0], childCommand);
    await program.parseAsync([...own], { from: 'user' });
  } catch (thrown) {
    const exitCode = report(thrown);
    // Small codes are those of the command that it runs.
    process.exitCode =
      isRun && exitCode < RUN_EXIT.timedOut && exitCode > 0 ? RUN_EXIT.failed : exitCode;
  }
}

/** Writes why a command failed; returns its exit code. */
function report(thrown: unknown): number {
  if (thrown instanceof commander.CommanderError) {
    // The library has written the text already.
    return thrown.exitCode === 0 ? EXIT.ok : EXIT.usage;
  }
  const isExpected = thrown instanceof CommandFailure;
  const text = isExpected || !(thrown instanceof Error) ? messageOf(thrown) : thrown.stack;
  process.stderr.write(`freno: ${text}\n`);
  return isExpected ? thrown.exitCode : EXIT.failed;
}
