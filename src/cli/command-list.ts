/** The commands of the client, by the part of the work that they serve. */

export interface CommandSummary {
  readonly name: string;
  /** One line, as in the list of commands. */
  readonly summary: string;
}

export interface CommandGroup {
  readonly title: string;
  readonly commands: readonly CommandSummary[];
}

export const COMMAND_GROUPS: readonly CommandGroup[] = [
  {
    title: 'For jobs',
    commands: [
      { name: 'check', summary: 'may the app write to the store now?' },
      { name: 'wait', summary: 'wait until the app may write to the store' },
      { name: 'run', summary: 'run a command when the app may write' },
      { name: 'why', summary: 'why the app may write, or must wait' },
    ],
  },
  {
    title: 'For operators',
    commands: [
      { name: 'throttle', summary: 'make an app wait' },
      { name: 'unthrottle', summary: 'end the throttle of an app' },
      { name: 'throttled', summary: 'list the throttled apps' },
      { name: 'skip', summary: 'leave a host out of all stores' },
      { name: 'recover', summary: 'probe a skipped host again' },
      { name: 'skipped', summary: 'list the skipped hosts' },
      { name: 'exempt', summary: 'let an app write whatever the metrics say' },
      { name: 'unexempt', summary: 'end the exemption of an app' },
      { name: 'exempted', summary: 'list the exempted apps' },
      { name: 'threshold', summary: 'set, reset or list thresholds for a time' },
      { name: 'yield', summary: 'let the leader hand over to another node' },
    ],
  },
  {
    title: 'To see what happens',
    commands: [
      { name: 'status', summary: 'nodes, stores and what is in force, on one screen' },
      { name: 'top', summary: 'stores, hosts and apps, live' },
      { name: 'watch', summary: 'a live plot of a store' },
      { name: 'recent', summary: 'the apps that checked recently' },
      { name: 'events', summary: 'what happened: commands, crossings, errors, leaders' },
    ],
  },
  {
    title: 'To set up',
    commands: [
      { name: 'check-config', summary: 'validate a configuration file' },
      { name: 'token', summary: 'create a token, by which a caller proves who it is' },
      { name: 'completion', summary: 'print a completion script for a shell' },
    ],
  },
];

/** The groups as a part of a help text, with a line end. */
export function commandOverview(): string {
  const width = Math.max(...COMMAND_GROUPS.flatMap(({ commands }) => commands.map(nameLength)));
  const parts = COMMAND_GROUPS.map(({ title, commands }) => {
    const lines = commands.map(({ name, summary }) => `  ${name.padEnd(width + 2)}${summary}`);
    return `${title}:\n${lines.join('\n')}\n`;
  });
  return parts.join('\n');
}

export interface ListedCommand extends CommandSummary {
  /** Title of its group. */
  readonly group: string;
}

/** The entry of a command in the list. */
export function listedCommand(name: string): ListedCommand {
  for (const { title, commands } of COMMAND_GROUPS) {
    const found = commands.find((command) => command.name === name);
    if (found !== undefined) return { ...found, group: title };
  }
  throw new Error(`no command ${name} is listed`);
}

/** Scripts of completion call it for each key. */
const UNLISTED: Readonly<Record<string, string>> = { names: 'To set up' };

/**
 * Title of the group whose commands are all that a command needs. Undefined: it needs all groups,
 * for their names, or is no command.
 */
export function groupOf(name: string): string | undefined {
  if (name === 'completion') return undefined;
  const group = COMMAND_GROUPS.find(({ commands }) => commands.some((each) => each.name === name));
  return group?.title ?? (Object.hasOwn(UNLISTED, name) ? UNLISTED[name] : undefined);
}

function nameLength({ name }: CommandSummary): number {
  return name.length;
}
