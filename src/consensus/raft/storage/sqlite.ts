/** The log, the vote and the snapshot of one node in one SQLite file. */
import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { Logger } from '../../../base/log.js';
import type { Entry, HardState, InitialState, SnapshotMeta } from '../core/types.js';
import type { Done, EncodedSnapshot, RaftStorage, StorageWrite } from '../driver-types.js';
import type { Connection, SqlValue } from './connection.js';
import { clearTheWay, LOG_FILE, prepareDirectory } from './file.js';
import { DamagedLogError, entryChecksum, hardStateChecksum, load } from './load.js';
import {
  asResource,
  checkFormat,
  checkIdentity,
  INSERT_ROWS,
  INSERT_ROWS_MAX,
  inUse,
  loadLockout,
  openConnection,
  prepareStatements,
  type Statements,
  type StorageIdentity,
  sweep,
} from './schema.js';

/** Entries deleted in one statement after a snapshot: appends wait for it. */
const DELETE_ROWS = 1024;

/**
 * The locks of a file belong to the process, not to the connection, and closing any descriptor of
 * the file drops them: a second storage in one process has to be refused before it touches the
 * file.
 */
const directoriesInUse = new Set<string>();

export interface OpenedStorage {
  readonly storage: SqliteStorage;
  /** What it held. */
  readonly initial: InitialState;
  /**
   * The longest promise of earlier runs that may still hold: for so many milliseconds after they
   * end no vote may be granted.
   */
  readonly lockoutMs: number;
}

export class SqliteStorage implements RaftStorage {
  readonly #connection: Connection;
  readonly #statements: Statements;
  readonly #directory: string;
  /** The newest snapshot whose record was handed to the connection. */
  #snapshot: SnapshotMeta;
  #chunkCount: number;
  /**
   * Indexes of the first and the last entry handed to the connection; the first is one more than
   * the last when there is none.
   */
  #firstIndex: number;
  #lastIndex: number;
  /** Set once: the disk refused a write. */
  #failure: Error | null = null;
  /** Writes that have not called back. */
  #underWay = 0;
  #whenIdle: (() => void) | null = null;

  private constructor(
    connection: Connection,
    statements: Statements,
    directory: string,
    chunkCount: number,
    initial: InitialState,
  ) {
    this.#connection = connection;
    this.#statements = statements;
    this.#directory = directory;
    this.#snapshot = initial.snapshot;
    this.#chunkCount = chunkCount;
    this.#firstIndex = initial.snapshot.index + 1;
    this.#lastIndex = initial.entries.at(-1)?.index ?? initial.snapshot.index;
  }

  /**
   * Opens or creates the log in `directory`, and holds it until `close` or the end of the process.
   * Throws `RESOURCE`, with the file's name, when it is another process's, another node's, foreign
   * or damaged.
   */
  static async open(
    directory: string,
    identity: StorageIdentity,
    log: Logger,
  ): Promise<OpenedStorage> {
    await prepareDirectory(directory);
    const real = await realpath(directory);
    const path = join(directory, LOG_FILE);
    if (directoriesInUse.has(real)) throw inUse(path);
    directoriesInUse.add(real);
    try {
      await clearTheWay(path, log);
      const connection = await openConnection(path);
      try {
        return await SqliteStorage.#load(connection, real, identity);
      } catch (error) {
        await connection.close();
        throw error;
      }
    } catch (error) {
      directoriesInUse.delete(real);
      throw asResource(path, error);
    }
  }

  static async #load(
    connection: Connection,
    directory: string,
    identity: StorageIdentity,
  ): Promise<OpenedStorage> {
    await checkFormat(connection);
    await checkIdentity(connection, identity);
    const { initial, chunkCount } = await load(connection);
    const storedLockoutMs = await loadLockout(connection);
    await sweep(connection, initial.snapshot);
    const statements = await prepareStatements(connection);
    const storage = new SqliteStorage(connection, statements, directory, chunkCount, initial);
    return { storage, initial, lockoutMs: storedLockoutMs };
  }

  write(write: StorageWrite, done: Done): void {
    const { hardState, snapshot, entries } = write;
    this.#run(
      [
        hardState === null ? null : (next) => this.#writeHardState(hardState, next),
        snapshot === null ? null : (next) => this.#writeChunks(snapshot, next),
        snapshot === null ? null : (next) => this.#replaceAll(snapshot, next),
        (next) => this.#writeEntries(entries, next),
      ],
      done,
    );
  }

  saveSnapshot(snapshot: EncodedSnapshot, done: Done): void {
    const { index } = snapshot.meta;
    this.#run(
      [
        (next) => this.#writeChunks(snapshot, next),
        (next) => this.#recordSnapshot(snapshot, next),
        (next) => this.#deletePrefix(index, next),
      ],
      done,
    );
  }

  newestSnapshot(): { readonly meta: SnapshotMeta; readonly chunkCount: number } | null {
    return this.#snapshot.index === 0
      ? null
      : { meta: this.#snapshot, chunkCount: this.#chunkCount };
  }

  readChunk(
    index: number,
    sequence: number,
    done: (error: Error | null, chunk: Uint8Array | null) => void,
  ): void {
    this.#statements.readChunk.get([index, sequence], (error, row) => {
      if (error !== null) return done(error, null);
      if (row === undefined) return done(this.#missing(index, sequence), null);
      const { data, checksum } = row;
      if (!(data instanceof Uint8Array) || crc32(data) !== checksum) {
        return done(new DamagedLogError(`chunk ${sequence} of its snapshot is damaged`), null);
      }
      done(null, data);
    });
  }

  /** Of an older snapshot, nothing is wrong: it has been replaced. */
  #missing(index: number, sequence: number): Error | null {
    if (index !== this.#snapshot.index) return null;
    return new DamagedLogError(`chunk ${sequence} of its snapshot is missing`);
  }

  /**
   * Makes durable what this run promises, before it promises anything; what is written afterwards
   * takes its place.
   */
  writeLockout(lockoutMs: number, done: Done): void {
    this.#run([(next) => this.#statements.setLockout.run([lockoutMs], next)], done);
  }

  /** Waits for writes under way; the directory is free afterwards. */
  async close(): Promise<void> {
    this.#failure ??= new Error('the log is closed');
    if (this.#underWay > 0) {
      await new Promise<void>((resolve) => {
        this.#whenIdle = resolve;
      });
    }
    try {
      await this.#connection.close();
    } finally {
      directoriesInUse.delete(this.#directory);
    }
  }

  /** Runs steps one after the other; the first error ends them, and all later writes. */
  #run(steps: ReadonlyArray<((next: Done) => void) | null>, done: Done): void {
    if (this.#failure !== null) {
      const failure = this.#failure;
      setImmediate(() => done(failure));
      return;
    }
    this.#underWay += 1;
    let at = 0;
    const next: Done = (error) => {
      if (error !== null) this.#failure ??= error;
      while (error === null && at < steps.length && steps[at] === null) at += 1;
      const step = error === null ? steps[at++] : undefined;
      if (step != null) return step(next);
      this.#underWay -= 1;
      done(error);
      if (this.#underWay === 0) this.#whenIdle?.();
    };
    next(null);
  }

  #writeHardState(hardState: HardState, next: Done): void {
    const { term, vote } = hardState;
    this.#statements.setHardState.run([term, vote, hardStateChecksum(hardState)], next);
  }

  #writeEntries(entries: readonly Entry[], next: Done): void {
    const first = entries[0];
    if (first === undefined) {
      next(null);
    } else if (first.index > this.#lastIndex) {
      this.#insertFrom(entries, 0, next);
    } else {
      this.#lastIndex = first.index - 1;
      this.#statements.truncate.run([first.index], (error) =>
        error === null ? this.#insertFrom(entries, 0, next) : next(error),
      );
    }
  }

  /** One statement, one transaction, one sync for each `INSERT_ROWS_MAX` entries. */
  #insertFrom(entries: readonly Entry[], start: number, next: Done): void {
    const end = Math.min(start + INSERT_ROWS_MAX, entries.length);
    const rows = INSERT_ROWS.find((size) => size >= end - start)!;
    const parameters: SqlValue[] = [];
    for (let at = start; at < end; at++) {
      const { index, term, data } = entries[at]!;
      parameters.push(index, term, data, entryChecksum(index, term, data));
    }
    this.#lastIndex = entries[end - 1]!.index;
    this.#statements.insert.get(rows)!.run(parameters, (error) => {
      if (error !== null || end === entries.length) return next(error);
      this.#insertFrom(entries, end, next);
    });
  }

  #writeChunks({ meta, chunks }: EncodedSnapshot, next: Done): void {
    const writeFrom = (sequence: number): void => {
      const chunk = chunks[sequence];
      if (chunk === undefined) {
        next(null);
        return;
      }
      const parameters = [meta.index, sequence, chunk, crc32(chunk)];
      this.#statements.insertChunk.run(parameters, (error) =>
        error === null ? writeFrom(sequence + 1) : next(error),
      );
    };
    writeFrom(0);
  }

  /**
   * A snapshot of the leader: it and an empty log take the place of all that was there, in one
   * transaction.
   */
  #replaceAll({ meta, chunks }: EncodedSnapshot, next: Done): void {
    this.#snapshot = meta;
    this.#chunkCount = chunks.length;
    this.#firstIndex = meta.index + 1;
    this.#lastIndex = meta.index;
    this.#transaction([recordSql(meta, chunks.length), 'DELETE FROM log'], next);
  }

  #recordSnapshot({ meta, chunks }: EncodedSnapshot, next: Done): void {
    // One from the leader has overtaken it: going back would lose entries.
    if (meta.index <= this.#snapshot.index) {
      next(null);
      return;
    }
    this.#snapshot = meta;
    this.#chunkCount = chunks.length;
    this.#transaction([recordSql(meta, chunks.length)], next);
  }

  #transaction(statements: readonly string[], next: Done): void {
    this.#connection.exec(`BEGIN IMMEDIATE; ${statements.join('; ')}; COMMIT`, (error) => {
      if (error === null) return next(null);
      // Nothing else is written after an error; the rollback only frees what the transaction holds.
      this.#connection.exec('ROLLBACK', () => next(error));
    });
  }

  #deletePrefix(index: number, next: Done): void {
    if (this.#firstIndex > index) {
      next(null);
      return;
    }
    const last = Math.min(this.#firstIndex + DELETE_ROWS - 1, index);
    this.#firstIndex = last + 1;
    this.#statements.deletePrefix.run([last], (error) =>
      error === null ? this.#deletePrefix(index, next) : next(error),
    );
  }
}

/**
 * Replaces the record of the snapshot, and drops the chunks of older ones: those of a newer one, of
 * the leader, may be on their way.
 */
function recordSql({ index, term }: SnapshotMeta, chunkCount: number): string {
  return (
    `UPDATE snapshot SET last_index = ${index}, last_term = ${term}, pieces = ${chunkCount}; ` +
    `DELETE FROM snapshot_pieces WHERE snapshot_index < ${index}`
  );
}
