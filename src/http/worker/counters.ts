/** Counts of checks by app and store, bounded however many names clients invent. */

import type { Mutable } from '../../base/mutable.js';
import type { CheckCount, ObservedDenials } from '../../contracts/http.js';
import type { CheckStatus } from '../../throttle/judgement.js';

/** Names beyond the bound count together under this one. */
export const OTHER = '(other)';

export interface CounterLimits {
  readonly appsMax: number;
  /** Names of stores that are not configured. The configuration bounds the others. */
  readonly unconfiguredStoresMax: number;
  /** Pairs of app and store. Each app may have one more entry, for all other stores. */
  readonly pairsMax: number;
}

const COUNTER_LIMITS: CounterLimits = {
  appsMax: 10_000,
  unconfiguredStoresMax: 1_000,
  pairsMax: 50_000,
};

/** Checks of one app on one store, by the status of the response. */
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
  /** By `pairKey`. One map: a map for each app would take more memory than all the counts. */
  readonly #counts = new Map<string, Count>();
  #pairs = 0;
  /** By `pairKey`: as many as metrics were ever configured. */
  readonly #observed = new Map<string, Mutable<ObservedDenials>>();

  constructor(limits = COUNTER_LIMITS) {
    this.#limits = limits;
  }

  /** The count of that app and that store. The same object every time, so that it can be cached. */
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
    for (const count of this.#counts.values()) yield { storeType: 'mysql', ...count };
  }

  #add(app: string, storeName: string): Count {
    const count = new Count(app, storeName, this.#counts.size);
    this.#counts.set(pairKey(app, storeName), count);
    return count;
  }
}

/** The name, when it is known or there is room for it; otherwise `OTHER`. */
function bounded(name: string, known: Set<string>, knownMax: number): string {
  if (known.has(name)) return name;
  if (known.size >= knownMax) return OTHER;
  known.add(name);
  return name;
}

/** Unambiguous: the names come from segments of paths and have no slash. */
function pairKey(app: string, storeName: string): string {
  return `${app}/${storeName}`;
}
