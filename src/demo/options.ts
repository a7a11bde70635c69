/** The command line of the demo. */
import { parseArgs } from 'node:util';
import { FrenoError, messageOf } from '../base/errors.js';

export interface DemoOptions {
  readonly help: boolean;
  /** The demo ends after this time; infinity: only on request. */
  readonly seconds: number;
  /** Infinity: only when a key is pressed. */
  readonly killLeaderEveryS: number;
}

export const HELP = `Usage: npm run demo [-- OPTIONS]

Starts simulated MySQL replicas, three real freno nodes of which the leader probes them, and a
client that writes in small batches and obeys freno. Needs no MySQL; uses free ports of 127.0.0.1
and removes all files that it creates.

  --seconds N             end after N seconds (otherwise: Ctrl-C)
  --kill-leader-every N   kill -9 the leader every N seconds; it is restarted after 2 s
  --help                  this text

In a terminal it draws a live screen (NO_COLOR turns off colours), k kills the leader and q quits.
Otherwise it prints one line per second.
`;

const ARGUMENTS = {
  help: { type: 'boolean' },
  seconds: { type: 'string' },
  'kill-leader-every': { type: 'string' },
} as const;

/** Throws `CONFIG` naming the argument that is wrong. */
export function parseOptions(args: readonly string[]): DemoOptions {
  const values = parsed(args);
  const duration = (name: 'seconds' | 'kill-leader-every'): number => {
    const text = values[name];
    if (text === undefined) return Number.POSITIVE_INFINITY;
    if (Number(text) > 0) return Number(text);
    throw new FrenoError('CONFIG', `--${name} must be a number of seconds above 0, not '${text}'`);
  };
  return {
    help: values.help === true,
    seconds: duration('seconds'),
    killLeaderEveryS: duration('kill-leader-every'),
  };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: ARGUMENTS }).values;
  } catch (thrown) {
    throw new FrenoError('CONFIG', `${messageOf(thrown)} (see --help)`);
  }
}
