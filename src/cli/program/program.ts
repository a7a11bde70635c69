/** All commands of the client, as the command-line library takes them. */
import { Command, Help, type Option } from 'commander';
import { addJobCommands } from './job-commands.js';
import { addOperatorCommands } from './operator-commands.js';
import { addSetupCommands } from './setup-commands.js';
import { addViewCommands } from './view-commands.js';

const MORE_HELP = `
"freno help COMMAND" has the options of a command.
Flags instead of a command run the service: "freno --help" lists them.`;

/** `childCommand`: the words after `--`, which belong to the command of `freno run`. */
export function createProgram(childCommand: readonly string[] = []): Command {
  const program = new Command('freno').usage('COMMAND [options]').addHelpText('after', MORE_HELP);
  addJobCommands(program, childCommand);
  addOperatorCommands(program);
  addViewCommands(program);
  addSetupCommands(program);
  for (const command of withSubcommands(program)) {
    command
      .configureHelp({
        subcommandTerm: (subcommand) => subcommand.name(),
        visibleOptions: ownOptionsFirst,
      })
      .showHelpAfterError(`(freno ${pathOfCommand(command)}--help shows how it is used)`)
      .exitOverride()
      .configureOutput({
        outputError: (text, write) => write(text.replace(/^error: /, 'freno: ')),
      });
  }
  return program;
}

/** Options that many commands have. */
const COMMON_OPTIONS: ReadonlySet<string | undefined> = new Set([
  '--reason',
  '--owner',
  '--server',
  '--token-file',
  '--ca',
  '--cert',
  '--key',
  '--json',
  '--help',
]);

/** The options in the help of a command: those that make it up, then those of many commands. */
function ownOptionsFirst(this: Help, command: Command): Option[] {
  const options = Help.prototype.visibleOptions.call(this, command);
  const isCommon = ({ long }: Option): boolean => COMMON_OPTIONS.has(long);
  return [...options.filter((option) => !isCommon(option)), ...options.filter(isCommon)];
}

function withSubcommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap(withSubcommands)];
}

/** `threshold set `; empty for the program itself. */
function pathOfCommand(command: Command): string {
  return command.parent === null ? '' : `${pathOfCommand(command.parent)}${command.name()} `;
}
