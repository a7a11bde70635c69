/** Bounds that several parts must agree on. */

/** Stores (clusters) of a node: slots of the board, and clusters that the configuration allows. */
export const STORES_MAX = 4_096;
