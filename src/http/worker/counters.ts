/** Counts of checks by app and store, bounded however many names clients invent. */

import type { CheckCount } from '../../contracts/http.js';
import type { CheckStatus } from '../../throttle/check.js';

/** Names beyond the bound count together under this one. */
export const OTHER = '(other)';

export interface CounterLimits {
  readonly appsMax: number;
  /**
   * Names of stores that are not configured; the configured ones are bounded by the configuration.
   */
  readonly unconfiguredStoresMax: number;
  /** Apps times stores. Each app may besides have one entry for all the others. */
  readonly pairsMax: number;
}

const COUNTER_LIMITS: CounterLimits = {
  appsMax: 10_000,
  unconfiguredStoresMax: 1_000,
  pairsMax: 50_000,
};

/** Checks of one app on one store, by what was answered. */
export class Count {
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

  add(status: CheckStatus): void {
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
}

export class CheckCounters {
  readonly #limits: CounterLimits;
  readonly #apps = new Set<string>();
  readonly #unconfiguredStores = new Set<string>();
  /** By `pairKey`. In one map: one for each app would take more than all the counts. */
  readonly #counts = new Map<string, Count>();
  #pairs = 0;

  constructor(limits = COUNTER_LIMITS) {
    this.#limits = limits;
  }

  /** Where checks of that app on that store are to be counted. The same object every time. */
  of(app: string, storeName: string, isConfigured: boolean): Count {
    const boundedApp = bounded(app, this.#apps, this.#limits.appsMax);
    const store = isConfigured
      ? storeName
      : bounded(storeName, this.#unconfiguredStores, this.#limits.unconfiguredStoresMax);
    const present = this.#counts.get(pairKey(boundedApp, store));
    if (present !== undefined) return present;
    if (this.#pairs < this.#limits.pairsMax) {
      this.#pairs++;
      return this.#add(boundedApp, store);
    }
    return this.#counts.get(pairKey(boundedApp, OTHER)) ?? this.#add(boundedApp, OTHER);
  }

  *counts(): Generator<CheckCount> {
    for (const count of this.#counts.values()) yield { storeType: 'mysql', ...count };
  }

  #add(app: string, storeName: string): Count {
    const count = new Count(app, storeName, this.#counts.size);
    this.#counts.set(pairKey(app, storeName), count);
    return count;
  }
}

/** The name, among at most so many that are known, or what stands for all others. */
function bounded(name: string, known: Set<string>, knownMax: number): string {
  if (known.has(name)) return name;
  if (known.size >= knownMax) return OTHER;
  known.add(name);
  return name;
}

/** Names come from segments of paths: they have no slash. */
function pairKey(app: string, storeName: string): string {
  return `${app}/${storeName}`;
}
