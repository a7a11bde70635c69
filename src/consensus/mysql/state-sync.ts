/**
 * Keeps this node's copy of the replicated state equal to the tables: reads them at intervals,
 * writes commands, and reads again after a write, so that an acknowledged command is in the
 * database and in all threads of this node.
 *
 * One statement at a time on one connection: a read never overlaps with a write of this node, and
 * is never older than one.
 */
import { monotonicMs } from '../../base/clock.js';
import { FrenoError, messageOf } from '../../base/errors.js';
import type { Logger } from '../../base/log.js';
import type { ReplaceableState } from '../../contracts/consensus.js';
import { type CommandEffect, NO_EFFECT, type OperatorCommand } from '../../throttle/commands.js';
import type { BackendConnection } from './backend-connection.js';
import { commandError } from './backend-error.js';
import { CommandWriter } from './command-writer.js';
import { OwnTables } from './own-tables.js';
import { Retention } from './retention.js';
import { StateReader } from './state-reader.js';
import type { Tables } from './tables.js';
import { TransitionLog } from './transition-log.js';

/** Requests that wait, at most; more are refused. */
const WAITING_MAX = 1_000;

/** Requests written between two reads. */
const BATCH_MAX = 100;

/** A request that has waited this long is refused, because its client has probably given up. */
const WAIT_MAX_MS = 3_000;

interface SyncRequest {
  /** Undefined: read only. */
  readonly command: OperatorCommand | undefined;
  readonly sinceMs: number;
  readonly resolve: (effect: CommandEffect) => void;
  readonly reject: (error: FrenoError) => void;
}

/** What was written, and waits to be read again. */
interface WrittenRequest {
  readonly request: SyncRequest;
  readonly effect: CommandEffect;
}

export interface StateSyncOptions {
  readonly connection: BackendConnection;
  readonly state: ReplaceableState;
  readonly intervalMs: number;
  readonly log: Logger;
}

export class StateSync {
  readonly #own: OwnTables;
  readonly #writer: CommandWriter;
  readonly #state: ReplaceableState;
  readonly #intervalMs: number;
  readonly #reader: StateReader;
  readonly #retention: Retention;
  readonly #faults: TransitionLog;
  #tables: Tables | undefined;
  #waiting: SyncRequest[] = [];
  #stopping = false;
  #running: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #readAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: StateSyncOptions) {
    const { connection, log } = options;
    this.#own = new OwnTables(connection, log);
    this.#writer = new CommandWriter(connection, this.#own, log);
    this.#state = options.state;
    this.#intervalMs = options.intervalMs;
    this.#reader = new StateReader(connection, this.#own, log);
    this.#retention = new Retention(connection, this.#own, log);
    this.#faults = new TransitionLog(
      log,
      'MySQL backend: reading throttled apps and skipped hosts',
    );
  }

  /** Starts to read. Called again when the tables were created again. */
  start(tables: Tables): void {
    if (tables !== this.#tables) this.#own.forget();
    this.#tables = tables;
    if (this.#timer !== undefined || this.#stopping) return;
    this.#timer = setInterval(() => {
      // `#faults` logs a failure; the next interval retries.
      if (this.#running === undefined) this.refresh().catch(() => {});
    }, this.#intervalMs);
  }

  /** Refuses what is not written yet; resolves when no request is in progress. */
  async stop(): Promise<void> {
    this.#stopping = true;
    clearInterval(this.#timer);
    await this.#running;
  }

  /** Whether the last read is recent enough to become leader with. */
  get isFresh(): boolean {
    return monotonicMs() - this.#readAtMs <= 2 * this.#intervalMs;
  }

  /** Resolves when what was in the tables at the call is in every thread of this node. */
  async refresh(): Promise<void> {
    await this.#enqueue(undefined);
  }

  /**
   * Resolves when the command is written and in every thread of this node. Rejects with a
   * `FrenoError`.
   */
  submit(command: OperatorCommand): Promise<CommandEffect> {
    return this.#enqueue(command);
  }

  #enqueue(command: OperatorCommand | undefined): Promise<CommandEffect> {
    if (this.#stopping) {
      return Promise.reject(new FrenoError('NO_LEADER', 'the node is stopping'));
    }
    if (this.#waiting.length >= WAITING_MAX) {
      return Promise.reject(new FrenoError('OVERLOADED', 'MySQL backend: too many requests wait'));
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ command, sinceMs: monotonicMs(), resolve, reject });
      this.#running ??= this.#processQueue().finally(() => {
        this.#running = undefined;
      });
    });
  }

  /** Never rejects: each request is settled by itself. */
  async #processQueue(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, BATCH_MAX);
      const written: WrittenRequest[] = [];
      for (const request of batch) {
        const effect = await this.#write(request);
        if (effect !== null) written.push({ request, effect });
      }
      if (written.length > 0) await this.#readAndSettle(written);
      if (this.#tables !== undefined) {
        await this.#retention.pruneIfDue(this.#tables, this.#reader.endedNotes());
      }
    }
  }

  /** A read must follow; null: the request was rejected. */
  async #write({ command, sinceMs, reject }: SyncRequest): Promise<CommandEffect | null> {
    if (command === undefined) return NO_EFFECT;
    try {
      if (this.#stopping) throw new FrenoError('NO_LEADER', 'the node is stopping');
      if (this.#tables === undefined) {
        throw new FrenoError('NO_LEADER', 'MySQL backend: not connected yet; nothing was changed');
      }
      if (monotonicMs() - sinceMs > WAIT_MAX_MS) {
        throw new FrenoError('OVERLOADED', 'MySQL backend: too slow; nothing was changed');
      }
      this.#requireRoom(command);
      const effect = await this.#writer.write(command, this.#tables);
      if (!this.#reader.hasEntryOf(command)) this.#retention.count(command);
      return effect;
    } catch (error) {
      reject(error instanceof FrenoError ? error : commandError(error));
      return null;
    }
  }

  #requireRoom(command: OperatorCommand): void {
    if (this.#reader.hasEntryOf(command)) return;
    if (!this.#reader.hasRoom(command) || !this.#retention.hasRoom(command)) {
      throw new FrenoError('OVERLOADED', 'MySQL backend: too many entries; nothing was changed');
    }
  }

  async #readAndSettle(written: readonly WrittenRequest[]): Promise<void> {
    try {
      await this.#read();
      this.#faults.succeeded();
      for (const { request, effect } of written) request.resolve(effect);
    } catch (error) {
      this.#faults.failed(error);
      for (const { request } of written) {
        const { command, reject } = request;
        reject(command === undefined ? commandError(error) : notInEffect(error));
      }
    }
  }

  async #read(): Promise<void> {
    const startedAtMs = monotonicMs();
    await this.#own.prepare();
    const image = await this.#reader.read();
    if (image !== null) {
      try {
        await this.#state.replace(image);
      } catch (error) {
        this.#reader.forget();
        throw error;
      }
    }
    this.#readAtMs = startedAtMs;
  }
}

function notInEffect(error: unknown): FrenoError {
  return new FrenoError(
    'OUTCOME_UNKNOWN',
    `MySQL backend: written, but not yet in effect on this node: ${messageOf(error)}`,
  );
}
