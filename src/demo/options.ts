/** The command line of the demo. */
import { parseArgs } from 'node:util';
import { FrenoError, messageOf } from '../base/errors.js';

export interface DemoOptions {
  readonly help: boolean;
  /** When the demo ends by itself; infinity: when it is told to. */
  readonly seconds: number;
}

export const HELP = `Usage: npm run demo [-- OPTIONS]

Starts simulated MySQL replicas, a real freno that probes them, and a client that writes in small batches and
obeys freno's answers. Needs no MySQL; uses free ports of 127.0.0.1 and removes all it made.

  --seconds N   end after N seconds (otherwise: Ctrl-C)
  --help        this text

In a terminal it draws a live screen (set NO_COLOR for one without colours), elsewhere it prints a line each second.
`;

/** Throws `CONFIG` naming the argument that is wrong. */
export function parseOptions(args: readonly string[]): DemoOptions {
  const { help, seconds } = parsed(args);
  const duration = seconds === undefined ? Number.POSITIVE_INFINITY : Number(seconds);
  if (!(duration > 0)) {
    throw new FrenoError('CONFIG', `--seconds must be a number above 0, not '${seconds}'`);
  }
  return { help: help === true, seconds: duration };
}

function parsed(args: readonly string[]): { help?: boolean; seconds?: string } {
  try {
    const options = { help: { type: 'boolean' }, seconds: { type: 'string' } } as const;
    return parseArgs({ args: [...args], options }).values;
  } catch (thrown) {
    throw new FrenoError('CONFIG', `${messageOf(thrown)} (see --help)`);
  }
}
