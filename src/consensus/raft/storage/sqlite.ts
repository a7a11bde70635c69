/**
 * The log, the vote and the snapshot of one node in one SQLite file.
 *
 * SQLite in WAL mode with `synchronous = FULL` syncs once for each transaction
 * (https://www.sqlite.org/pragma.html#pragma_synchronous), and recovers from a torn write by
 * itself. Each step of a write is a transaction, in the order hard state, snapshot, entries: a
 * crash leaves a prefix, which Raft allows.
 */
import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { Logger } from '../../../base/log.js';
import type { Entry, HardState, InitialState, SnapshotMeta } from '../core/types.js';
import type { Done, EncodedSnapshot, RaftStorage, StorageWrite } from '../driver-types.js';
import type { Connection, SqlValue } from './connection.js';
import { DamagedLogError, entryChecksum, hardStateChecksum, loadLog } from './load-log.js';
import { LOG_FILE, prepareDirectory, prepareFile } from './log-file.js';
import {
  checkFormat,
  checkIdentity,
  deleteLeftovers,
  INSERT_ROWS,
  INSERT_ROWS_MAX,
  inUseError,
  loadLockout,
  openConnection,
  prepareStatements,
  type StorageIdentity,
  type StorageStatements,
  storageError,
} from './schema.js';

/** Entries that one statement deletes after a snapshot: appends wait for it. */
const DELETE_ROWS = 1024;

/**
 * POSIX locks belong to the process, not to the connection, and closing any descriptor of the file
 * drops them (fcntl(2)): a second storage in this process must be refused before it opens the file.
 */
const directoriesInUse = new Set<string>();

export interface OpenedStorage {
  readonly storage: SqliteStorage;
  /** What it holds. */
  readonly initial: InitialState;
  /**
   * The longest lockout of earlier runs that may still hold: for that time after the start no vote
   * may be granted.
   */
  readonly storedLockoutMs: number;
}

export class SqliteStorage implements RaftStorage {
  readonly #connection: Connection;
  readonly #statements: StorageStatements;
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
  /** Set once, by the first write that fails. */
  #failure: Error | null = null;
  /** Writes that have not called back. */
  #pendingWrites = 0;
  #whenIdle: (() => void) | null = null;

  private constructor(
    connection: Connection,
    statements: StorageStatements,
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
   * Opens or creates the log in `directory`, and locks it until `close` or the end of the process.
   * Throws `RESOURCE`, with the file's name, when the file is in use, another node's, foreign or
   * damaged.
   */
  static async open(
    directory: string,
    identity: StorageIdentity,
    log: Logger,
  ): Promise<OpenedStorage> {
    await prepareDirectory(directory);
    const real = await realpath(directory);
    const path = join(directory, LOG_FILE);
    if (directoriesInUse.has(real)) throw inUseError(path);
    directoriesInUse.add(real);
    try {
      await prepareFile(path, log);
      const connection = await openConnection(path);
      try {
        return await SqliteStorage.#load(connection, real, identity);
      } catch (error) {
        await connection.close();
        throw error;
      }
    } catch (error) {
      directoriesInUse.delete(real);
      throw storageError(path, error);
    }
  }

  static async #load(
    connection: Connection,
    directory: string,
    identity: StorageIdentity,
  ): Promise<OpenedStorage> {
    await checkFormat(connection);
    await checkIdentity(connection, identity);
    const { initial, chunkCount } = await loadLog(connection);
    const storedLockoutMs = await loadLockout(connection);
    await deleteLeftovers(connection, initial.snapshot);
    const statements = await prepareStatements(connection);
    const storage = new SqliteStorage(connection, statements, directory, chunkCount, initial);
    return { storage, initial, storedLockoutMs };
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
      if (row === undefined) return done(this.#missingChunk(index, sequence), null);
      const { data, checksum } = row;
      if (!(data instanceof Uint8Array) || crc32(data) !== checksum) {
        return done(new DamagedLogError(`chunk ${sequence} of its snapshot is damaged`), null);
      }
      done(null, data);
    });
  }

  /** A missing chunk of an older snapshot is no error: the snapshot has been replaced. */
  #missingChunk(index: number, sequence: number): Error | null {
    if (index !== this.#snapshot.index) return null;
    return new DamagedLogError(`chunk ${sequence} of its snapshot is missing`);
  }

  /** See `LockoutStore`. Replaces the stored lockout. */
  writeLockout(lockoutMs: number, done: Done): void {
    this.#run([(next) => this.#statements.setLockout.run([lockoutMs], next)], done);
  }

  /** Waits for pending writes; the directory is free afterwards. */
  async close(): Promise<void> {
    this.#failure ??= new Error('the log is closed');
    if (this.#pendingWrites > 0) {
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

  /** Runs steps one after the other; after the first error nothing more is written. */
  #run(steps: ReadonlyArray<((next: Done) => void) | null>, done: Done): void {
    if (this.#failure !== null) {
      const failure = this.#failure;
      setImmediate(() => done(failure));
      return;
    }
    this.#pendingWrites += 1;
    let at = 0;
    const next: Done = (error) => {
      if (error !== null) this.#failure ??= error;
      while (error === null && at < steps.length && steps[at] === null) at += 1;
      const step = error === null ? steps[at++] : undefined;
      if (step != null) return step(next);
      this.#pendingWrites -= 1;
      done(error);
      if (this.#pendingWrites === 0) this.#whenIdle?.();
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
   * A snapshot of the leader: it and an empty log replace everything stored, in one transaction.
   */
  #replaceAll({ meta, chunks }: EncodedSnapshot, next: Done): void {
    this.#snapshot = meta;
    this.#chunkCount = chunks.length;
    this.#firstIndex = meta.index + 1;
    this.#lastIndex = meta.index;
    this.#transaction([recordSql(meta, chunks.length), 'DELETE FROM log'], next);
  }

  #recordSnapshot({ meta, chunks }: EncodedSnapshot, next: Done): void {
    // A newer one of the leader has overtaken it: the older one would lose entries.
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
      // Nothing is written after an error; the rollback only ends the open transaction.
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
 * Replaces the record of the snapshot and deletes the chunks of older ones. Chunks of a newer one,
 * of the leader, may already be written.
 */
function recordSql({ index, term }: SnapshotMeta, chunkCount: number): string {
  return (
    `UPDATE snapshot SET last_index = ${index}, last_term = ${term}, pieces = ${chunkCount}; ` +
    `DELETE FROM snapshot_pieces WHERE snapshot_index < ${index}`
  );
}
