/**
 * The log, the vote and the snapshot of one node in one SQLite file.
 *
 * SQLite in WAL mode with `synchronous = FULL` syncs once for each transaction
 * (https://www.sqlite.org/pragma.html#pragma_synchronous), and recovers from a torn write by
 * itself. Each step of a write is a transaction, in the order hard state, snapshot, entries: a
 * crash leaves a prefix, which Raft allows.
 */
import { realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { monotonicMs } from '../../../base/clock.js';
import type { Logger } from '../../../base/log.js';
import type { Entry, InitialState, NodeId, SnapshotMeta } from '../core/types.js';
import type { Done, EncodedSnapshot, RaftStorage, StorageWrite } from '../driver-types.js';
import { Checkpointer } from './checkpointer.js';
import { chainStart, chunkChecksum, entryRows } from './checksums.js';
import type { Connection } from './connection.js';
import { DamagedLogError, inUseError, storageError } from './errors.js';
import { chunkOf, lastChainOf, lastIndexOf, type StoredSnapshot } from './load-log.js';
import { LOG_FILE, prepareDirectory, prepareFile, requireFiles } from './log-file.js';
import { type NodeState, nodeStateRow } from './node-state.js';
import { type OpenedFiles, type OpenOptions, openFiles } from './opening.js';
import { isFounding } from './ownership.js';
import {
  INSERT_ROWS,
  INSERT_ROWS_MAX,
  prepareStatements,
  recordSql,
  type StorageIdentity,
  type StorageStatements,
} from './schema.js';
import { SyncedBound } from './synced-bound.js';
import { recordOf } from './synced-check.js';
import type { SyncedRecord } from './synced-file.js';
import { DirectoryWatch } from './watch.js';
import { WriteSequence } from './write-sequence.js';

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
  /** The identity of the cluster, as written with `clusterId`; null: none was written. */
  readonly clusterId: string | null;
}

export class SqliteStorage implements RaftStorage {
  readonly #connection: Connection;
  readonly #statements: StorageStatements;
  readonly #directory: string;
  readonly #path: string;
  /** The list of this start. */
  readonly #nodes: readonly NodeId[];
  /** As handed to the connection. */
  #state: NodeState;
  /** The newest snapshot whose record was handed to the connection. */
  #snapshot: StoredSnapshot;
  /**
   * Indexes of the first and the last entry handed to the connection; the first is one more than
   * the last when there is none.
   */
  #firstIndex: number;
  #lastIndex: number;
  /** The chain of checksums at `#lastIndex`. */
  #chain: number;
  readonly #bound: SyncedBound;
  #watch: DirectoryWatch | null = null;
  readonly #checkpointer: Checkpointer;
  readonly #sequence = new WriteSequence();

  private constructor(
    { connection, synced, loaded }: OpenedFiles,
    statements: StorageStatements,
    directory: string,
    path: string,
    nodes: readonly NodeId[],
  ) {
    this.#nodes = nodes;
    this.#connection = connection;
    this.#statements = statements;
    this.#checkpointer = new Checkpointer(statements.checkpoint, this.#sequence, (next) =>
      this.#statements.setState.run(nodeStateRow(this.#state), next),
    );
    this.#directory = directory;
    this.#path = path;
    this.#state = loaded.state;
    this.#snapshot = loaded.snapshot;
    this.#firstIndex = loaded.snapshot.meta.index + 1;
    this.#lastIndex = lastIndexOf(loaded);
    this.#chain = lastChainOf(loaded);
    this.#bound = new SyncedBound(synced, recordOf(loaded), (error) => this.#sequence.fail(error));
  }

  /**
   * Opens or creates the log in `directory`, and holds it until `close` or the end of the process.
   * Throws `RESOURCE`, with the file's name, when it is another process's, another node's, foreign,
   * damaged, holds less than `held`, or was used with other nodes while `identity.nodes` names this
   * one alone.
   */
  static async open(
    directory: string,
    identity: StorageIdentity,
    log: Logger,
    options: OpenOptions = {},
  ): Promise<OpenedStorage> {
    // Where there was a log, the directory is there, or a volume is not mounted.
    if (options.held == null) await prepareDirectory(directory);
    const path = join(directory, LOG_FILE);
    const real = await realpath(directory).catch((error: unknown) => {
      throw storageError(path, error);
    });
    if (directoriesInUse.has(real)) throw inUseError(path);
    directoriesInUse.add(real);
    try {
      await requireFiles(path);
      await prepareFile(path, log);
      const files = await openFiles(path, identity, log, options);
      try {
        return await SqliteStorage.#begin(files, real, path, identity.nodes);
      } catch (error) {
        await files.connection.close();
        await files.synced.close();
        throw error;
      }
    } catch (error) {
      directoriesInUse.delete(real);
      throw storageError(path, error);
    }
  }

  static async #begin(
    files: OpenedFiles,
    directory: string,
    path: string,
    nodes: readonly NodeId[],
  ): Promise<OpenedStorage> {
    const { loaded } = files;
    const statements = await prepareStatements(files.connection);
    const storage = new SqliteStorage(files, statements, directory, path, nodes);
    await new Promise<void>((resolve, reject) => {
      storage.#sequence.run(
        [(next) => storage.#checkpointer.run(next), (next) => storage.#bound.write(next)],
        (error) => (error === null ? resolve() : reject(error)),
      );
    });
    const { hardState, lockoutMs, joining, clusterId } = loaded.state;
    const { snapshot, entries } = loaded;
    const founding = isFounding(loaded.state, nodes) ? { founding: true } : {};
    const initial = { hardState, joining, ...founding, snapshot: snapshot.meta, entries };
    return { storage, initial, storedLockoutMs: lockoutMs, clusterId };
  }

  /** A lower bound of what the directory holds, for `OpenOptions.held` after a fault. */
  get held(): SyncedRecord {
    return this.#bound.record;
  }

  /** `onLost` when the directory or a file was removed or replaced: then no write succeeds. */
  async watch(onLost: (error: Error) => void): Promise<void> {
    const files = ['', '-wal', '-synced'].map((suffix) => `${this.#path}${suffix}`);
    this.#watch = await DirectoryWatch.start([dirname(this.#path), ...files], (error) => {
      this.#sequence.fail(error);
      onLost(error);
    });
  }

  write(write: StorageWrite, done: Done): void {
    const { hardState, joined, formed, clusterId, snapshot, entries } = write;
    const change = {
      ...(hardState !== null && { hardState }),
      ...(joined !== undefined && { joining: false }),
      ...(formed !== undefined && { nodes: this.#nodes }),
      ...(clusterId !== undefined && { clusterId }),
    };
    this.#sequence.run(
      [
        Object.keys(change).length === 0 ? null : (next) => this.#writeState(change, next),
        snapshot === null ? null : (next) => this.#writeChunks(snapshot, next),
        snapshot === null ? null : (next) => this.#replaceAll(snapshot, next),
        (next) => this.#writeEntries(entries, next),
        (next) => {
          this.#bound.writeSoon();
          next(null);
        },
      ],
      done,
    );
  }

  saveSnapshot(snapshot: EncodedSnapshot, done: Done): void {
    const { index } = snapshot.meta;
    this.#sequence.run(
      [
        (next) => this.#writeChunks(snapshot, next),
        (next) => this.#recordSnapshot(snapshot, next),
        (next) => this.#deletePrefix(index, next),
      ],
      done,
    );
  }

  newestSnapshot(): { readonly meta: SnapshotMeta; readonly chunkCount: number } | null {
    const { meta, chunkCount } = this.#snapshot;
    return meta.index === 0 ? null : { meta, chunkCount };
  }

  readChunk(
    index: number,
    sequence: number,
    done: (error: Error | null, chunk: Uint8Array | null) => void,
  ): void {
    this.#statements.readChunk.get([index, sequence], (error, row) => {
      if (error !== null) return done(error, null);
      // Of an older snapshot nothing is wrong: it has been replaced.
      if (row === undefined && index !== this.#snapshot.meta.index) return done(null, null);
      let chunk: Uint8Array;
      try {
        chunk = chunkOf(row, index, sequence);
      } catch (damage) {
        return done(storageError(this.#path, damage), null);
      }
      done(null, chunk);
    });
  }

  /**
   * Makes durable the lockout of this run, before any is given; what is written afterwards takes
   * its place.
   */
  writeLockout(lockoutMs: number, done: Done): void {
    this.#sequence.run(
      [(next) => this.#writeState({ lockoutMs }, next), (next) => this.#bound.write(next)],
      done,
    );
  }

  /** Waits for pending writes; the directory is free afterwards. */
  async close(): Promise<void> {
    this.#watch?.stop();
    this.#checkpointer.stop();
    this.#sequence.fail(new Error('the log is closed'));
    await this.#sequence.idle();
    try {
      await this.#connection.close();
    } finally {
      await this.#bound.close();
      directoriesInUse.delete(this.#directory);
    }
  }

  /**
   * Rows are durable in the write-ahead log; term and vote, which are rare, go on to the database
   * itself at once: what comes later rests on them, and it is the file less easily lost. On a slow
   * disk they follow later: two more syncs for each vote would prevent elections.
   */
  #writeState(change: Partial<NodeState>, next: Done): void {
    const state = { ...this.#state, ...change, version: this.#state.version + 1 };
    this.#state = state;
    const startedAtMs = monotonicMs();
    this.#statements.setState.run(nodeStateRow(state), (error) => {
      if (error !== null) return next(error);
      this.#checkpointer.afterState(monotonicMs() - startedAtMs, (failure) => {
        if (failure === null) this.#bound.stateSynced(state);
        next(failure);
      });
    });
  }

  #writeEntries(entries: readonly Entry[], next: Done): void {
    const first = entries[0];
    if (first === undefined) {
      next(null);
    } else if (first.index > this.#lastIndex) {
      this.#insertFrom(entries, 0, next);
    } else {
      this.#cutFrom(first.index, (error) =>
        error === null ? this.#insertFrom(entries, 0, next) : next(error),
      );
    }
  }

  #cutFrom(index: number, next: Done): void {
    const kept = index - 1;
    this.#readChain(kept, (error, chain) => {
      if (error !== null) return next(error);
      this.#bound.lower(kept, chain, (failure) => {
        if (failure !== null) return next(failure);
        this.#lastIndex = kept;
        this.#chain = chain;
        this.#statements.truncate.run([index], next);
      });
    });
  }

  /** The chain of checksums at an entry that is stored, or at the snapshot. */
  #readChain(index: number, done: (error: Error | null, chain: number) => void): void {
    this.#statements.readChain.get([index], (error, row) => {
      if (error !== null) return done(error, 0);
      const { meta, chain } = this.#snapshot;
      if (row === undefined && index === meta.index) return done(null, chain);
      if (row === undefined) return done(new DamagedLogError(`entry ${index} is missing`), 0);
      done(null, row.checksum as number);
    });
  }

  /** One statement, one transaction, one sync for each `INSERT_ROWS_MAX` entries. */
  #insertFrom(entries: readonly Entry[], start: number, next: Done): void {
    const end = Math.min(start + INSERT_ROWS_MAX, entries.length);
    const rows = INSERT_ROWS.find((size) => size >= end - start)!;
    const { parameters, chain } = entryRows(entries.slice(start, end), this.#chain);
    const lastIndex = entries[end - 1]!.index;
    this.#lastIndex = lastIndex;
    this.#chain = chain;
    this.#statements.insert.get(rows)!.run(parameters, (error) => {
      if (error !== null) return next(error);
      this.#bound.logSynced(lastIndex, chain);
      if (end === entries.length) return next(null);
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
      const checksum = chunkChecksum(meta.index, sequence, chunk);
      const parameters = [meta.index, sequence, chunk, checksum];
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
    const before = this.#snapshot;
    this.#bound.lower(before.meta.index, before.chain, (failure) => {
      if (failure !== null) return next(failure);
      const snapshot = { meta, chunkCount: chunks.length, chain: chainStart(meta) };
      this.#snapshot = snapshot;
      this.#firstIndex = meta.index + 1;
      this.#lastIndex = meta.index;
      this.#chain = snapshot.chain;
      this.#connection.transaction([recordSql(snapshot), 'DELETE FROM log'], (error) => {
        if (error === null) this.#bound.logSynced(meta.index, snapshot.chain);
        next(error);
      });
    });
  }

  #recordSnapshot({ meta, chunks }: EncodedSnapshot, next: Done): void {
    if (this.#isOvertaken(meta)) {
      next(null);
      return;
    }
    this.#readChain(meta.index, (error, chain) => {
      if (this.#isOvertaken(meta)) return next(null);
      if (error !== null) return next(error);
      this.#snapshot = { meta, chunkCount: chunks.length, chain };
      this.#connection.transaction([recordSql(this.#snapshot)], next);
    });
  }

  /** By one from the leader: going back would lose entries. */
  #isOvertaken(meta: SnapshotMeta): boolean {
    return meta.index <= this.#snapshot.meta.index;
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
