/** A log in a temporary directory, which tests open, write, damage and copy. */
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Entry } from '../../../../src/consensus/raft/core/types.js';
import type { EncodedSnapshot, StorageWrite } from '../../../../src/consensus/raft/driver-types.js';
import { Connection } from '../../../../src/consensus/raft/storage/connection.js';
import type { OpenOptions } from '../../../../src/consensus/raft/storage/opening.js';
import {
  type OpenedStorage,
  SqliteStorage,
} from '../../../../src/consensus/raft/storage/sqlite.js';
import { LogRecorder } from './log-recorder.js';

export const identity = { clusterName: 'test', node: '127.0.0.1:1', nodes: ['127.0.0.1:1'] };

export class StoredLog {
  /** The data directory; a test may set another. */
  directory: string;
  readonly #root: string;
  readonly #opened: OpenedStorage[] = [];
  readonly #recorder = new LogRecorder();

  static async create(): Promise<StoredLog> {
    const log = new StoredLog(await mkdtemp(join(tmpdir(), 'freno-storage-')));
    await mkdir(log.directory);
    return log;
  }

  private constructor(root: string) {
    this.#root = root;
    this.directory = join(root, 'data');
  }

  get path(): string {
    return join(this.directory, 'freno-raft.db');
  }

  get writeAheadLog(): string {
    return `${this.path}-wal`;
  }

  get syncedFile(): string {
    return `${this.path}-synced`;
  }

  get warnings(): string[] {
    return this.#recorder.warnings();
  }

  async open(
    overrides: Partial<typeof identity> = {},
    options: OpenOptions = {},
  ): Promise<OpenedStorage> {
    const asked = { ...identity, ...overrides };
    const opened = await SqliteStorage.open(this.directory, asked, this.#recorder.logger, options);
    this.#opened.push(opened);
    return opened;
  }

  /** Closes the log that was opened last. */
  async close(): Promise<void> {
    await this.#opened.pop()!.storage.close();
  }

  async reopen(): Promise<OpenedStorage> {
    await this.close();
    return this.open();
  }

  /** Leaves the files as a process that is killed now would, and keeps a copy of them. */
  async kill(): Promise<void> {
    await settled();
    await rm(this.#copy, { recursive: true, force: true });
    await cp(this.directory, this.#copy, { recursive: true });
    await this.close();
    await this.restoreKilled();
  }

  /** Restores the files that `kill` left. */
  async restoreKilled(): Promise<void> {
    await rm(this.directory, { recursive: true });
    await cp(this.#copy, this.directory, { recursive: true });
  }

  /** Closes the log and changes its file by SQL. */
  async tamper(sql: string): Promise<void> {
    await this.close();
    const connection = await Connection.open(this.path);
    await connection.execute(sql);
    await connection.close();
  }

  /** Closes all logs and removes the directory. */
  async end(): Promise<void> {
    while (this.#opened.length > 0) await this.close();
    await rm(this.#root, { recursive: true });
  }

  get #copy(): string {
    return join(this.#root, 'killed');
  }
}

/** Until the side file holds what was synced last. */
export async function settled(): Promise<void> {
  await setTimeout(20);
}

export function entriesOf(first: number, last: number, term: number): Entry[] {
  const made: Entry[] = [];
  for (let index = first; index <= last; index++) {
    made.push({ index, term, data: new TextEncoder().encode(`command ${index}`) });
  }
  return made;
}

export function snapshotAt(index: number, chunks = 3): EncodedSnapshot {
  return {
    meta: { index, term: 2 },
    chunks: Array.from({ length: chunks }, (_, at) => new Uint8Array([index % 256, at])),
  };
}

/** Resolves when the write is durable. */
export function write({ storage }: OpenedStorage, parts: Partial<StorageWrite>): Promise<void> {
  const nothing = { hardState: null, snapshot: null, entries: [] };
  return new Promise((resolve, reject) => {
    storage.write({ ...nothing, ...parts }, (error) =>
      error === null ? resolve() : reject(error),
    );
  });
}
