/** The commands for operators: throttles, skips, exemptions, thresholds, leadership. */

import type { Command } from 'commander';
import { type CommandContext, type CommonOptions, contextOf } from '../context.js';
import { storeOf } from '../target.js';
import {
  addCommandOptions,
  addServerOptions,
  COMMAND_EXIT_CODES,
  defineCommand,
  exitWith,
  ttlOption,
} from './command.js';
import { commander } from './commander.js';

type ControlModule = typeof import('../commands/control.js');
type ListModule = typeof import('../commands/lists.js');
type ListPicker = (module: ListModule) => Parameters<ListModule['list']>[1];

const STORE_ENTRY = ['--store <name>', 'on this store alone'] as const;

export function addOperatorCommands(program: Command): void {
  program.addCommand(
    controlCommand('throttle')
      .argument('<app>', "the app; '*' for every app that is not exempted")
      .addOption(ttlOption('60 minutes; 0: until it is lifted'))
      .option('--ratio <share>', 'the share of denied checks, 0 to 1 (default: 1)')
      .option(...STORE_ENTRY)
      .action((app: string, options) =>
        control(options, (module, context) => module.throttle(context, app, options)),
      ),
  );
  program.addCommand(
    controlCommand('unthrottle')
      .argument('<app>', 'the app')
      .option(...STORE_ENTRY)
      .action((app: string, options) =>
        control(options, (module, context) => module.unthrottle(context, app, options)),
      ),
  );
  program.addCommand(listCommand('throttled', ({ THROTTLED }) => THROTTLED));
  program.addCommand(
    controlCommand('skip')
      .argument('<host>', 'a name or address, for all its ports, or HOST:PORT')
      .addOption(ttlOption('60 minutes'))
      .action((host: string, options) =>
        control(options, (module, context) => module.skip(context, host, options)),
      ),
  );
  program.addCommand(
    controlCommand('recover')
      .argument('<host>', 'a name or address, for all its ports, or HOST:PORT')
      .action((host: string, options) =>
        control(options, (module, context) => module.recover(context, host, options)),
      ),
  );
  program.addCommand(listCommand('skipped', ({ SKIPPED }) => SKIPPED));
  program.addCommand(
    controlCommand('exempt')
      .argument('<app>', 'the app')
      .addOption(ttlOption('60 minutes; at most 24h'))
      .option(...STORE_ENTRY)
      .action((app: string, options) =>
        control(options, (module, context) => module.exempt(context, app, options)),
      ),
  );
  program.addCommand(
    controlCommand('unexempt')
      .argument('<app>', 'the app')
      .option(...STORE_ENTRY)
      .action((app: string, options) =>
        control(options, (module, context) => module.unexempt(context, app, options)),
      ),
  );
  program.addCommand(listCommand('exempted', ({ EXEMPTED }) => EXEMPTED));
  program.addCommand(thresholdCommand());
  program.addCommand(
    controlCommand('yield').action((options) =>
      control(options, (module, context) => module.yieldLeadership(context, options)),
    ),
  );
}

function thresholdCommand(): Command {
  const set = new commander.Command('set')
    .description('Set a threshold for a time, in the place of the configured one.')
    .argument('<store>', 'the store')
    .argument('<value>', 'the threshold')
    .option('--metric <name>', "of this metric, not of the store's own")
    .addOption(ttlOption('60 minutes; at most 24h'))
    .addHelpText('after', COMMAND_EXIT_CODES)
    .action((store: string, value: string, options) =>
      control(options, (module, context) =>
        module.setThreshold(context, storeOf(store), value, options),
      ),
    );
  const reset = new commander.Command('reset')
    .description('Let the configured threshold count again.')
    .argument('<store>', 'the store')
    .option('--metric <name>', "of this metric, not of the store's own")
    .addHelpText('after', COMMAND_EXIT_CODES)
    .action((store: string, options) =>
      control(options, (module, context) =>
        module.resetThreshold(context, storeOf(store), options),
      ),
    );
  const shown = new commander.Command('list')
    .description('List the thresholds that are set.')
    .action((options: CommonOptions) => showList(options, ({ THRESHOLDS }) => THRESHOLDS));
  return defineCommand('threshold')
    .addCommand(addServerOptions(addCommandOptions(set)))
    .addCommand(addServerOptions(addCommandOptions(reset)))
    .addCommand(addServerOptions(shown));
}

function controlCommand(name: string): Command {
  const command = addServerOptions(addCommandOptions(defineCommand(name)));
  return command.addHelpText('after', COMMAND_EXIT_CODES);
}

function listCommand(name: string, entries: ListPicker): Command {
  return addServerOptions(defineCommand(name)).action((options: CommonOptions) =>
    showList(options, entries),
  );
}

function control(
  options: CommonOptions,
  run: (module: ControlModule, context: CommandContext) => Promise<number>,
): Promise<void> {
  return exitWith(
    import('../commands/control.js').then((module) => run(module, contextOf(options))),
  );
}

function showList(options: CommonOptions, entries: ListPicker): Promise<void> {
  return exitWith(
    import('../commands/lists.js').then((module) =>
      module.list(contextOf(options), entries(module)),
    ),
  );
}
