/**
 * The probe threads: the clusters are assigned to them, and each cluster is written to the board by
 * one thread at a time, even when threads die.
 *
 * piscina is used for its threads, not for its queue. Each thread runs one endless task that owns
 * its clusters and is steered over a MessagePort, because a task per probe would cost main 10 to
 * 26 microseconds each and skip ticks under load. piscina contributes what is hard to get right:
 * starting threads, passing a crash to the caller as a rejection, replacing the thread, terminating
 * one by an AbortSignal, and destroying them all.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { messageOf } from '../../base/errors.js';
import type { Logger, LogOptions } from '../../base/log.js';
import { WATCHDOG_LIMITS, type WatchdogLimits } from '../../base/watchdog.js';
import { Board } from '../../board/board.js';
import { LoginCounts } from '../../board/login-counts.js';
import { ProbeSockets } from '../../board/probe-sockets.js';
import { StoreTurns } from '../../board/store-turns.js';
import type { DiagnosticsPorts } from '../../contracts/diagnostics.js';
import type { ProbeStatistics, ProbeTask, StoreDescription } from '../../contracts/probe.js';
import type { MemcacheAddress } from '../../contracts/publisher.js';
import type {
  ProbeStatisticsSource,
  StoreDescriber,
  StoreReach,
  StoreReachSource,
  WithheldStoresReporter,
} from '../../contracts/reports.js';
import type { ClusterAssignment, MetricAssignment } from '../../contracts/stores.js';
import { probesOf } from '../shared/probe-identity.js';
import { assignClusters, unmovedClusters } from './assignment.js';
import type { ClusterProber } from './inventory.js';
import { ProbeThread } from './probe-thread.js';
import { SuspectStores } from './suspect-stores.js';
import type { ClusterLoad } from './thread-loads.js';

/**
 * The client library keeps the last result of each connection until the next, 50 ms later. A young
 * generation that fills in less time promotes these to the old one, whose collections cost most; a
 * larger one costs memory and saves little. The old one is bounded so that it grows in small
 * steps, and so that a leak ends one thread, which is replaced, and not the process.
 */
const RESOURCE_LIMITS = { maxYoungGenerationSizeMb: 12, maxOldGenerationSizeMb: 256 };

/** For threads that have nothing left to do. */
const END_TIMEOUT_MS = 300;

export interface ProbePoolOptions {
  readonly board: SharedArrayBuffer;
  readonly threads: number;
  /** Compiled entry of the thread (`workers/probe.js`); its export `probe` runs a `ProbeTask`. */
  readonly workerFile: URL;
  readonly log: LogOptions;
  readonly logger: Logger;
  readonly memcache: MemcacheAddress;
  /** When a thread counts as hung: it is terminated and replaced. `WATCHDOG_LIMITS` by default. */
  readonly watchdog?: WatchdogLimits;
  readonly diagnostics: DiagnosticsPorts;
  /** As in `SuspectStoresOptions`. */
  readonly withholdMs?: number;
}

export class ProbePool
  implements
    ClusterProber,
    ProbeStatisticsSource,
    StoreDescriber,
    StoreReachSource,
    WithheldStoresReporter
{
  readonly #pool: Piscina<ProbeTask, void>;
  readonly #threads: readonly ProbeThread[];
  readonly #suspects: SuspectStores;
  #assignments: readonly ClusterAssignment[] = [];
  /** The number of the thread by name of the cluster. */
  #owners: ReadonlyMap<string, number> = new Map();
  /** As of `probesOf`: an assignment may have thousands, and stays the same for long. */
  readonly #shareable = new WeakMap<ClusterAssignment, readonly string[]>();
  #assigning: Promise<void> = Promise.resolve();

  /** Starts the threads. */
  constructor(options: ProbePoolOptions) {
    const { board, threads, workerFile, log, logger, memcache, diagnostics } = options;
    const { watchdog = WATCHDOG_LIMITS, withholdMs } = options;
    const sockets = ProbeSockets.memory(threads);
    const logins = LoginCounts.memory(threads);
    const turns = StoreTurns.memory(threads);
    const suspects = new SuspectStores({
      board: new Board(board),
      logger,
      released: () => this.#assignAgain(),
      ...(withholdMs !== undefined && { pauseMs: withholdMs }),
    });
    const shared = {
      board,
      sockets,
      turns,
      logins,
      suspects,
      log,
      logger,
      memcache,
      diagnostics,
      watchdog,
    };
    this.#suspects = suspects;
    const pool = new Piscina<ProbeTask, void>({
      filename: fileURLToPath(workerFile),
      name: 'probe',
      minThreads: threads,
      maxThreads: threads,
      idleTimeout: Number.POSITIVE_INFINITY,
      // Each thread waits for its sockets in its event loop, never for the pool.
      atomics: 'disabled',
      recordTiming: false,
      resourceLimits: RESOURCE_LIMITS,
    });
    pool.on('error', (err: Error) => {
      logger.error({ error: messageOf(err) }, 'a probe thread did not start');
      for (const thread of this.#threads) thread.poolFailed();
    });
    this.#pool = pool;
    this.#threads = Array.from(
      { length: threads },
      (_, worker) => new ProbeThread({ ...shared, pool, worker }),
    );
  }

  /**
   * The clusters to probe from now on. Resolves when every live thread has them: nothing else is
   * written any more. Calls take effect one after the other.
   */
  assign(assignments: readonly ClusterAssignment[]): Promise<void> {
    this.#assigning = this.#assigning.then(() => this.#assignNow(assignments));
    return this.#assigning;
  }

  get withheldStores(): number {
    return this.#suspects.withheldStores;
  }

  /** Stores that are withheld because their thread died have another trial. */
  retryWithheld(): void {
    this.#suspects.releaseAll();
  }

  /** Probe under that term, or close all connections and write nothing. */
  lead(probing: boolean, term: number): void {
    this.#suspects.lead(probing ? term : null);
    for (const thread of this.#threads) thread.lead(probing, term);
  }

  /** Where metrics are published from now on. */
  setMemcache(memcache: MemcacheAddress): void {
    for (const thread of this.#threads) thread.setMemcache(memcache);
  }

  /** What the threads have counted; one that does not respond in time is left out. */
  async collect(): Promise<ProbeStatistics[]> {
    const collected = await Promise.all(this.#threads.map((thread) => thread.collect()));
    return collected.filter((statistics) => statistics !== null);
  }

  async describe(store: string | null): Promise<StoreDescription[]> {
    const owner = store === null ? undefined : this.#owners.get(store);
    if (store !== null && owner === undefined) return [];
    const asked = owner === undefined ? this.#threads : [this.#threads[owner]!];
    const described = await Promise.all(asked.map((thread) => thread.describe(store)));
    return described.flatMap((stores) => stores ?? []);
  }

  async reach(): Promise<ReadonlyMap<string, StoreReach>> {
    const cutOff = await Promise.all(this.#threads.map((thread) => thread.cutOffStores()));
    const sets = cutOff.map((stores) => (stores === null ? null : new Set(stores)));
    const reach = new Map<string, StoreReach>();
    for (const [store, owner] of this.#owners) {
      const stores = sets[owner]!;
      reach.set(store, stores === null ? 'silent' : stores.has(store) ? 'cutOff' : 'reached');
    }
    return reach;
  }

  /** As `LoginTrial`. */
  async tryLogins(stores: readonly string[]): Promise<readonly string[]> {
    const tried = this.#threads.map((thread, number) => {
      const own = stores.filter((store) => this.#owners.get(store) === number);
      return own.length === 0 ? [] : thread.tryLogins(own);
    });
    return (await Promise.all(tried)).flatMap((accepted) => accepted ?? []);
  }

  /** Resolves when the threads are over. */
  async stop(): Promise<void> {
    this.#suspects.stop();
    await Promise.all(this.#threads.map((thread) => thread.stop()));
    // A thread whose look-up of a name hangs ends with the process.
    await Promise.race([this.#pool.destroy(), pause(END_TIMEOUT_MS, undefined, { ref: false })]);
  }

  /** A cluster that moves is released by its thread before another gets it. */
  async #assignNow(assignments: readonly ClusterAssignment[]): Promise<void> {
    this.#assignments = assignments;
    this.#suspects.assigned(assignments);
    const loads = assignments.map((assignment) => this.#loadOf(assignment));
    const owners = assignClusters(loads, this.#owners, this.#threads.length);
    const unmoved = unmovedClusters(this.#owners, owners);
    if (unmoved !== null) await this.#assignToEach(assignments, unmoved);
    this.#owners = owners;
    await this.#assignToEach(assignments, owners);
  }

  #assignAgain(): void {
    this.#assigning = this.#assigning.then(() =>
      this.#assignToEach(this.#assignments, this.#owners),
    );
  }

  #loadOf(assignment: ClusterAssignment): ClusterLoad {
    const { name, metrics } = assignment;
    const probes = countProbes(metrics);
    if (this.#threads.length === 1) return { name, probes };
    const shareable = this.#shareable.get(assignment) ?? probesOf(assignment);
    this.#shareable.set(assignment, shareable);
    return { name, probes, shareable };
  }

  async #assignToEach(
    assignments: readonly ClusterAssignment[],
    owners: ReadonlyMap<string, number>,
  ): Promise<void> {
    const assignmentsOf = (thread: number): ClusterAssignment[] =>
      assignments.filter(({ name }) => owners.get(name) === thread);
    await Promise.all(this.#threads.map((thread, number) => thread.assign(assignmentsOf(number))));
  }
}

/** In each interval; Prometheus is asked once for all hosts. */
function countProbes(metrics: readonly MetricAssignment[]): number {
  return metrics.reduce(
    (sum, { settings, targets }) =>
      sum + (settings.measured.kind === 'prometheus' ? 1 : targets.length),
    0,
  );
}
