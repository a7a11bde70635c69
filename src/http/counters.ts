/** Counts of checks by app and store, bounded however many names clients invent. */
import type { CheckStatus } from '../throttle/check.js';
import type { CheckCount } from '../wire/http.js';

/** Names beyond the bound count together under this one. */
export const OTHER = '(other)';

export interface CounterLimits {
  readonly appsMax: number;
  /** Names of stores that are not configured; the configured ones are bounded by the configuration. */
  readonly strangeStoresMax: number;
  /** Apps times stores. Each app may besides have one entry for all the others. */
  readonly pairsMax: number;
}

const COUNTER_LIMITS: CounterLimits = {
  appsMax: 10_000,
  strangeStoresMax: 1_000,
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
  constructor(readonly rank: number) {}

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
  readonly #apps = new Map<string, Map<string, Count>>();
  readonly #strangeStores = new Set<string>();
  #pairs = 0;
  #counts = 0;

  constructor(limits = COUNTER_LIMITS) {
    this.#limits = limits;
  }

  /** Where checks of that app on that store are to be counted. The same object every time. */
  of(app: string, storeName: string, isConfigured: boolean): Count {
    const store = isConfigured ? storeName : this.#boundedStore(storeName);
    const stores = this.#storesOf(app);
    const present = stores.get(store);
    if (present !== undefined) return present;
    if (this.#pairs < this.#limits.pairsMax) {
      this.#pairs++;
      return this.#added(stores, store);
    }
    return stores.get(OTHER) ?? this.#added(stores, OTHER);
  }

  *counts(): Generator<CheckCount> {
    for (const [app, stores] of this.#apps) {
      for (const [storeName, count] of stores) {
        yield { app, storeType: 'mysql', storeName, ...count };
      }
    }
  }

  #storesOf(app: string): Map<string, Count> {
    const name = this.#apps.has(app) || this.#apps.size < this.#limits.appsMax ? app : OTHER;
    let stores = this.#apps.get(name);
    if (stores === undefined) {
      stores = new Map();
      this.#apps.set(name, stores);
    }
    return stores;
  }

  #added(stores: Map<string, Count>, store: string): Count {
    const count = new Count(this.#counts++);
    stores.set(store, count);
    return count;
  }

  #boundedStore(storeName: string): string {
    if (this.#strangeStores.has(storeName)) return storeName;
    if (this.#strangeStores.size >= this.#limits.strangeStoresMax) return OTHER;
    this.#strangeStores.add(storeName);
    return storeName;
  }
}
