/** Bounds that several parts must agree on. */

/** Metrics of all stores of a node: slots of the board. */
export const METRICS_MAX = 4_096;

/** Metrics of one store. */
export const STORE_METRICS_MAX = 16;

/** Stores (clusters) of a node: each has a metric of its own. */
export const STORES_MAX = METRICS_MAX;
