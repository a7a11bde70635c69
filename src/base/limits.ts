/** Bounds that several parts must agree on. */

/** Stores (clusters) of one node: the board has a slot for each, the configuration allows no more. */
export const STORES_MAX = 4_096;
