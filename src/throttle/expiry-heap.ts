/**
 * Which of many rows expires first: a binary heap. Each row knows its place in it, so that a change
 * takes a time that grows with the logarithm of their number. Rows that expire together are in the
 * order of their names: which come first does not depend on what was added and removed before.
 */

/** `expireAtMs`: Unix time in milliseconds. */
type ExpiringRow = readonly [name: string, entry: { readonly expireAtMs: number }];

/** A row, in one heap at a time. */
export interface HeapNode<Row extends ExpiringRow = ExpiringRow> {
  readonly row: Row;
  /** Maintained by the heap. */
  place: number;
}

export class ExpiryHeap<Node extends HeapNode> {
  readonly #nodes: Node[] = [];

  get size(): number {
    return this.#nodes.length;
  }

  /** The one that expires first. */
  get first(): Node | undefined {
    return this.#nodes[0];
  }

  add(node: Node): void {
    this.#nodes.push(node);
    this.#rise(node, this.#nodes.length - 1);
  }

  remove(node: Node): void {
    const last = this.#nodes.pop()!;
    if (last === node) return;
    if (last.place !== node.place && isBefore(last, node)) this.#rise(last, node.place);
    else this.#sink(last, node.place);
  }

  /** Replaces all. */
  replace(nodes: readonly Node[]): void {
    this.#nodes.length = 0;
    for (const node of nodes) {
      node.place = this.#nodes.length;
      this.#nodes.push(node);
    }
    // Those of the lower half have nothing below them (Floyd).
    for (let place = (nodes.length >> 1) - 1; place >= 0; place--) {
      this.#sink(this.#nodes[place]!, place);
    }
  }

  /**
   * When the first of those expires that have not by `atMs`; Infinity: there is none. Looks at
   * those that have, and at as many others at most; null: more than `passedMax` have.
   */
  nextAfter(atMs: number, passedMax: number): number | null {
    let nextMs = Number.POSITIVE_INFINITY;
    let passed = 0;
    const places = [0];
    for (let place = places.pop(); place !== undefined; place = places.pop()) {
      const expireAtMs = this.#nodes[place]?.row[1].expireAtMs ?? Number.POSITIVE_INFINITY;
      if (expireAtMs > atMs) {
        nextMs = Math.min(nextMs, expireAtMs);
        continue;
      }
      if (++passed > passedMax) return null;
      places.push(2 * place + 1, 2 * place + 2);
    }
    return nextMs;
  }

  /** Throws when a node is not where it says, or before one that it must follow: for tests. */
  assertInvariants(): void {
    for (const [place, node] of this.#nodes.entries()) {
      if (node.place !== place) throw new Error(`at ${place}, not at ${node.place}`);
      const parent = this.#nodes[(place - 1) >> 1];
      if (place > 0 && isBefore(node, parent!)) throw new Error(`${place} is before its parent`);
    }
  }

  #rise(node: Node, from: number): void {
    const nodes = this.#nodes;
    let place = from;
    while (place > 0) {
      const parent = nodes[(place - 1) >> 1]!;
      if (isBefore(parent, node)) break;
      nodes[place] = parent;
      parent.place = place;
      place = (place - 1) >> 1;
    }
    nodes[place] = node;
    node.place = place;
  }

  #sink(node: Node, from: number): void {
    const nodes = this.#nodes;
    let place = from;
    for (let below = 2 * place + 1; below < nodes.length; below = 2 * place + 1) {
      const right = nodes[below + 1];
      if (right !== undefined && isBefore(right, nodes[below]!)) below++;
      const child = nodes[below]!;
      if (isBefore(node, child)) break;
      nodes[place] = child;
      child.place = place;
      place = below;
    }
    nodes[place] = node;
    node.place = place;
  }
}

/** A total order: no two rows have the same name. */
export function isBefore({ row: left }: HeapNode, { row: right }: HeapNode): boolean {
  const differenceMs = left[1].expireAtMs - right[1].expireAtMs;
  return differenceMs < 0 || (differenceMs === 0 && left[0] < right[0]);
}
