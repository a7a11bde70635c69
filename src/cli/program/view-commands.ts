/** The commands that show what happens: status, top, watch, recent, events. */

import type { Command } from 'commander';
import type { EventOptions } from '../commands/events.js';
import type { WatchOptions } from '../commands/watch.js';
import { type CommonOptions, contextOf } from '../context.js';
import { wholeMinutes } from '../output/quantities.js';
import { storeOf } from '../target.js';
import { addServerOptions, defineCommand, exitWith } from './command.js';

interface RecentOptions extends CommonOptions {
  readonly since?: string;
}

const LIVE_HELP = `
On a terminal it is drawn again each second, until q or Ctrl-C. In a pipe, and
with --json, top prints what it sees in a second, once, and watch each second.`;

export function addViewCommands(program: Command): void {
  program.addCommand(
    addServerOptions(defineCommand('status')).action((options: CommonOptions) =>
      exitWith(import('../commands/status.js').then(({ status }) => status(contextOf(options)))),
    ),
  );
  program.addCommand(
    addServerOptions(defineCommand('top'))
      .addHelpText('after', LIVE_HELP)
      .action((options: CommonOptions) =>
        exitWith(import('../commands/top.js').then(({ top }) => top(contextOf(options)))),
      ),
  );
  program.addCommand(
    addServerOptions(defineCommand('watch'))
      .argument('<store>', 'the store')
      .option('--metric <name>', 'this metric, not all that apply')
      .addHelpText('after', LIVE_HELP)
      .action((store: string, options: CommonOptions & WatchOptions) =>
        exitWith(
          import('../commands/watch.js').then(({ watch }) =>
            watch(contextOf(options), storeOf(store), options),
          ),
        ),
      ),
  );
  program.addCommand(
    addServerOptions(defineCommand('recent'))
      .option('--since <time>', 'not longer ago than: whole minutes, or 2h (default: 24h)')
      .action((options: RecentOptions) =>
        exitWith(
          import('../commands/lists.js').then(({ recent }) => {
            const { since } = options;
            const context = contextOf(options);
            const minutes =
              since === undefined ? null : wholeMinutes(context.output, '--since', since);
            return recent(context, minutes);
          }),
        ),
      ),
  );
  program.addCommand(
    addServerOptions(defineCommand('events'))
      .option('--since <time>', 'not longer ago than: minutes, or 2h; or a time as RFC 3339')
      .option('--limit <number>', 'at most so many, the latest')
      .option('--follow', 'go on with what happens from now on')
      .action((options: CommonOptions & EventOptions) =>
        exitWith(
          import('../commands/events.js').then(({ events }) => events(contextOf(options), options)),
        ),
      ),
  );
}
