/** The commands of the client, as the command-line library takes them. */
import type { Command, Help, Option } from 'commander';
import { groupOf } from '../command-list.js';
import { commander } from './commander.js';

const MORE_HELP = `
"freno help COMMAND" has the options of a command.
Flags instead of a command run the service: "freno --help" lists them.`;

type AddCommands = (program: Command, childCommand: readonly string[]) => void;

/** The definitions of the commands of each group, by its title. */
const DEFINITIONS: Readonly<Record<string, () => Promise<AddCommands>>> = {
  'For jobs': async () => (await import('./job-commands.js')).addJobCommands,
  'For operators': async () => (await import('./operator-commands.js')).addOperatorCommands,
  'To see what happens': async () => (await import('./view-commands.js')).addViewCommands,
  'To set up': async () => (await import('./setup-commands.js')).addSetupCommands,
};

/**
 * With the group of commands that the first word of a command line needs: all, unless it is a
 * command. `childCommand`: the words after `--`, which belong to the command of `freno run`.
 */
export async function createProgram(
  firstWord?: string,
  childCommand: readonly string[] = [],
): Promise<Command> {
  const group = firstWord === undefined ? undefined : groupOf(firstWord);
  const needed = group === undefined ? Object.values(DEFINITIONS) : [DEFINITIONS[group]!];
  const program = new commander.Command('freno')
    .usage('COMMAND [options]')
    .addHelpText('after', MORE_HELP);
  for (const definitions of needed) (await definitions())(program, childCommand);
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
  const options = commander.Help.prototype.visibleOptions.call(this, command);
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
