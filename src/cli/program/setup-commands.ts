/** The commands to set up: check-config, token, completion. */

import type { Command, Option } from 'commander';
import { ROLES } from '../../base/access-names.js';
import type { CheckConfigOptions } from '../check-config/check-config.js';
import type { Shell } from '../commands/completion.js';
import type { ListedNames } from '../commands/names.js';
import type { TokenOptions } from '../commands/token.js';
import { contextOf } from '../context.js';
import { processOutput } from '../output/output.js';
import { CHECK_CONFIG_EXIT_CODES, defineCommand, exitWith } from './command.js';
import { commander } from './commander.js';

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
  program.addCommand(tokenCommand());
  program.addCommand(
    defineCommand('completion')
      .addArgument(new commander.Argument('<shell>', 'the shell').choices(['bash', 'zsh', 'fish']))
      .action((shell: Shell) =>
        exitWith(
          import('../commands/completion.js').then(({ completion }) => completion(program, shell)),
        ),
      ),
  );
  program
    .command('names', { hidden: true })
    .description('Print the names that completion scripts offer.')
    .addArgument(new commander.Argument('<kind>').choices(['apps', 'stores', 'hosts']))
    .action((kind: ListedNames) =>
      exitWith(import('../commands/names.js').then(({ names }) => names(contextOf({}), kind))),
    );
}

function tokenCommand(): Command {
  const create = new commander.Command('create')
    .description('Create a token; prints it once, and the entry for the configuration.')
    .argument('<name>', 'who gets it: shown in the log and in events')
    .addOption(roleOption())
    .option('--app <patterns...>', "for these apps alone, such as 'archiver-*'")
    .option('--store <patterns...>', "for these stores alone, such as 'mysql/main*'")
    .option('--json', 'print JSON')
    .action((name: string, { json, ...options }: TokenOptions & { readonly json?: boolean }) =>
      exitWith(
        import('../commands/token.js').then(({ createToken }) =>
          createToken(processOutput(json === true), name, options),
        ),
      ),
    );
  return defineCommand('token').addCommand(create);
}

function roleOption(): Option {
  const option = new commander.Option(
    '--role <roles...>',
    'what it may do; no role contains another one',
  );
  return option.choices(ROLES).makeOptionMandatory();
}
