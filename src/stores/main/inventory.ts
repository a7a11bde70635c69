/**
 * The inventory: which clusters there are, where each lies on the board, and which hosts of each
 * are to be probed now.
 */

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

/** Lists of hosts are read this often while this node leads. */
const REFRESH_INTERVAL_MS = 10_000;

/**
 * A value is gone this long after its reading, or `CACHE_GRACE_MS` after its time in the cache
 * ends.
 */
const VALUE_MAX_AGE_MS = 5_000;
const CACHE_GRACE_MS = 2_000;

const NAMES_LIMITS = { lookupsMax: 4, foundMs: 5_000, notFoundMs: 1_000 };

/** Longest delay that a timer takes. */
const TIMER_MAX_MS = 2 ** 31 - 1;

/** Hosts whose skips end within this time of each other return together. */
const SKIP_TIMER_MIN_MS = 20;

/** Who probes what the inventory lists. */
export interface ClusterProber {
  /** Resolves when nothing but these is probed and written. Does not reject. */
  assign(assignments: readonly ClusterAssignment[]): Promise<void>;
  lead(probing: boolean, term: number): void;
}

export interface InventoryOptions {
  readonly board: Board;
  readonly prober: ClusterProber;
  readonly logger: Logger;
  /** Places on the board. */
  readonly storesMax?: number;
  /** Where lists of hosts come from: the network, unless given. */
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
  /** By lower-case host name, the Unix time in milliseconds until which it is left out. */
  #skippedUntil: ReadonlyMap<string, number> = new Map();
  #skipTimer: NodeJS.Timeout | undefined;
  #refreshTimer: NodeJS.Timeout | undefined;
  #isStopped = false;
  /** What the prober was told last. */
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
      createReaderFactory(new FairResolver({ limits: NAMES_LIMITS }).client().lookup);
    this.#nowMs = options.nowMs ?? monotonicMs;
  }

  /**
   * The clusters from now on. Those that stay keep their place; those that go lose their values at
   * once. Resolves when the probe threads work by the new settings. Rejects with `CONFIG` when
   * there are too many.
   */
  async replaceClusters(clusters: readonly ClusterSettings[]): Promise<void> {
    const names = new Set(clusters.map(({ name }) => name));
    const gone = [...this.#clusters.values()].filter(({ settings }) => !names.has(settings.name));
    if (clusters.length + gone.length > this.#storesMax) {
      throw new FrenoError(
        'CONFIG',
        `${clusters.length} clusters, beside ${gone.length} that go: at most ${this.#storesMax} at a time`,
      );
    }
    for (const cluster of gone) this.#remove(cluster);
    for (const settings of clusters) this.#put(settings);
    await this.#readAll();
    // A place is given to another store only when nobody writes there any more for the one before.
    for (const { slot } of gone) this.#freeSlots.push(slot);
  }

  /**
   * Hosts by name, with the Unix time in milliseconds until which each is left out. Resolves when
   * none of them is probed.
   */
  setSkippedHosts(hosts: ReadonlyArray<readonly [string, number]>): Promise<void> {
    this.#skippedUntil = new Map(hosts.map(([host, untilMs]) => [host.toLowerCase(), untilMs]));
    this.#armSkipTimer();
    return this.#assignSoon();
  }

  /**
   * To be told of leadership in the prober's place: lists are read while this node leads, and at
   * once when it begins.
   */
  lead(probing: boolean, term: number): void {
    // The board takes no values by lists in doubt; memcached would, so those hosts are not probed
    // to begin with.
    if (probing && this.#doubtOldLists()) void this.#assignNow();
    this.#prober.lead(probing, term);
    clearInterval(this.#refreshTimer);
    if (!probing || this.#isStopped) return;
    this.#refreshTimer = setInterval(() => this.refreshNow(), REFRESH_INTERVAL_MS);
  }

  /** Reads every list of hosts at once instead of at its next time. */
  refreshNow(): void {
    void this.#readAll();
  }

  /** Where each configured store lies on the board, in the order of the configuration. */
  stores(): StoreLocation[] {
    return [...this.#clusters.values()].map(({ settings, slot }) => ({
      name: settings.name,
      slot,
    }));
  }

  /**
   * Places on the board of the stores that have a source of hosts: the others never get a value.
   */
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

  /** Leaves no timer behind, whoever comes to lead afterwards. */
  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#skipTimer);
    clearInterval(this.#refreshTimer);
  }

  /**
   * Nobody has read the lists while this node did not lead: a replica that came since would not be
   * asked. Until the source was asked again, whatever it answers, nothing counts as a value of the
   * store: what its probe thread still writes is of a generation before. Returns whether there are
   * such lists.
   */
  #doubtOldLists(): boolean {
    let found = false;
    for (const cluster of this.#clusters.values()) {
      if (!cluster.doubtIfAskedBefore(this.#nowMs() - REFRESH_INTERVAL_MS)) continue;
      cluster.generation = ++this.#lastGeneration;
      this.#publishSettings(cluster);
      found = true;
    }
    return found;
  }

  #put(settings: ClusterSettings): void {
    const present = this.#clusters.get(settings.name);
    if (present === undefined) {
      const slot = this.#freeSlots.pop() ?? this.#slotsUsed++;
      const generation = ++this.#lastGeneration;
      const cluster = new ClusterHosts(settings, this.#readerFor, slot, generation, this.#nowMs);
      this.#clusters.set(settings.name, cluster);
    } else {
      // Values of another query are values of another store.
      if (present.settings.metricQuery !== settings.metricQuery) {
        present.generation = ++this.#lastGeneration;
      }
      present.replaceSettings(settings);
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

  /** Lists that take their time do not hold up the others: each is assigned when it is there. */
  #readAll(): Promise<void> {
    for (const cluster of this.#clusters.values()) void this.#read(cluster);
    return this.#assignSoon();
  }

  async #read(cluster: ClusterHosts): Promise<void> {
    const changed = await cluster.read();
    if (changed !== null) this.#logHealth(cluster, changed);
    await this.#assignSoon();
  }

  /** Once for each change: a source that stays down is seen in the report. */
  #logHealth(cluster: ClusterHosts, health: SourceHealth): void {
    const { error } = cluster;
    const store = cluster.settings.name;
    if (this.#clusters.get(store) !== cluster) return;
    switch (health) {
      case 'good':
        this.#logger.warn({ store }, 'the list of hosts can be read again');
        break;
      case 'partial':
        this.#logger.warn({ store, error }, 'the list of hosts can be read only in part');
        break;
      case 'failed':
        this.#logger.warn({ store, error }, 'the list of hosts cannot be read');
        break;
    }
  }

  /** What changes in one turn of the event loop is assigned at once. */
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
    return (host) => (skippedUntil.get(host.toLowerCase()) ?? 0) > nowUnixMs;
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
