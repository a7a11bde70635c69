/** The commands for jobs: check, wait, run, why. */

import type { Command } from 'commander';
import type { CheckCommandOptions } from '../commands/check.js';
import type { RunOptions } from '../commands/run.js';
import type { WaitCommandOptions } from '../commands/wait.js';
import { type CommonOptions, contextOf } from '../context.js';
import type { CheckOptions } from '../permission/asking.js';
import { targetOf } from '../target.js';
import {
  addCheckOptions,
  addServerOptions,
  CHECK_EXIT_CODES,
  defineCommand,
  exitWith,
  RUN_EXIT_CODES,
} from './command.js';

interface AppOption {
  readonly app?: string;
}

const TARGET_USAGE = '[options] [APP] STORE';

/** `childCommand`: the words after `--`. */
export function addJobCommands(program: Command, childCommand: readonly string[]): void {
  program.addCommand(
    targetCommand('check')
      .option('--threshold <number>', "the app's own threshold, instead of the configured one")
      .addHelpText('after', CHECK_EXIT_CODES)
      .action((words: string[], options: CommonOptions & CheckCommandOptions & AppOption) =>
        exitWith(
          import('../commands/check.js').then(({ check }) =>
            check(contextOf(options), targetOf(words, options.app), options),
          ),
        ),
      ),
  );
  program.addCommand(
    targetCommand('wait')
      .option('--timeout <time>', 'give up after: seconds, or 500ms, 10m, 2h (default: never)')
      .addHelpText('after', CHECK_EXIT_CODES)
      .action((words: string[], options: CommonOptions & WaitCommandOptions & AppOption) =>
        exitWith(
          import('../commands/wait.js').then(({ wait }) =>
            wait(contextOf(options), targetOf(words, options.app), options),
          ),
        ),
      ),
  );
  program.addCommand(
    targetCommand('run')
      .usage(`${TARGET_USAGE} -- COMMAND [ARG...]`)
      .option('--repeat', 'run it again, each time after a 200, until it fails or prints nothing')
      .option('--pause <time>', 'between two runs: seconds, or 200ms, 1m (default: 0)')
      .option('--timeout <time>', 'longest wait for a 200: seconds, or 10m, 2h (default: none)')
      .addHelpText('after', RUN_HELP + RUN_EXIT_CODES)
      .action((words: string[], options: CommonOptions & RunOptions & AppOption) =>
        exitWith(
          import('../commands/run.js').then(({ run }) =>
            run(contextOf(options), targetOf(words, options.app), childCommand, options),
          ),
        ),
      ),
  );
  program.addCommand(
    targetCommand('why')
      .addHelpText('after', CHECK_EXIT_CODES)
      .action((words: string[], options: CommonOptions & CheckOptions & AppOption) =>
        exitWith(
          import('../commands/why.js').then(({ why }) =>
            why(contextOf(options), targetOf(words, options.app), options),
          ),
        ),
      ),
  );
}

const RUN_HELP = `
The exit code is that of COMMAND. SIGINT, SIGTERM and SIGHUP go to COMMAND; freno
waits for its end, and starts it no more.
`;

function targetCommand(name: string): Command {
  const command = defineCommand(name).argument('[words...]').usage(TARGET_USAGE);
  return addServerOptions(addCheckOptions(command));
}
