/** What a shell can complete after each command, from the definitions of the commands. */
import type { Command } from 'commander';

/** Names that a running server knows, or files. */
export type NameKind = 'apps' | 'stores' | 'hosts' | 'files';

export interface CompletedOption {
  /** With its dashes: `--server`. */
  readonly flag: string;
  readonly takesValue: boolean;
  readonly description: string;
}

export interface CompletedCommand {
  readonly name: string;
  readonly description: string;
  readonly subcommands: readonly CompletedCommand[];
  readonly options: readonly CompletedOption[];
  /** Kinds of the names that follow. */
  readonly names: readonly NameKind[];
  /** Fixed words that may follow instead. */
  readonly words: readonly string[];
}

/** By the name of an argument in the definitions. */
const NAMES_OF_ARGUMENT: Readonly<Record<string, readonly NameKind[]>> = {
  words: ['apps', 'stores'],
  app: ['apps'],
  store: ['stores'],
  host: ['hosts'],
  file: ['files'],
};

/** The commands that help lists. */
export function completedCommands(program: Command): CompletedCommand[] {
  const visible = program.createHelp().visibleCommands(program);
  return visible.filter((command) => command.name() !== 'help').map(completedCommand);
}

function completedCommand(command: Command): CompletedCommand {
  const help = command.createHelp();
  return {
    name: command.name(),
    description: command.description().replace(/\.$/, ''),
    subcommands: completedCommands(command),
    options: help.visibleOptions(command).map((option) => ({
      flag: option.long ?? option.short ?? '',
      takesValue: option.required,
      description: option.description,
    })),
    names: command.registeredArguments.flatMap((each) => NAMES_OF_ARGUMENT[each.name()] ?? []),
    words: command.registeredArguments.flatMap((each) => each.argChoices ?? []),
  };
}
