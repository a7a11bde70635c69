/**
 * The probe threads: clusters dealt out among them, each written to the board by one thread at a
 * time, whatever dies.
 */
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import type { Logger, LogOptions } from '../../base/log.js';
import { SILENCE_LIMITS, type WatchdogLimits } from '../../base/watchdog.js';
import type { DiagnosticsPorts } from '../../contracts/diagnostics.js';
import type { MemcacheAddress } from '../../contracts/http.js';
import type { ProbeStatistics, ProbeTask } from '../../contracts/probe.js';
import type { ProbeStatisticsSource } from '../../contracts/reports.js';
import type { ClusterAssignment } from '../../contracts/stores.js';
import { assignClusters, unmovedSlots } from './assignment.js';
import type { ClusterProber } from './inventory.js';
import { ProbeThread } from './probe-thread.js';

/**
 * The client library keeps the last answer of each connection to the next, 50 ms later: a young
 * generation that fills in less time hands these on to the old one, whose collections cost most. A
 * larger one costs memory, and spares little. The old one is bounded so that it grows in small
 * steps, and so that a leak ends one thread, which is replaced, and not the process.
 */
const RESOURCE_LIMITS = { maxYoungGenerationSizeMb: 12, maxOldGenerationSizeMb: 256 };

export interface ProbePoolOptions {
  readonly board: SharedArrayBuffer;
  readonly threads: number;
  /** Compiled entry of the thread (`workers/probe.js`); its export `probe` runs a `ProbeTask`. */
  readonly workerFile: URL;
  readonly log: LogOptions;
  readonly logger: Logger;
  readonly memcache: MemcacheAddress;
  /**
   * A thread that is silent for longer hangs: it is ended and replaced. `SILENCE_LIMITS` unless
   * given.
   */
  readonly watchdog?: WatchdogLimits;
  readonly diagnostics: DiagnosticsPorts;
}

export class ProbePool implements ClusterProber, ProbeStatisticsSource {
  readonly #pool: Piscina<ProbeTask, void>;
  readonly #threads: readonly ProbeThread[];
  /** The thread of each slot of the board. */
  #owners: ReadonlyMap<number, number> = new Map();
  #assigning: Promise<void> = Promise.resolve();

  /** Starts the threads. */
  constructor(options: ProbePoolOptions) {
    const { board, threads, workerFile, log, logger, memcache, diagnostics } = options;
    const { watchdog = SILENCE_LIMITS } = options;
    const shared = { board, log, logger, memcache, diagnostics, watchdog };
    const pool = new Piscina<ProbeTask, void>({
      filename: fileURLToPath(workerFile),
      name: 'probe',
      minThreads: threads,
      maxThreads: threads,
      idleTimeout: Number.POSITIVE_INFINITY,
      // Each thread waits for its sockets, never for the pool.
      atomics: 'disabled',
      recordTiming: false,
      resourceLimits: RESOURCE_LIMITS,
    });
    pool.on('error', (err: Error) => logger.error({ err }, 'the pool of probe threads'));
    this.#pool = pool;
    this.#threads = Array.from(
      { length: threads },
      (_, worker) => new ProbeThread({ ...shared, pool, worker }),
    );
  }

  /**
   * The clusters to probe from now on. Resolves when every live thread works by them: nothing else
   * is written any more. Calls take effect one after the other.
   */
  assign(assignments: readonly ClusterAssignment[]): Promise<void> {
    this.#assigning = this.#assigning.then(() => this.#assignNow(assignments));
    return this.#assigning;
  }

  /** Probe under that term, or close all connections and write nothing. */
  lead(probing: boolean, term: number): void {
    for (const thread of this.#threads) thread.lead(probing, term);
  }

  /** Where metrics are published from now on. */
  setMemcache(memcache: MemcacheAddress): void {
    for (const thread of this.#threads) thread.setMemcache(memcache);
  }

  /** What the threads have counted; one that does not answer in time is left out. */
  async collect(): Promise<ProbeStatistics[]> {
    const collected = await Promise.all(this.#threads.map((thread) => thread.collect()));
    return collected.filter((statistics) => statistics !== null);
  }

  /** Resolves when the threads are over. */
  async stop(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.stop()));
    await this.#pool.destroy();
  }

  /** A cluster that moves is let go by its thread before another gets it. */
  async #assignNow(assignments: readonly ClusterAssignment[]): Promise<void> {
    const cards = assignments.map(({ slot, targets }) => ({ slot, hosts: targets.length }));
    const owners = assignClusters(cards, this.#owners, this.#threads.length);
    const staying = unmovedSlots(this.#owners, owners);
    if (staying !== null) await this.#tellEach(assignments, staying);
    this.#owners = owners;
    await this.#tellEach(assignments, owners);
  }

  async #tellEach(
    assignments: readonly ClusterAssignment[],
    owners: ReadonlyMap<number, number>,
  ): Promise<void> {
    const share = (thread: number): ClusterAssignment[] =>
      assignments.filter(({ slot }) => owners.get(slot) === thread);
    await Promise.all(this.#threads.map((thread, number) => thread.assign(share(number))));
  }
}
