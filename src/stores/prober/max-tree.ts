/**
 * A tournament over a fixed number of places: which of them holds the highest number, kept up with
 * each change.
 */

/**
 * A complete binary tree in an array: node `n` has the children `2n` and `2n + 1` and holds the
 * higher of them; the places are the leaves. A change costs at most one step per level, ten for
 * 1,000 places. Empty places hold minus infinity.
 */
export class MaxTree {
  readonly #leaves: number;
  readonly #nodes: Float64Array;

  constructor(places: number) {
    this.#leaves = 2 ** Math.ceil(Math.log2(Math.max(1, places)));
    this.#nodes = new Float64Array(2 * this.#leaves).fill(Number.NEGATIVE_INFINITY);
  }

  /** Minus infinity when every place is empty. */
  get highest(): number {
    return this.#nodes[1]!;
  }

  /** A place that holds the highest number. */
  get winner(): number {
    const nodes = this.#nodes;
    let node = 1;
    while (node < this.#leaves) node = 2 * node + (nodes[2 * node] === nodes[node] ? 0 : 1);
    return node - this.#leaves;
  }

  set(place: number, value: number): void {
    const nodes = this.#nodes;
    let node = this.#leaves + place;
    nodes[node] = value;
    while (node > 1) {
      const higher = Math.max(nodes[node]!, nodes[node ^ 1]!);
      node >>= 1;
      if (nodes[node] === higher) return;
      nodes[node] = higher;
    }
  }
}
