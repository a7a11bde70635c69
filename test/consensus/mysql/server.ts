/** A private MariaDB for tests: its own data directory and loopback port; it can be frozen, killed and started again. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Connection, createConnection } from 'mysql2/promise';
import { freePorts, TemporaryDirectory } from '../../../src/demo/temporary.js';

/** Small, and without a thought of power failures. */
const CARELESS = [
  '--innodb-buffer-pool-size=16M',
  '--innodb-flush-log-at-trx-commit=0',
  '--innodb-flush-method=nosync',
  '--innodb-doublewrite=OFF',
  '--performance-schema=OFF',
];

const START_TIMEOUT_MS = 30_000;

export class PrivateMariaDB {
  #directory: TemporaryDirectory | undefined;
  #flags: readonly string[] = [];
  #port = 0;
  #process: ChildProcess | undefined;
  #admin: Connection | undefined;
  readonly #atExit = (): void => {
    this.#process?.kill('SIGKILL');
  };

  get port(): number {
    return this.#port;
  }

  /** Lays out the data directory and starts the server. */
  async create(flags: readonly string[] = []): Promise<void> {
    this.#directory = new TemporaryDirectory();
    this.#flags = flags;
    cpSync(template(), this.#at('data'), { recursive: true });
    [this.#port = 0] = await freePorts(1);
    await this.start();
  }

  async start(): Promise<void> {
    this.#process = spawn(
      'mariadbd',
      [
        '--no-defaults',
        `--datadir=${this.#at('data')}`,
        `--socket=${this.#at('socket')}`,
        `--pid-file=${this.#at('pid')}`,
        `--port=${this.#port}`,
        '--bind-address=127.0.0.1',
        '--skip-name-resolve',
        ...CARELESS,
        ...asRoot(),
        ...this.#flags,
      ],
      { stdio: 'ignore' },
    );
    process.once('exit', this.#atExit);
    await this.#connectAdmin();
  }

  /** Runs one statement as the administrator. */
  async query<T = unknown>(sql: string, values: readonly unknown[] = []): Promise<T[]> {
    const [rows] = await this.#admin!.query(sql, [...values]);
    return rows as T[];
  }

  /** The server answers nobody, and closes no connection. Resolves when its last thread has stopped. */
  async freeze(): Promise<void> {
    const { pid } = this.#process!;
    process.kill(pid!, 'SIGSTOP');
    while (!threadStates(pid!).every((state) => state === 'T')) await sleep(1);
  }

  thaw(): void {
    this.#process!.kill('SIGCONT');
  }

  async kill(): Promise<void> {
    this.#admin?.destroy();
    this.#admin = undefined;
    const running = this.#process;
    if (running === undefined || running.exitCode !== null) return;
    process.off('exit', this.#atExit);
    const ended = once(running, 'exit');
    running.kill('SIGKILL');
    running.kill('SIGCONT');
    await ended;
    this.#process = undefined;
  }

  async remove(): Promise<void> {
    await this.kill();
    this.#directory?.remove();
  }

  #at(name: string): string {
    return join(this.#directory!.path, name);
  }

  async #connectAdmin(): Promise<void> {
    const deadline = Date.now() + START_TIMEOUT_MS;
    for (;;) {
      try {
        this.#admin = await createConnection({
          socketPath: this.#at('socket'),
          user: 'root',
          multipleStatements: true,
        });
        // A connection that the server's end takes down is no error of the test.
        this.#admin.on('error', () => {});
        return;
      } catch (error) {
        if (Date.now() > deadline || this.#process?.exitCode !== null) throw error;
        await sleep(50);
      }
    }
  }
}

let templateDirectory: TemporaryDirectory | undefined;

/** A fresh data directory, laid out once and copied for each server. */
function template(): string {
  if (templateDirectory === undefined) {
    templateDirectory = new TemporaryDirectory();
    const flags = ['--auth-root-authentication-method=normal', '--skip-test-db', ...asRoot()];
    const directory = `--datadir=${templateDirectory.path}`;
    execFileSync('mariadb-install-db', ['--no-defaults', directory, ...flags], {
      stdio: 'ignore',
    });
  }
  return templateDirectory.path;
}

/** See proc(5): the state follows the name in parentheses. */
function threadStates(pid: number): string[] {
  return readdirSync(`/proc/${pid}/task`).map((task) => {
    const line = readFileSync(`/proc/${pid}/task/${task}/stat`, 'utf8');
    return line.charAt(line.lastIndexOf(')') + 2);
  });
}

function asRoot(): string[] {
  return process.getuid?.() === 0 ? ['--user=root'] : [];
}
