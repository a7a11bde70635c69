/** The commands to set up: check-config, completion. */
import { Argument, type Command } from 'commander';
import type { Shell } from '../commands/completion.js';
import type { ListedNames } from '../commands/names.js';
import { contextOf } from '../context.js';
import { defineCommand, exitWith } from './command.js';

export function addSetupCommands(program: Command): void {
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
