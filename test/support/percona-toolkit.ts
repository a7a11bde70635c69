/** Real tools of the Percona Toolkit with the plugins of resources/. */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type Program, programPath } from './needs.js';

const RESOURCES = new URL('../../../resources/', import.meta.url);
const ARCHIVER_PLUGINS = fileURLToPath(new URL('pt-archiver', RESOURCES));
const SCHEMA_CHANGE_PLUGIN = fileURLToPath(
  new URL('pt-online-schema-change/FrenoPlugin.pm', RESOURCES),
);

/** What the plugins read. */
export type PluginEnvironment = Readonly<Record<string, string>>;

export interface ToolTable {
  readonly schema: string;
  readonly name: string;
}

export interface Ended {
  readonly code: number | null;
  /** Its standard output and standard error. */
  readonly output: string;
}

/** A tool that runs. */
export class PerconaTool {
  readonly #child: ChildProcess;
  #output = '';
  readonly ended: Promise<Ended>;

  constructor(program: Program, args: readonly string[], environment: PluginEnvironment) {
    this.#child = spawn(programPath(program), args, {
      env: { PATH: process.env.PATH, HOME: '/nonexistent', ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.#child.stdout!, this.#child.stderr!]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#output += text;
      });
    }
    this.ended = new Promise((resolve, reject) => {
      this.#child.once('error', reject);
      this.#child.once('close', (code) => resolve({ code, output: this.#output }));
    });
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Kills it if it still runs. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.ended;
  }
}

/**
 * Starts pt-heartbeat, which writes 20 times a second into `meta.heartbeat` of the server at
 * `port`, in the time zone `TZ` of its environment or with `--utc`.
 */
export function startHeartbeat(
  port: number,
  environment: PluginEnvironment,
  ...options: readonly string[]
): PerconaTool {
  const server = `h=127.0.0.1,P=${port},u=root`;
  const table = ['--database=meta', '--table=heartbeat', '--create-table'];
  const args = [server, '--update', '--interval=0.05', ...table, ...options];
  return new PerconaTool('pt-heartbeat', args, environment);
}

/** Starts pt-archiver, which deletes the rows of the table of the server at `port`. */
export function startArchiver(
  port: number,
  table: ToolTable,
  options: readonly string[],
  environment: PluginEnvironment,
): PerconaTool {
  const source = `h=127.0.0.1,P=${port},u=root,D=${table.schema},t=${table.name},m=FrenoThrottler`;
  const fixed = ['--purge', '--where', '1=1', '--no-check-charset', '--no-version-check'];
  return new PerconaTool('pt-archiver', ['--source', source, ...fixed, ...options], {
    PERL5LIB: ARCHIVER_PLUGINS,
    ...environment,
  });
}

/** Starts pt-online-schema-change, which alters the table of the server at `port`. */
export function startSchemaChange(
  port: number,
  table: ToolTable,
  options: readonly string[],
  environment: PluginEnvironment,
): PerconaTool {
  const fixed = ['--plugin', SCHEMA_CHANGE_PLUGIN, '--no-version-check', '--execute'];
  const target = `h=127.0.0.1,P=${port},u=root,D=${table.schema},t=${table.name}`;
  return new PerconaTool('pt-online-schema-change', [...fixed, ...options, target], environment);
}
