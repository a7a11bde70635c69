/**
 * The highest of many numbers that change one at a time: a complete binary tree in an array (a
 * tournament tree: Knuth, The Art of Computer Programming, volume 3, section 5.4.1).
 *
 * Node `n` has the children `2n` and `2n + 1` and holds the higher of them; the items are the
 * leaves. A change costs at most one step per level, ten for 1,000 items, where a search for the
 * highest would visit all of them. An empty item holds minus infinity.
 */

export class MaxTree {
  readonly #leaves: number;
  readonly #nodes: Float64Array;

  constructor(items: number) {
    this.#leaves = 2 ** Math.ceil(Math.log2(Math.max(1, items)));
    this.#nodes = new Float64Array(2 * this.#leaves).fill(Number.NEGATIVE_INFINITY);
  }

  /** Minus infinity when every item is empty. */
  get highest(): number {
    return this.#nodes[1]!;
  }

  /** Index of an item that holds the highest number. */
  get indexOfHighest(): number {
    const nodes = this.#nodes;
    let node = 1;
    while (node < this.#leaves) node = 2 * node + (nodes[2 * node] === nodes[node] ? 0 : 1);
    return node - this.#leaves;
  }

  set(index: number, value: number): void {
    if (!(index >= 0 && index < this.#leaves)) throw new RangeError(`no item ${index}`);
    // NaN equals nothing, itself included: it would stay in the inner nodes.
    if (Number.isNaN(value)) throw new RangeError('NaN has no order');
    const nodes = this.#nodes;
    let node = this.#leaves + index;
    nodes[node] = value;
    while (node > 1) {
      const higher = Math.max(nodes[node]!, nodes[node ^ 1]!);
      node >>= 1;
      if (nodes[node] === higher) return;
      nodes[node] = higher;
    }
  }

  /** Throws when an inner node does not hold the higher of its children. For tests. */
  assertInvariants(): void {
    const nodes = this.#nodes;
    for (let node = 1; node < this.#leaves; node++) {
      const higher = Math.max(nodes[2 * node]!, nodes[2 * node + 1]!);
      if (nodes[node] !== higher) throw new Error(`node ${node}: ${nodes[node]}, not ${higher}`);
    }
    const { highest } = this;
    if (nodes[this.#leaves + this.indexOfHighest] !== highest) {
      throw new Error(`indexOfHighest leads to another number than ${highest}`);
    }
  }
}
