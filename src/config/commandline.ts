/** The command line: flags as Go programs accept them (`-x`, `--x`, `--x=v`, `--x v`). */
import { FrenoError } from '../base/errors.js';
import type { LogOptions } from '../base/log.js';
import { nearest } from './nearest.js';
import type { ConfigInput } from './schema.js';
import { splitList } from './split-list.js';

/** What to do. `none`: no flag asks for anything, so the usage is printed. */
export type Action = 'run' | 'version' | 'help' | 'none';

/** Keys of the configuration that flags replace. */
export type Overrides = Pick<
  ConfigInput,
  'ListenPort' | 'RaftDataDir' | 'RaftBind' | 'RaftNodes' | 'EnableProfiling'
>;

export interface CommandLine {
  readonly action: Action;
  /** Null: `USUAL_FILES`. */
  readonly configFile: string | null;
  readonly overrides: Overrides;
  /** This node acts as leader whatever consensus reports. */
  readonly forceLeadership: boolean;
  /** This node goes on alone from the data of a cluster. */
  readonly forceNewCluster: boolean;
  readonly log: LogOptions;
}

interface Flag {
  /** Placeholder of the value in the usage; null: a switch. */
  readonly value: string | null;
  readonly help: string;
}

const FLAGS = {
  http: { value: null, help: 'run the service' },
  config: {
    value: 'FILE',
    help: 'configuration file (default: /etc/freno.conf.json, conf/freno.conf.json)',
  },
  'http-port': { value: 'N', help: 'port of the HTTP service (overrides ListenPort)' },
  'raft-datadir': { value: 'DIR', help: 'directory of the Raft log (overrides RaftDataDir)' },
  'raft-bind': { value: 'HOST[:PORT]', help: 'address for Raft peers (overrides RaftBind)' },
  'raft-nodes': { value: 'A,B,C', help: 'all nodes of the Raft cluster (overrides RaftNodes)' },
  'force-leadership': {
    value: null,
    help: 'act as leader whatever consensus reports (emergencies only)',
  },
  'force-new-cluster': {
    value: null,
    help: 'go on alone from the data of a cluster whose other nodes are lost',
  },
  'enable-profiling': { value: null, help: 'serve /debug/pprof/ (overrides EnableProfiling)' },
  quiet: { value: null, help: 'log errors only' },
  verbose: { value: null, help: 'log informational messages too' },
  debug: { value: null, help: 'log debug messages too' },
  stack: { value: null, help: 'log errors with their stack traces' },
  version: { value: null, help: 'print the version' },
  help: { value: null, help: 'print this help' },
} as const satisfies Record<string, Flag>;

type FlagName = keyof typeof FLAGS;

/** Values by flag; of a flag given twice the last one is used. */
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
    forceNewCluster: given.get('force-new-cluster') === true,
    log: { level: levelOf(given), stacks: given.get('stack') === true },
  };
}

/** The text of `--help`, with a line end. */
export function usage(): string {
  const lines = Object.entries<Flag>(FLAGS).map(([name, { value, help }]) => {
    const left = value === null ? `--${name}` : `--${name} ${value}`;
    return `  ${left.padEnd(26)}${help}`;
  });
  return `Usage: freno [flags]\n       freno COMMAND [options]\n\n${lines.join('\n')}\n`;
}

function readFlags(argv: readonly string[]): Given {
  const given: Given = new Map();
  for (let at = 0; at < argv.length; at++) {
    const argument = argv[at]!;
    const match = /^--?([^-=][^=]*)(?:=([\s\S]*))?$/.exec(argument);
    if (match === null) {
      throw wrong(`unexpected argument ${JSON.stringify(argument)}: freno accepts only flags`);
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
  const near = nearest(name, Object.keys(FLAGS));
  const remedy = near === undefined ? '--help lists all flags' : `did you mean --${near}?`;
  throw wrong(`--${name}: unknown flag; ${remedy}`);
}

function isFlag(name: string): name is FlagName {
  return Object.hasOwn(FLAGS, name);
}

function switchValue(name: FlagName, value: string): boolean {
  if (TRUE.test(value)) return true;
  if (FALSE.test(value)) return false;
  throw wrong(`--${name}: must be true or false, got ${JSON.stringify(value)}`);
}

/** The next argument; if that is a flag, the value is missing. */
function followingValue(name: FlagName, next: string | undefined): string {
  const isNextFlag =
    next !== undefined && /^--?/.test(next) && isFlag(next.replace(/^--?|=[\s\S]*$/g, ''));
  if (next === undefined || isNextFlag) {
    throw wrong(`--${name}: needs a value (${FLAGS[name].value})`);
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
  throw wrong(`--${name}: must be a whole number, got ${JSON.stringify(value)}`);
}

function levelOf(given: Given): LogOptions['level'] {
  if (given.get('quiet') === true) return 'error';
  if (given.get('debug') === true) return 'debug';
  return given.get('verbose') === true ? 'info' : 'notice';
}

function wrong(message: string): FrenoError {
  return new FrenoError('CONFIG', message);
}
