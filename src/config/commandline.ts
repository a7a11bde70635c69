/** The command line: flags as Go programs take them (`-x` and `--x`, `--x=v` and `--x v`). */
import { FrenoError } from '../base/errors.js';
import type { LogOptions } from '../base/log.js';
import { splitList } from './keys.js';
import { nearest } from './nearest.js';
import type { ConfigInput } from './schema.js';

/**
 * What to do: run the service, print and end, or (`none`) print the usage because nothing was asked
 * for.
 */
export type Action = 'run' | 'version' | 'help' | 'none';

/** Keys of the configuration that flags replace. */
export type Overrides = Pick<
  ConfigInput,
  'ListenPort' | 'RaftDataDir' | 'RaftBind' | 'RaftNodes' | 'EnableProfiling'
>;

export interface CommandLine {
  readonly action: Action;
  /** Null: the usual places. */
  readonly configFile: string | null;
  readonly overrides: Overrides;
  /** This node considers itself leader, whatever consensus says. */
  readonly forceLeadership: boolean;
  readonly log: LogOptions;
}

interface Flag {
  /** What stands for the value in the usage; null: a switch. */
  readonly value: string | null;
  readonly help: string;
}

const FLAGS = {
  http: { value: null, help: 'run the service' },
  config: {
    value: 'FILE',
    help: 'configuration file (else /etc/freno.conf.json, then conf/freno.conf.json)',
  },
  'http-port': { value: 'N', help: 'as ListenPort' },
  'raft-datadir': { value: 'DIR', help: 'as RaftDataDir' },
  'raft-bind': { value: 'HOST[:PORT]', help: 'as RaftBind' },
  'raft-nodes': { value: 'A,B,C', help: 'as RaftNodes' },
  'force-leadership': { value: null, help: 'consider this node leader, whatever consensus says' },
  'enable-profiling': { value: null, help: 'as EnableProfiling' },
  quiet: { value: null, help: 'log errors only' },
  verbose: { value: null, help: 'log what happens' },
  debug: { value: null, help: 'log in detail' },
  stack: { value: null, help: 'log errors with their stack traces' },
  version: { value: null, help: 'print the version' },
  help: { value: null, help: 'print this text' },
} as const satisfies Record<string, Flag>;

type FlagName = keyof typeof FLAGS;

/** Values by flag; of a flag given twice the last one counts. */
type Given = Map<FlagName, string | boolean>;

const TRUE = /^(?:1|t|T|true|TRUE|True)$/;
const FALSE = /^(?:0|f|F|false|FALSE|False)$/;

/**
 * Reads the arguments after the program's name. Throws `CONFIG` with one line that names the flag.
 */
export function parseCommandLine(argv: readonly string[]): CommandLine {
  const given = readFlags(argv);
  return {
    action: actionOf(given),
    configFile: textOf(given, 'config') ?? null,
    overrides: overridesOf(given),
    forceLeadership: given.get('force-leadership') === true,
    log: { level: levelOf(given), stacks: given.get('stack') === true },
  };
}

/** The text for `--help`, with a line end. */
export function usage(): string {
  const lines = Object.entries<Flag>(FLAGS).map(([name, { value, help }]) => {
    const left = value === null ? `--${name}` : `--${name} ${value}`;
    return `  ${left.padEnd(26)}${help}`;
  });
  return `Usage: freno [flags]\n\n${lines.join('\n')}\n`;
}

function readFlags(argv: readonly string[]): Given {
  const given: Given = new Map();
  for (let at = 0; at < argv.length; at++) {
    const argument = argv[at]!;
    const match = /^--?([^-=][^=]*)(?:=([\s\S]*))?$/.exec(argument);
    if (match === null) {
      throw wrong(`unexpected argument ${JSON.stringify(argument)}: freno takes flags only`);
    }
    const name = flagName(match[1]!);
    if (FLAGS[name].value === null) {
      given.set(name, match[2] === undefined ? true : switchValue(name, match[2]));
    } else {
      given.set(name, match[2] ?? followingValue(name, argv[++at]));
    }
  }
  return given;
}

function flagName(name: string): FlagName {
  if (isFlag(name)) return name;
  throw wrong(`--${name}: unknown flag; the nearest is --${nearest(name, Object.keys(FLAGS))}`);
}

function isFlag(name: string): name is FlagName {
  return Object.hasOwn(FLAGS, name);
}

function switchValue(name: FlagName, value: string): boolean {
  if (TRUE.test(value)) return true;
  if (FALSE.test(value)) return false;
  throw wrong(`--${name}: must be true or false, is ${JSON.stringify(value)}`);
}

/** The next argument; a flag in its place means that the value was forgotten. */
function followingValue(name: FlagName, next: string | undefined): string {
  const isNextFlag =
    next !== undefined && /^--?/.test(next) && isFlag(next.replace(/^--?|=[\s\S]*$/g, ''));
  if (next === undefined || isNextFlag) {
    throw wrong(`--${name}: a value is missing (${FLAGS[name].value})`);
  }
  return next;
}

function actionOf(given: Given): Action {
  if (given.get('help') === true) return 'help';
  if (given.get('version') === true) return 'version';
  return given.get('http') === true ? 'run' : 'none';
}

function overridesOf(given: Given): Overrides {
  const port = textOf(given, 'http-port');
  const dataDir = textOf(given, 'raft-datadir');
  const bind = textOf(given, 'raft-bind');
  const nodes = textOf(given, 'raft-nodes');
  const profiling = given.get('enable-profiling');
  return {
    ...(port !== undefined && { ListenPort: wholeNumber('http-port', port) }),
    ...(dataDir !== undefined && { RaftDataDir: dataDir }),
    ...(bind !== undefined && { RaftBind: bind }),
    ...(nodes !== undefined && { RaftNodes: splitList(nodes) }),
    ...(typeof profiling === 'boolean' && { EnableProfiling: profiling }),
  };
}

function textOf(given: Given, name: FlagName): string | undefined {
  const value = given.get(name);
  return typeof value === 'string' ? value : undefined;
}

function wholeNumber(name: FlagName, value: string): number {
  if (/^\d{1,9}$/.test(value)) return Number(value);
  throw wrong(`--${name}: must be a whole number, is ${JSON.stringify(value)}`);
}

function levelOf(given: Given): LogOptions['level'] {
  if (given.get('quiet') === true) return 'error';
  if (given.get('debug') === true) return 'debug';
  return given.get('verbose') === true ? 'info' : 'warn';
}

function wrong(message: string): FrenoError {
  return new FrenoError('CONFIG', message);
}
