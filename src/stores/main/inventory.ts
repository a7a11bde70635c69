/**
 * The inventory: which clusters are configured, which slot of the board each has, by which
 * threshold checks judge it, and which of its hosts are probed now. It reads the host lists while
 * this node is leader, applies ignored and skipped hosts, and hands the result to the probe threads
 * as assignments.
 *
 * A slot is written by one thread for one store at a time. So the slot of a removed store is reused
 * only after all threads have acknowledged that it is no longer assigned, and each store that gets
 * a slot has a new generation, by which readers reject values of the store before it.
 */
import { formatAddress } from '../../base/address.js';
import { monotonicMs } from '../../base/clock.js';
import { FairResolver } from '../../base/dns-resolver.js';
import { FrenoError } from '../../base/errors.js';
import type { Logger } from '../../base/log.js';
import type { Board } from '../../board/board.js';
import { STORES_MAX } from '../../board/board.js';
import type { StoreLocation } from '../../contracts/http.js';
import type { ClusterReport, InventoryReporter } from '../../contracts/reports.js';
import type { ClusterAssignment, ClusterSettings } from '../../contracts/stores.js';
import { ClusterHosts, type SkipTest, type SourceHealth } from './cluster-hosts.js';
import { createReaderFactory } from './hosts/create-host-source.js';
import type { ReaderFactory } from './hosts/host-source.js';

/** Host lists are read this often while this node is leader. */
const REFRESH_INTERVAL_MS = 10_000;

/**
 * A value expires this long after it was read, or `CACHE_GRACE_MS` after `CacheMillis` has passed,
 * whichever is later.
 */
const VALUE_MAX_AGE_MS = 5_000;
const CACHE_GRACE_MS = 2_000;

const RESOLVER_LIMITS = { lookupsMax: 4, foundMs: 5_000, notFoundMs: 1_000 };

/** Of one reading; `/inventory` has all. */
const ODD_ROWS_LOGGED = 10;

/** Longest delay of `setTimeout`. */
const TIMER_MAX_MS = 2 ** 31 - 1;

/** Skips that expire within this time of each other are ended together. */
const SKIP_TIMER_MIN_MS = 20;

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
  /** Slots of the board. */
  readonly storesMax?: number;
  /** Creates the readers of host lists: those of `hosts/`, unless given. */
  readonly readerFor?: ReaderFactory;
  /** `monotonicMs`, unless given. */
  readonly nowMs?: () => number;
}

export class Inventory implements InventoryReporter {
  readonly #board: Board;
  readonly #prober: ClusterProber;
  readonly #logger: Logger;
  readonly #storesMax: number;
  readonly #readerFor: ReaderFactory;
  readonly #nowMs: () => number;
  readonly #clusters = new Map<string, ClusterHosts>();
  readonly #freeSlots: number[] = [];
  #slotsUsed = 0;
  #lastGeneration = 0;
  /** Until when each is skipped (Unix, milliseconds), by lower-case host name or `host:port`. */
  #skippedUntil: ReadonlyMap<string, number> = new Map();
  #skipTimer: NodeJS.Timeout | undefined;
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
    this.#storesMax = options.storesMax ?? STORES_MAX;
    this.#readerFor =
      options.readerFor ??
      createReaderFactory(new FairResolver({ limits: RESOLVER_LIMITS }).client().lookup);
    this.#nowMs = options.nowMs ?? monotonicMs;
  }

  /**
   * Replaces the configured clusters. Those that stay keep their slot; those that are removed lose
   * their values at once. Resolves when the probe threads have applied the new settings. Rejects
   * with `CONFIG` when there are too many.
   */
  async replaceClusters(clusters: readonly ClusterSettings[]): Promise<void> {
    const names = new Set(clusters.map(({ name }) => name));
    const removed = [...this.#clusters.values()].filter(
      ({ settings }) => !names.has(settings.name),
    );
    if (clusters.length + removed.length > this.#storesMax) {
      throw new FrenoError(
        'CONFIG',
        `${clusters.length} clusters, beside ${removed.length} that are removed: ` +
          `at most ${this.#storesMax} at a time`,
      );
    }
    for (const cluster of removed) this.#remove(cluster);
    for (const settings of clusters) this.#put(settings);
    await this.#readAll();
    // A slot is free when no thread writes it any more for the removed store.
    for (const { slot } of removed) this.#freeSlots.push(slot);
  }

  /**
   * Hosts by name or `host:port`, with the Unix time in milliseconds until which each is skipped.
   * Resolves when none of them is probed.
   */
  setSkippedHosts(hosts: ReadonlyArray<readonly [string, number]>): Promise<void> {
    this.#skippedUntil = new Map(hosts.map(([host, untilMs]) => [host.toLowerCase(), untilMs]));
    this.#armSkipTimer();
    return this.#assignSoon();
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

  /** The slot of each configured store, in the order of the configuration. */
  stores(): StoreLocation[] {
    return [...this.#clusters.values()].map(({ settings, slot }) => ({
      name: settings.name,
      slot,
    }));
  }

  /** Slots of the stores that have a host source: the others never get a value. */
  *slots(): Iterable<number> {
    for (const { slot, settings } of this.#clusters.values()) {
      if (settings.source.kind !== 'none') yield slot;
    }
  }

  /** By cluster name. */
  report(): ReadonlyMap<string, ClusterReport> {
    const isSkipped = this.#skipTest();
    return new Map([...this.#clusters].map(([name, cluster]) => [name, cluster.report(isSkipped)]));
  }

  /** Stops all timers for good: a later `lead` starts none. */
  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#skipTimer);
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
      if (!cluster.expireIfReadBefore(this.#nowMs() - REFRESH_INTERVAL_MS)) continue;
      cluster.generation = ++this.#lastGeneration;
      this.#publishSettings(cluster);
      anyExpired = true;
    }
    return anyExpired;
  }

  #put(settings: ClusterSettings): void {
    const present = this.#clusters.get(settings.name);
    if (present === undefined) {
      const slot = this.#freeSlots.pop() ?? this.#slotsUsed++;
      const generation = ++this.#lastGeneration;
      const cluster = new ClusterHosts(settings, this.#readerFor, slot, generation, this.#nowMs);
      this.#clusters.set(settings.name, cluster);
    } else {
      const isOtherQuery = present.settings.metricQuery !== settings.metricQuery;
      const isOtherSource = present.replaceSettings(settings);
      // Values of another query, or of hosts that are perhaps not listed, belong to another store.
      if (isOtherQuery || isOtherSource) present.generation = ++this.#lastGeneration;
    }
    this.#publishSettings(this.#clusters.get(settings.name)!);
  }

  #publishSettings({ settings, slot, generation }: ClusterHosts): void {
    this.#board.publishSettings(slot, {
      generation,
      threshold: settings.throttleThreshold,
      maxAgeMs: Math.max(VALUE_MAX_AGE_MS, settings.cacheMs + CACHE_GRACE_MS),
    });
  }

  #remove(cluster: ClusterHosts): void {
    this.#clusters.delete(cluster.settings.name);
    this.#board.publishSettings(cluster.slot, { generation: 0, threshold: 0, maxAgeMs: 0 });
  }

  /** A slow source does not delay the others: each list is assigned when it has been read. */
  #readAll(): Promise<void> {
    for (const cluster of this.#clusters.values()) void this.#read(cluster);
    return this.#assignSoon();
  }

  async #read(cluster: ClusterHosts): Promise<void> {
    const changed = await cluster.read();
    if (changed !== null) this.#logHealth(cluster, changed);
    this.#logOddRows(cluster);
    await this.#assignSoon();
  }

  /** Once per change: a source that stays down is shown by the report. */
  #logHealth(cluster: ClusterHosts, health: SourceHealth): void {
    const { error } = cluster;
    const store = cluster.settings.name;
    if (this.#clusters.get(store) !== cluster) return;
    switch (health) {
      case 'good':
        this.#logger.warn({ store }, 'host list is readable again');
        break;
      case 'partial':
        this.#logger.warn({ store, error }, 'host list is incomplete');
        break;
      case 'failed':
        this.#logger.warn({ store, error }, 'cannot read host list');
        break;
    }
  }

  #logOddRows(cluster: ClusterHosts): void {
    const store = cluster.settings.name;
    if (this.#clusters.get(store) !== cluster) return;
    const rows = cluster.takeNewOddRows();
    if (rows.length === 0) return;
    this.#logger.warn(
      { store, count: rows.length, rows: rows.slice(0, ODD_ROWS_LOGGED) },
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
    if (!isSame(assignments, this.#assigned)) {
      this.#assigned = assignments;
      this.#assigning = this.#prober.assign(assignments);
    }
    return this.#assigning;
  }

  #skipTest(): SkipTest {
    const skippedUntil = this.#skippedUntil;
    const nowUnixMs = this.#board.expiryTimeMs();
    const isSkipped = (entry: string): boolean =>
      (skippedUntil.get(entry.toLowerCase()) ?? 0) > nowUnixMs;
    return (target) =>
      skippedUntil.size > 0 && (isSkipped(target.host) || isSkipped(formatAddress(target)));
  }

  #armSkipTimer(): void {
    clearTimeout(this.#skipTimer);
    if (this.#isStopped) return;
    const nowUnixMs = this.#board.expiryTimeMs();
    let nextMs = Number.POSITIVE_INFINITY;
    for (const untilMs of this.#skippedUntil.values()) {
      if (untilMs > nowUnixMs && untilMs < nextMs) nextMs = untilMs;
    }
    if (nextMs === Number.POSITIVE_INFINITY) return;
    const delayMs = Math.min(TIMER_MAX_MS, Math.max(SKIP_TIMER_MIN_MS, nextMs - nowUnixMs));
    this.#skipTimer = setTimeout(() => {
      this.#armSkipTimer();
      void this.#assignSoon();
    }, delayMs);
  }
}

function isSame(
  left: readonly ClusterAssignment[],
  right: readonly ClusterAssignment[] | null,
): boolean {
  return (
    right !== null &&
    left.length === right.length &&
    left.every((assignment, index) => assignment === right[index])
  );
}
