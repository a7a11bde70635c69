/**
 * Real MariaDB servers for tests: each is a process with its own data directory and port, which can
 * be stopped, killed and restarted.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import type { Context } from 'mocha';
import { type Connection, createConnection } from 'mysql2/promise';
import { freePorts, TemporaryDirectory } from '../../src/demo/temporary.js';
import { endingWithUs, untilStopped } from './child.js';
import { needPrograms, programPath } from './needs.js';

const START_TIMEOUT_MS = 30_000;

const run = promisify(execFile);

/** Little memory, and no durability: tests have no power failures. */
const FAST = [
  '--innodb-buffer-pool-size=8M',
  '--innodb-log-file-size=4M',
  '--innodb-flush-log-at-trx-commit=0',
  '--innodb-flush-method=nosync',
  '--innodb-doublewrite=OFF',
  '--performance-schema=OFF',
  '--sync-binlog=0',
];

/** For `before` hooks: skips the suite, with a warning, where MariaDB is not installed. */
export function needMariaDb(suite: Context): void {
  needPrograms(suite, 'mariadbd', 'mariadb-install-db');
}

/** User `root` has no password. */
export class MariaDb {
  readonly host = '127.0.0.1';
  #running: RunningServer | undefined;

  private constructor(
    readonly port: number,
    private readonly directory: TemporaryDirectory,
    private readonly options: readonly string[],
  ) {}

  /** Resolves when the server accepts connections. `options` are those of `mariadbd`. */
  static async start(options: readonly string[] = []): Promise<MariaDb> {
    const directory = new TemporaryDirectory();
    await cp(await template(), join(directory.path, 'data'), { recursive: true });
    await mkdir(join(directory.path, 'tmp'));
    const [port] = await freePorts(1);
    const server = new MariaDb(port!, directory, options);
    await server.restart();
    return server;
  }

  get address(): string {
    return `${this.host}:${this.port}`;
  }

  /**
   * Runs statements as root in one session, one after the other; resolves with the rows of the last
   * one.
   */
  async run<Row extends object = Record<string, unknown>>(
    ...statements: readonly string[]
  ): Promise<Row[]> {
    let rows: unknown;
    for (const statement of statements) [rows] = await this.#now.root.query(statement);
    return rows as Row[];
  }

  /**
   * Stops the process (SIGSTOP): the kernel accepts connections, but the server does not respond.
   * Resolves when its last thread has stopped.
   */
  async freeze(): Promise<void> {
    const { pid } = this.#now.process;
    this.#now.process.kill('SIGSTOP');
    await untilStopped(pid!);
  }

  thaw(): void {
    this.#now.process.kill('SIGCONT');
  }

  /** Kills the process. Its data stay for `restart`. */
  async kill(): Promise<void> {
    const running = this.#running;
    if (running === undefined) return;
    this.#running = undefined;
    running.root.destroy();
    await end(running.process);
  }

  /**
   * Starts the server with the same data on the same port, after `kill`; the session of `run` is a
   * new one.
   */
  async restart(): Promise<void> {
    const process = launch(this.directory.path, this.port, this.options);
    try {
      await listening(process);
      const root = await createConnection({ host: this.host, port: this.port, user: 'root' });
      // A connection that is lost with the server does not fail the test.
      root.on('error', () => undefined);
      this.#running = { process, root };
    } catch (thrown) {
      await end(process);
      throw thrown;
    }
  }

  /** Ends the process and removes the data. */
  async stop(): Promise<void> {
    await this.kill();
    this.directory.remove();
  }

  get #now(): RunningServer {
    if (this.#running === undefined) throw new Error('the server does not run');
    return this.#running;
  }
}

interface RunningServer {
  readonly process: ChildProcess;
  readonly root: Connection;
}

function launch(directory: string, port: number, options: readonly string[]): ChildProcess {
  const server = spawn(programPath('mariadbd'), [
    '--no-defaults',
    ...asRoot(),
    `--datadir=${join(directory, 'data')}`,
    // A starting server deletes all temporary tables in its tmpdir, also those of other servers.
    `--tmpdir=${join(directory, 'tmp')}`,
    `--socket=${join(directory, 'socket')}`,
    `--pid-file=${join(directory, 'pid')}`,
    `--port=${port}`,
    '--bind-address=127.0.0.1',
    '--skip-name-resolve',
    ...FAST,
    ...options,
  ]);
  return endingWithUs(server);
}

async function end(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const exited = once(server, 'exit');
  server.kill('SIGKILL');
  await exited;
}

let templateDirectory: Promise<string> | undefined;

/** An empty data directory, created once and copied for each server. */
function template(): Promise<string> {
  templateDirectory ??= installTemplate();
  return templateDirectory;
}

async function installTemplate(): Promise<string> {
  const { path } = new TemporaryDirectory();
  await run(programPath('mariadb-install-db'), [
    '--no-defaults',
    ...asRoot(),
    `--datadir=${path}`,
    `--tmpdir=${new TemporaryDirectory().path}`,
    '--auth-root-authentication-method=normal',
    '--skip-test-db',
    '--innodb-log-file-size=4M',
  ]);
  return path;
}

/** The server refuses to run as root without this option. */
function asRoot(): string[] {
  return process.getuid?.() === 0 ? ['--user=root'] : [];
}

async function listening(server: ChildProcess): Promise<void> {
  const lines: string[] = [];
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new Error(`mariadbd did not start in time:\n${lines.join('\n')}`));
    }, START_TIMEOUT_MS);
    server.once('error', reject);
    server.once('exit', () => {
      clearTimeout(timer);
      reject(new Error(`mariadbd ended:\n${lines.join('\n')}`));
    });
    createInterface({ input: server.stderr! }).on('line', (line) => {
      lines.push(line);
      if (!line.includes('ready for connections')) return;
      clearTimeout(timer);
      resolve();
    });
  });
}
