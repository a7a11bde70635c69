/** What the definitions of the commands share: options, help, exit codes. */

import type { Command, Option } from 'commander';
import { listedCommand } from '../command-list.js';
import { EXIT, RUN_EXIT } from '../exit-codes.js';
import { DEFAULT_SERVER } from '../servers/server-list.js';
import { commander } from './commander.js';

/** A command with its line in the list. Its handler is imported when it runs. */
export function defineCommand(name: string): Command {
  const { summary, group } = listedCommand(name);
  const command = new commander.Command(name).summary(summary).description(sentence(summary));
  return command.helpGroup(`${group}:`);
}

/** `May the app write?` of a line of the list. */
function sentence(summary: string): string {
  const text = summary.charAt(0).toUpperCase() + summary.slice(1);
  return /[.?!]$/.test(text) ? text : `${text}.`;
}

/** The options of every command that asks a server. */
export function addServerOptions(command: Command): Command {
  return command
    .option(
      '--server <urls>',
      'one server, or several with commas, of which the leader is found ' +
        `(FRENO_SERVER; default: ${DEFAULT_SERVER})`,
    )
    .option('--token-file <file>', 'a file with the token to send (or FRENO_TOKEN)')
    .option('--ca <file>', 'trust these certificate authorities too (PEM)')
    .option('--cert <file>', 'the certificate to show, with its key unless --key is given')
    .option('--key <file>', 'the key of that certificate')
    .option('--json', 'print JSON, one value per line');
}

/** The options of every command about an app and a store. */
export function addCheckOptions(command: Command): Command {
  return command
    .option('--app <name>', 'the app, where APP is left out (FRENO_APP)')
    .option('--metric <names>', 'judge by these metrics alone, with commas')
    .option('--low', 'low priority: wait while an app of normal priority waits');
}

/** The options of every command that changes something. */
export function addCommandOptions(command: Command): Command {
  return command
    .option('--reason <text>', 'why, for the lists and the log')
    .option('--owner <name>', 'who (default: the login name)');
}

/** The time of an entry. */
export function ttlOption(fallback: string): Option {
  return new commander.Option(
    '--ttl <time>',
    `how long: minutes, or 2h, 1d; rounded up to whole minutes (default: ${fallback})`,
  );
}

/** Runs the handler, and sets the exit code that it resolves with. */
export async function exitWith(handler: Promise<number>): Promise<void> {
  process.exitCode = await handler;
}

/** Rows of a table of exit codes for the help of a command. */
export function exitCodesHelp(rows: readonly (readonly [code: number, meaning: string])[]): string {
  const lines = rows.map(([code, meaning]) => `  ${String(code).padEnd(5)}${meaning}`);
  return `\nExit codes:\n${lines.join('\n')}`;
}

export const CHECK_EXIT_CODES = exitCodesHelp([
  [EXIT.ok, 'go on (200)'],
  [EXIT.failed, 'wait: the server cannot tell (500, or 404 of a node that does not lead)'],
  [EXIT.usage, 'the command line is wrong'],
  [EXIT.wait, 'wait: above the threshold (429), throttled or of low priority (417)'],
  [EXIT.unknownStore, 'the store or metric is not configured (404)'],
  [EXIT.unreachable, 'no server responds'],
  [EXIT.notFreno, 'the server is no freno'],
]);

export const RUN_EXIT_CODES = exitCodesHelp([
  [RUN_EXIT.timedOut, 'no permission within --timeout'],
  [RUN_EXIT.failed, 'freno failed: bad usage, unknown store, a server that is no freno'],
  [RUN_EXIT.notExecutable, 'the command cannot be executed'],
  [RUN_EXIT.notFound, 'the command was not found'],
]);

export const COMMAND_EXIT_CODES = exitCodesHelp([
  [EXIT.ok, 'done'],
  [EXIT.failed, 'refused, or the outcome is unknown; commands are safe to repeat'],
  [EXIT.usage, 'the command line is wrong'],
  [EXIT.unknownStore, 'the store or metric is not configured'],
  [EXIT.unreachable, 'no server responds'],
  [EXIT.notFreno, 'the server is no freno'],
]);

export const CHECK_CONFIG_EXIT_CODES = exitCodesHelp([
  [EXIT.ok, 'the service would start; with --connect: what was tried can be read from every host'],
  [EXIT.failed, 'with --connect: a metric cannot be read from a host'],
  [EXIT.usage, 'the file has a mistake, or the command line'],
]);
