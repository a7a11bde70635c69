/** The commands to set up: check-config, completion. */
import { Argument, type Command } from 'commander';
import type { CheckConfigOptions } from '../check-config/check-config.js';
import type { Shell } from '../commands/completion.js';
import type { ListedNames } from '../commands/names.js';
import { contextOf } from '../context.js';
import { processOutput } from '../output/output.js';
import { CHECK_CONFIG_EXIT_CODES, defineCommand, exitWith } from './command.js';

interface CheckConfigFlags extends CheckConfigOptions {
  readonly json?: boolean;
}

export function addSetupCommands(program: Command): void {
  program.addCommand(
    defineCommand('check-config')
      .argument('<file>', 'the configuration file')
      .option('--connect', 'also log in to each host, run each metric, and name missing grants')
      .option('--json', 'print JSON, one value per line')
      .addHelpText('after', CHECK_CONFIG_EXIT_CODES)
      .action((file: string, { json, connect }: CheckConfigFlags) =>
        exitWith(
          import('../check-config/check-config.js').then(({ checkConfig }) =>
            checkConfig(processOutput(json === true), file, { connect: connect === true }),
          ),
        ),
      ),
  );
  program.addCommand(
    defineCommand('completion')
      .addArgument(new Argument('<shell>', 'the shell').choices(['bash', 'zsh', 'fish']))
      .action((shell: Shell) =>
        exitWith(
          import('../commands/completion.js').then(({ completion }) => completion(program, shell)),
        ),
      ),
  );
  program
    .command('names', { hidden: true })
    .description('Print the names that completion scripts offer.')
    .addArgument(new Argument('<kind>').choices(['apps', 'stores', 'hosts']))
    .action((kind: ListedNames) =>
      exitWith(import('../commands/names.js').then(({ names }) => names(contextOf({}), kind))),
    );
}
