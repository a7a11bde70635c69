/**
 * The inventory: which clusters are configured, which slot of the board each of their metrics has,
 * by which threshold checks judge it, and which hosts are probed for it now. It reads the host
 * lists while this node is leader, applies ignored and skipped hosts, and hands the result to the
 * probe threads as assignments.
 *
 * A slot is written by one thread for one metric at a time. So the slot of a removed metric is
 * reused only after all threads have acknowledged that it is no longer assigned, and each metric
 * that gets a slot has a new generation, by which readers reject values of the metric before it.
 */
import { formatAddress } from '../../base/address.js';
import { monotonicMs } from '../../base/clock.js';
import { FairResolver } from '../../base/dns-resolver.js';
import { FrenoError } from '../../base/errors.js';
import { HOSTS_TOTAL_MAX, METRICS_MAX, VALUE_MAX_AGE_MS } from '../../base/limits.js';
import type { Logger } from '../../base/log.js';
import type { Board } from '../../board/board.js';
import type { StoreLocation } from '../../contracts/http.js';
import type {
  ClusterReport,
  InventoryReporter,
  SkipMatch,
  SkipMatcher,
} from '../../contracts/reports.js';
import type { ClusterAssignment, ClusterSettings, ProbeTarget } from '../../contracts/stores.js';
import type { ThresholdKey } from '../../throttle/commands.js';
import type { HostSkips, ThresholdEntry } from '../../throttle/state.js';
import { isSameList } from './assignment.js';
import { DescriptorWatch } from './descriptor-watch.js';
import { createReaderFactory } from './hosts/create-host-source.js';
import type { ReaderFactory } from './hosts/host-source.js';
import type { ListedSource, SourceHealth } from './listed-source.js';
import {
  PlacedCluster,
  type PlacedClusterContext,
  type PlacedMetric,
  type SkipTest,
} from './placed-cluster.js';
import { matchSkip, skippableHosts } from './skip-match.js';
import { SkipTimer } from './skip-timer.js';

/** Host lists are read this often while this node is leader. */
const REFRESH_INTERVAL_MS = 10_000;

const RESOLVER_LIMITS = { lookupsMax: 4, foundMs: 5_000, notFoundMs: 1_000 };

/** Of one reading; `/inventory` has all. */
const ODD_ROWS_LOGGED = 10;

/** Probes what the inventory lists: the pool of probe threads. */
export interface ClusterProber {
  /** Resolves when only these clusters are probed and written. Does not reject. */
  assign(assignments: readonly ClusterAssignment[]): Promise<void>;
  lead(probing: boolean, term: number): void;
}

export interface InventoryOptions {
  readonly board: Board;
  readonly prober: ClusterProber;
  readonly logger: Logger;
  /** Called with the number of hosts that are connected to. */
  readonly hostsCounted?: (hosts: number) => void;
  /** Slots of the board. */
  readonly metricsMax?: number;
  /** Creates the readers of host lists: those of `hosts/`, unless given. */
  readonly readerFor?: ReaderFactory;
  /** `monotonicMs`, unless given. */
  readonly nowMs?: () => number;
}

export class Inventory implements InventoryReporter, SkipMatcher {
  readonly #board: Board;
  readonly #prober: ClusterProber;
  readonly #logger: Logger;
  readonly #descriptors: DescriptorWatch;
  readonly #metricsMax: number;
  readonly #nowMs: () => number;
  readonly #context: PlacedClusterContext;
  readonly #clusters = new Map<string, PlacedCluster>();
  readonly #freeSlots: number[] = [];
  #slotsUsed = 0;
  #lastGeneration = 0;
  /** As they are at any time. */
  #skips: HostSkips | undefined;
  readonly #skipTimer: SkipTimer;
  /** As the state has them, those whose time has passed included. */
  #setThresholds: ReadonlyMap<ThresholdKey, ThresholdEntry> = new Map();
  #refreshTimer: NodeJS.Timeout | undefined;
  #isStopped = false;
  /** The last assignments given to the prober. */
  #assigned: readonly ClusterAssignment[] | null = null;
  #assigning: Promise<void> = Promise.resolve();
  #assigningSoon: Promise<void> | undefined;

  constructor(options: InventoryOptions) {
    this.#board = options.board;
    this.#prober = options.prober;
    this.#logger = options.logger;
    this.#descriptors = new DescriptorWatch(options.logger, options.hostsCounted ?? (() => {}));
    this.#metricsMax = options.metricsMax ?? METRICS_MAX;
    this.#nowMs = options.nowMs ?? monotonicMs;
    this.#skipTimer = new SkipTimer(
      () => this.#nextSkipEndInMs(),
      () => void this.#assignSoon(),
    );
    this.#context = {
      readerFor:
        options.readerFor ??
        createReaderFactory(new FairResolver({ limits: RESOLVER_LIMITS }).client().lookup),
      nowMs: this.#nowMs,
      hostsRoom: (source) => HOSTS_TOTAL_MAX - this.#hostsBeside(source),
      takeSlot: () => this.#freeSlots.pop() ?? this.#slotsUsed++,
      nextGeneration: () => ++this.#lastGeneration,
    };
  }

  /**
   * Replaces the configured clusters. Metrics that stay keep their slot; those that are removed
   * lose their values at once. Resolves when the probe threads have applied the new settings.
   * Rejects with `CONFIG` when there are too many.
   */
  async replaceClusters(clusters: readonly ClusterSettings[]): Promise<void> {
    this.#assertRoom(clusters);
    const names = new Set(clusters.map(({ name }) => name));
    const removed: PlacedMetric[] = [];
    for (const cluster of [...this.#clusters.values()]) {
      if (names.has(cluster.name)) continue;
      this.#clusters.delete(cluster.name);
      removed.push(...cluster.metrics);
    }
    for (const settings of clusters) removed.push(...this.#put(settings));
    for (const { slot } of removed) {
      this.#board.publishSettings(slot, { generation: 0, threshold: 0, maxAgeMs: 0 });
    }
    await this.#readAll();
    // A slot is free when no thread writes it any more for the removed metric.
    for (const { slot } of removed) this.#freeSlots.push(slot);
  }

  /**
   * Hosts were skipped or recovered. `skips` is kept, and asked at each assignment. Resolves when
   * no skipped host is probed.
   */
  skipsChanged(skips: HostSkips): Promise<void> {
    this.#skips = skips;
    this.#skipTimer.changed();
    return this.#assignSoon();
  }

  /** Thresholds in the place of the configured ones: on the board when this returns. */
  setThresholds(thresholds: ReadonlyArray<readonly [ThresholdKey, ThresholdEntry]>): void {
    const before = this.#setThresholds;
    if (before.size === 0 && thresholds.length === 0) return;
    this.#setThresholds = new Map(thresholds);
    for (const cluster of this.#clusters.values()) {
      for (const metric of cluster.metrics) {
        const key = cluster.thresholdKeyOf(metric);
        if (before.get(key) === this.#setThresholds.get(key)) continue;
        this.#publishSettings(cluster, metric);
      }
    }
  }

  /**
   * This node became leader in that term, or lost leadership; the prober is notified from here.
   * Call `refreshNow` too when this node becomes leader.
   */
  lead(probing: boolean, term: number): void {
    // The board rejects values of outdated lists by their generation. Memcached cannot, so their
    // hosts are not probed at all.
    if (probing && this.#expireOldLists()) void this.#assignNow();
    this.#prober.lead(probing, term);
    clearInterval(this.#refreshTimer);
    if (!probing || this.#isStopped) return;
    this.#refreshTimer = setInterval(() => this.refreshNow(), REFRESH_INTERVAL_MS);
  }

  /** Reads all host lists now instead of at the next interval. */
  refreshNow(): void {
    void this.#readAll();
  }

  /** The slots of each configured store, in the order of the configuration. */
  stores(): StoreLocation[] {
    return Array.from(this.#clusters.values(), ({ location }) => location);
  }

  /**
   * Slots of the metrics that may deny a check, and of each store's own one, but for those without
   * a source: they never get a value.
   */
  *slots(): Iterable<number> {
    for (const { location, metrics } of this.#clusters.values()) {
      for (const { slot, settings } of metrics) {
        const isAwaited = slot === location.slot || settings.mode === 'enforce';
        const hasSource = settings.hosts.kind !== 'none' || settings.measured.kind === 'prometheus';
        if (isAwaited && hasSource) yield slot;
      }
    }
  }

  /** Names of the stores whose lists of hosts were never read. */
  unlistedStores(): string[] {
    const unlisted = [...this.#clusters.values()].filter(({ isUnlisted }) => isUnlisted);
    return unlisted.map(({ name }) => name);
  }

  clusterNames(): Iterable<string> {
    return [...this.#clusters.keys()];
  }

  reportOf(cluster: string): ClusterReport | undefined {
    return this.#clusters.get(cluster)?.report(this.#skipTest());
  }

  /** `entry`: the name of a skip, of a host or `host:port`. */
  skipMatch(entry: string): SkipMatch {
    return matchSkip(this.#clusters.values(), entry, this.#skipTest());
  }

  skippable(): Iterable<ProbeTarget> {
    return skippableHosts(this.#clusters.values());
  }

  /** Stops all timers for good: a later `lead` starts none. */
  stop(): void {
    this.#isStopped = true;
    this.#skipTimer.stop();
    clearInterval(this.#refreshTimer);
  }

  /**
   * The lists were not read while this node was not leader: a replica that was added since would
   * not be probed. Until the source has been read again, successfully or not, the store has no
   * value: what its probe thread still writes belongs to an earlier generation. Returns whether
   * there are such lists.
   */
  #expireOldLists(): boolean {
    let anyExpired = false;
    for (const cluster of this.#clusters.values()) {
      for (const source of cluster.sources) {
        if (!source.expireIfReadBefore(this.#nowMs() - REFRESH_INTERVAL_MS)) continue;
        for (const metric of cluster.metricsOf(source)) {
          metric.generation = ++this.#lastGeneration;
          this.#publishSettings(cluster, metric);
        }
        anyExpired = true;
      }
    }
    return anyExpired;
  }

  #assertRoom(clusters: readonly ClusterSettings[]): void {
    const next = new Map(clusters.map((settings) => [settings.name, settings]));
    let removed = 0;
    for (const [name, cluster] of this.#clusters) {
      const settings = next.get(name);
      removed +=
        settings === undefined ? [...cluster.metrics].length : cluster.removedBy(settings).length;
    }
    const metrics = clusters.reduce((sum, settings) => sum + settings.metrics.length, 0);
    if (metrics + removed <= this.#metricsMax) return;
    throw new FrenoError(
      'CONFIG',
      `${metrics} metrics of stores, beside ${removed} that are removed: ` +
        `at most ${this.#metricsMax} at a time`,
    );
  }

  #hostsBeside(source: ListedSource): number {
    let hosts = 0;
    // For each list that is read: with thousands of them, arrays held the thread for seconds.
    for (const { sources } of this.#clusters.values()) {
      for (const other of sources) if (other !== source) hosts += other.hosts;
    }
    return hosts;
  }

  /** Returns the metrics that are removed. */
  #put(settings: ClusterSettings): PlacedMetric[] {
    const present = this.#clusters.get(settings.name);
    const cluster = present ?? new PlacedCluster(settings, this.#context);
    this.#clusters.set(settings.name, cluster);
    const removed = present?.replaceSettings(settings) ?? [];
    for (const metric of cluster.metrics) this.#publishSettings(cluster, metric);
    return removed;
  }

  #publishSettings(cluster: PlacedCluster, metric: PlacedMetric): void {
    const { settings, slot, generation } = metric;
    const { measured, cacheMs, threshold } = settings;
    const reusedMs = measured.kind === 'prometheus' ? measured.intervalMs : cacheMs;
    this.#board.publishSettings(slot, {
      generation,
      threshold,
      maxAgeMs: VALUE_MAX_AGE_MS + reusedMs,
      set: this.#setThresholds.get(cluster.thresholdKeyOf(metric)),
    });
  }

  /** A slow source does not delay the others: each list is assigned when it has been read. */
  #readAll(): Promise<void> {
    for (const cluster of this.#clusters.values()) {
      for (const source of cluster.sources) void this.#read(cluster, source);
    }
    return this.#assignSoon();
  }

  async #read(cluster: PlacedCluster, source: ListedSource): Promise<void> {
    const changed = await source.read();
    if (this.#clusters.get(cluster.name) === cluster && cluster.sources.includes(source)) {
      if (changed !== null) this.#logHealth(cluster, source, changed);
      this.#logOddRows(cluster, source);
    }
    await this.#assignSoon();
  }

  /** Once per change: a source that stays down is shown by the report. */
  #logHealth(cluster: PlacedCluster, source: ListedSource, health: SourceHealth): void {
    const { error } = source;
    const fields = logFields(cluster, source);
    switch (health) {
      case 'good':
        this.#logger.warn(fields, 'host list is readable again');
        break;
      case 'partial':
        this.#logger.warn({ ...fields, error }, 'host list is incomplete');
        break;
      case 'failed':
        this.#logger.warn({ ...fields, error }, 'cannot read host list');
        break;
    }
  }

  #logOddRows(cluster: PlacedCluster, source: ListedSource): void {
    const rows = source.takeNewOddRows();
    if (rows.length === 0) return;
    this.#logger.warn(
      {
        ...logFields(cluster, source),
        count: rows.length,
        rows: rows.slice(0, ODD_ROWS_LOGGED),
      },
      'host list has odd rows',
    );
  }

  /** All changes of one iteration of the event loop are assigned together. */
  #assignSoon(): Promise<void> {
    this.#assigningSoon ??= new Promise(setImmediate).then(() => {
      this.#assigningSoon = undefined;
      return this.#assignNow();
    });
    return this.#assigningSoon;
  }

  #assignNow(): Promise<void> {
    const isSkipped = this.#skipTest();
    const assignments = [...this.#clusters.values()]
      .map((cluster) => cluster.assignment(isSkipped))
      .filter((assignment) => assignment !== null);
    if (!isSameList(assignments, this.#assigned)) {
      this.#assigned = assignments;
      this.#descriptors.compare(assignments);
      this.#assigning = this.#prober.assign(assignments);
    }
    return this.#assigning;
  }

  #nextSkipEndInMs(): number {
    const nowUnixMs = this.#board.expiryTimeMs();
    return (this.#skips?.nextSkipEndMs(nowUnixMs) ?? Number.POSITIVE_INFINITY) - nowUnixMs;
  }

  #skipTest(): SkipTest {
    const skips = this.#skips;
    if (!skips?.hasSkippedHosts) return () => false;
    const nowUnixMs = this.#board.expiryTimeMs();
    const isSkipped = (entry: string): boolean => skips.skippedHost(entry, nowUnixMs) !== undefined;
    return (target) => isSkipped(target.host) || isSkipped(formatAddress(target));
  }
}

/** The store, and the first metric with that list unless it is the own one. */
function logFields(cluster: PlacedCluster, source: ListedSource): object {
  const [own] = cluster.sources;
  const metric = cluster.metricsOf(source)[0]?.settings.name;
  return source === own ? { store: cluster.name } : { store: cluster.name, metric };
}
