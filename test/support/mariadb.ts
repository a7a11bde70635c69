/** Real MariaDB servers for tests: private data directory, free port, own process. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { access, constants, cp, mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import type { Context } from 'mocha';
import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise';
import { skipUnless } from './skip.js';

const START_TIMEOUT_MS = 30_000;

const run = promisify(execFile);

/** Small and careless about power failures. */
const FAST = [
  '--innodb-buffer-pool-size=8M',
  '--innodb-log-file-size=4M',
  '--innodb-flush-log-at-trx-commit=0',
  '--innodb-flush-method=nosync',
  '--innodb-doublewrite=OFF',
  '--performance-schema=OFF',
  '--sync-binlog=0',
];

/** For `before` hooks: skips the suite, loudly, when MariaDB is not installed. */
export async function needMariaDb(suite: Context): Promise<void> {
  const missing = await missingPrograms(['mariadbd', 'mariadb-install-db', 'openssl']);
  const reason = `needs ${missing.join(', ')} (Debian: mariadb-server, openssl)`;
  skipUnless(suite, missing.length === 0, reason);
}

/** A server that runs until `stop`. User `root` has no password. */
export class MariaDb {
  readonly #process: ChildProcess;
  readonly #directory: string;
  readonly #connection: Connection;
  readonly host = '127.0.0.1';

  private constructor(
    process: ChildProcess,
    directory: string,
    connection: Connection,
    readonly port: number,
  ) {
    this.#process = process;
    this.#directory = directory;
    this.#connection = connection;
  }

  /** Resolves when the server accepts connections. `options` are those of `mariadbd`. */
  static async start(options: readonly string[] = []): Promise<MariaDb> {
    const directory = await mkdtemp(join(tmpdir(), 'freno-mariadb-'));
    await cp(await template(), join(directory, 'data'), { recursive: true });
    const port = await freePort();
    const server = spawn('mariadbd', [
      '--no-defaults',
      ...asRoot(),
      `--datadir=${join(directory, 'data')}`,
      `--socket=${join(directory, 'socket')}`,
      `--pid-file=${join(directory, 'pid')}`,
      `--port=${port}`,
      '--bind-address=127.0.0.1',
      '--skip-name-resolve',
      ...FAST,
      ...options,
    ]);
    await listening(server);
    const connection = await createConnection({ host: '127.0.0.1', port, user: 'root' });
    return new MariaDb(server, directory, connection, port);
  }

  get address(): string {
    return `${this.host}:${this.port}`;
  }

  /** Runs statements as root, one after the other; resolves with the rows of the last one. */
  async run(...statements: string[]): Promise<RowDataPacket[]> {
    let rows: RowDataPacket[] = [];
    for (const statement of statements) {
      [rows] = await this.#connection.query<RowDataPacket[]>(statement);
    }
    return rows;
  }

  /** The process neither works nor ends: connections are accepted by the kernel and answered by nobody. */
  freeze(): void {
    this.#process.kill('SIGSTOP');
  }

  thaw(): void {
    this.#process.kill('SIGCONT');
  }

  async stop(): Promise<void> {
    this.#connection.destroy();
    const exited = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await exited;
    await rm(this.#directory, { recursive: true, force: true });
  }
}

let templateDirectory: Promise<string> | undefined;

/** A fresh data directory, made once and copied for each server. */
function template(): Promise<string> {
  templateDirectory ??= installTemplate();
  return templateDirectory;
}

async function installTemplate(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'freno-mariadb-template-'));
  await run('mariadb-install-db', [
    '--no-defaults',
    ...asRoot(),
    `--datadir=${directory}`,
    '--auth-root-authentication-method=normal',
    '--skip-test-db',
    '--innodb-log-file-size=4M',
  ]);
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Run by root, the server refuses to start unless told that it may. */
function asRoot(): string[] {
  return process.getuid?.() === 0 ? ['--user=root'] : [];
}

async function listening(server: ChildProcess): Promise<void> {
  const lines: string[] = [];
  const ready = new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => {
      server.kill('SIGKILL');
      reject(new Error(`mariadbd did not start in time:\n${lines.join('\n')}`));
    }, START_TIMEOUT_MS);
    server.on('error', reject);
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
  await ready;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function missingPrograms(names: readonly string[]): Promise<string[]> {
  const folders = (process.env.PATH ?? '').split(':');
  const isThere = (name: string): Promise<boolean> =>
    Promise.any(folders.map((folder) => access(join(folder, name), constants.X_OK))).then(
      () => true,
      () => false,
    );
  const there = await Promise.all(names.map(isThere));
  return names.filter((_, number) => !there[number]);
}
