/** Bounds that several parts must agree on. */

/**
 * A value expires this long after it was read, or after the next reading is due (`CacheMillis`,
 * `IntervalMillis`): twice the time-out of a probe.
 */
export const VALUE_MAX_AGE_MS = 2_000;

/** Hosts of one list. */
export const LIST_HOSTS_MAX = 10_000;

/** Hosts of all lists together. */
export const HOSTS_TOTAL_MAX = 20_000;

/** Metrics of all stores of a node: slots of the board. */
export const METRICS_MAX = 4_096;

/** Metrics of one store. */
export const STORE_METRICS_MAX = 16;

/** Characters of the name of a store. */
export const STORE_LENGTH_MAX = 128;

/** Stores (clusters) of a node: each has a metric of its own. */
export const STORES_MAX = METRICS_MAX;
