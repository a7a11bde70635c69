/** Counts of checks by app and store, bounded however many names clients invent. */

import { STORE_LENGTH_MAX } from '../../base/limits.js';
import type { Mutable } from '../../base/mutable.js';
import {
  type AskingPair,
  type CheckCount,
  COUNTED_BYTES_MAX,
  countedBytes,
  type ObservedDenials,
  OTHER,
  STOPPED_ASKING_MS,
} from '../../contracts/http.js';
import { APP_LENGTH_MAX, isLongerThan } from '../../throttle/command-limits.js';
import type { CheckStatus, JudgedMetric, Judgement } from '../../throttle/judgement.js';

/** The name under which an app is counted, and listed as recent. */
export function countedApp(app: string): string {
  return isLongerThan(APP_LENGTH_MAX, app) ? OTHER : app;
}

export interface CounterLimits {
  readonly appsMax: number;
  /** Names of stores that are not configured. The configuration bounds the others. */
  readonly unconfiguredStoresMax: number;
  /** Pairs of app and store. Each app may have one more entry, for all other stores. */
  readonly pairsMax: number;
  /** UTF-8 bytes of apps and unconfigured stores, and `countedBytes` of each pair. */
  readonly bytesMax: number;
}

const COUNTER_LIMITS: CounterLimits = {
  appsMax: 10_000,
  unconfiguredStoresMax: 1_000,
  pairsMax: 50_000,
  bytesMax: COUNTED_BYTES_MAX,
};

/** The metric that decided; null: none did. */
type DecidingMetric = Pick<JudgedMetric, 'name'> | null;

/** Checks of one app on one store, by the status of the response. */
export class Count {
  /** As `AskingPair`. */
  seenAtMs = 0;
  waitingSinceMs = 0;
  wentOnAtMs = 0;
  longestWaitMs = 0;
  lastStatus = 0;
  lastMetric = '';
  isLowPriority = false;
  ok = 0;
  notFound = 0;
  denied = 0;
  exceeded = 0;
  internalError = 0;

  /** `rank`: how many counts there were before this one. */
  constructor(
    readonly app: string,
    readonly storeName: string,
    readonly rank: number,
  ) {}

  /** `nowMs`: `monotonicMs()` of the check. */
  add(
    status: CheckStatus,
    nowMs: number,
    isLowPriority: boolean,
    metric: DecidingMetric = null,
  ): void {
    if (status !== 200) {
      this.#waits(nowMs);
      this.lastMetric = metric === null ? '' : metric.name;
    } else {
      if (this.waitingSinceMs !== 0) this.#goesOn(nowMs);
      this.wentOnAtMs = nowMs;
    }
    this.seenAtMs = nowMs;
    this.lastStatus = status;
    this.isLowPriority = isLowPriority;
    switch (status) {
      case 200:
        this.ok++;
        return;
      case 404:
        this.notFound++;
        return;
      case 417:
        this.denied++;
        return;
      case 429:
        this.exceeded++;
        return;
      case 500:
        this.internalError++;
    }
  }

  /** A client waits for this check, which has no answer yet. */
  isAwaited({ status, metric }: Judgement, nowMs: number, isLowPriority: boolean): void {
    this.#waits(nowMs);
    this.seenAtMs = nowMs;
    this.lastStatus = status;
    this.lastMetric = metric === null ? '' : metric.name;
    this.isLowPriority = isLowPriority;
  }

  #waits(nowMs: number): void {
    const hasStopped = nowMs - this.seenAtMs > STOPPED_ASKING_MS;
    if (this.waitingSinceMs === 0 || hasStopped) this.waitingSinceMs = nowMs;
    this.longestWaitMs = Math.max(this.longestWaitMs, nowMs - this.waitingSinceMs);
  }

  #goesOn(nowMs: number): void {
    if (nowMs - this.seenAtMs <= STOPPED_ASKING_MS) {
      this.longestWaitMs = Math.max(this.longestWaitMs, nowMs - this.waitingSinceMs);
    }
    this.waitingSinceMs = 0;
  }
}

export class CheckCounters {
  readonly #limits: CounterLimits;
  readonly #apps = new Set<string>();
  readonly #unconfiguredStores = new Set<string>();
  /** By `pairKey`. One map: a map for each app would take more memory than all the counts. */
  readonly #counts = new Map<string, Count>();
  #pairs = 0;
  #bytes = 0;
  /** By `pairKey`: as many as metrics are configured. */
  readonly #observed = new Map<string, Mutable<ObservedDenials>>();

  constructor(limits: Partial<CounterLimits> = {}) {
    this.#limits = { ...COUNTER_LIMITS, ...limits };
  }

  /** The count of that app and that store. The same object every time, so that it can be cached. */
  of(app: string, storeName: string, isConfigured: boolean): Count {
    const { appsMax, unconfiguredStoresMax, pairsMax } = this.#limits;
    const boundedApp = this.#bounded(countedApp(app), this.#apps, appsMax);
    const store = isConfigured
      ? storeName
      : this.#bounded(storeName, this.#unconfiguredStores, unconfiguredStoresMax);
    const present = this.#counts.get(pairKey(boundedApp, store));
    if (present !== undefined) return present;
    if (this.#pairs < pairsMax && this.#takeBytes(countedBytes(boundedApp, store))) {
      this.#pairs++;
      return this.#add(boundedApp, store);
    }
    return this.#counts.get(pairKey(boundedApp, OTHER)) ?? this.#add(boundedApp, OTHER);
  }

  /** Drops what was counted of stores that are no longer configured, with their labels. */
  forgetStores(names: ReadonlySet<string>): void {
    for (const [key, { app, storeName }] of this.#counts) {
      if (!names.has(storeName)) continue;
      this.#counts.delete(key);
      this.#pairs--;
      this.#bytes -= countedBytes(app, storeName);
    }
    for (const [key, { storeName }] of this.#observed) {
      if (names.has(storeName)) this.#observed.delete(key);
    }
  }

  /** The same object every time, so that it can be cached. */
  observedOf(storeName: string, metric: string): Mutable<ObservedDenials> {
    const key = pairKey(metric, storeName);
    let denials = this.#observed.get(key);
    if (denials === undefined) {
      denials = { storeName, metric, count: 0 };
      this.#observed.set(key, denials);
    }
    return denials;
  }

  /** Of each observed metric of which a check was asked. */
  observedDenials(): ObservedDenials[] {
    return [...this.#observed.values()];
  }

  *counts(): Generator<CheckCount> {
    for (const { app, storeName, rank, ...count } of this.#counts.values()) {
      const { ok, notFound, denied, exceeded, internalError } = count;
      const statuses = { ok, notFound, denied, exceeded, internalError };
      yield { storeType: 'mysql', app, storeName, rank, ...statuses };
    }
  }

  /** Pairs that have asked since `sinceMs`. */
  *asking(sinceMs: number): Generator<AskingPair> {
    for (const { app, storeName, ...count } of this.#counts.values()) {
      const { seenAtMs, waitingSinceMs, wentOnAtMs, longestWaitMs } = count;
      if (seenAtMs < sinceMs) continue;
      const { lastStatus, lastMetric, isLowPriority, ok } = count;
      const refused = count.notFound + count.denied + count.exceeded + count.internalError;
      const waits = { seenAtMs, waitingSinceMs, wentOnAtMs, longestWaitMs };
      yield { app, storeName, ...waits, lastStatus, lastMetric, isLowPriority, ok, refused };
    }
  }

  /** The name, when it is known or there is room for it; otherwise `OTHER`. */
  #bounded(name: string, known: Set<string>, knownMax: number): string {
    if (known.has(name)) return name;
    const isRefused = known.size >= knownMax || isLongerThan(STORE_LENGTH_MAX, name);
    if (isRefused || !this.#takeBytes(Buffer.byteLength(name))) return OTHER;
    known.add(name);
    return name;
  }

  /** False: there is no room. */
  #takeBytes(bytes: number): boolean {
    if (this.#bytes + bytes > this.#limits.bytesMax) return false;
    this.#bytes += bytes;
    return true;
  }

  #add(app: string, storeName: string): Count {
    const count = new Count(app, storeName, this.#counts.size);
    this.#counts.set(pairKey(app, storeName), count);
    return count;
  }
}

/** Unambiguous: the names come from segments of paths and have no slash. */
function pairKey(app: string, storeName: string): string {
  return `${app}/${storeName}`;
}
