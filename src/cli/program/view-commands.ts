/** The commands that show what happens: status, top, watch, recent, events. */
import type { Command } from 'commander';
import { type CommonOptions, contextOf } from '../context.js';
import { wholeMinutes } from '../output/quantities.js';
import { addServerOptions, defineCommand, exitWith } from './command.js';

interface RecentOptions extends CommonOptions {
  readonly since?: string;
}

export function addViewCommands(program: Command): void {
  program.addCommand(
    addServerOptions(defineCommand('recent'))
      .option('--since <time>', 'not longer ago than: minutes, or 2h (default: 24h)')
      .action((options: RecentOptions) =>
        exitWith(
          import('../commands/lists.js').then(({ recent }) => {
            const { since } = options;
            const minutes = since === undefined ? null : wholeMinutes('--since', since);
            return recent(contextOf(options), minutes);
          }),
        ),
      ),
  );
}
