/**
 * Which of many rows expires first: a binary heap. Each row knows its place in it, so that a change
 * takes a time that grows with the logarithm of their number. Rows that expire together are in the
 * order of their names: which come first does not depend on what was added and removed before.
 *
 * Most rows are replaced by others that expire later. Such a row stays where it is until it comes
 * first: so a heap is in the order of times that are those of the rows, or earlier.
 */

/** `expireAtMs`: Unix time in milliseconds. */
type ExpiringRow = readonly [name: string, entry: { readonly expireAtMs: number }];

/** A row, in one heap at a time. */
export interface HeapNode<Row extends ExpiringRow = ExpiringRow> {
  row: Row;
  /** Maintained by the heap. `dueAtMs`: the row expires then or later. */
  place: number;
  dueAtMs: number;
}

export function heapNode<Row extends ExpiringRow>(row: Row): HeapNode<Row> {
  return { row, place: 0, dueAtMs: row[1].expireAtMs };
}

export class ExpiryHeap<Node extends HeapNode> {
  readonly #nodes: Node[] = [];

  get size(): number {
    return this.#nodes.length;
  }

  /** The one that expires first. */
  get first(): Node | undefined {
    for (;;) {
      const first = this.#nodes[0];
      if (first === undefined || first.dueAtMs === first.row[1].expireAtMs) return first;
      first.dueAtMs = first.row[1].expireAtMs;
      this.#sink(first, 0);
    }
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

  /** The node has another row. */
  changed(node: Node): void {
    const { expireAtMs } = node.row[1];
    if (expireAtMs >= node.dueAtMs) return;
    node.dueAtMs = expireAtMs;
    this.#rise(node, node.place);
  }

  clear(): void {
    this.#nodes.length = 0;
  }

  /**
   * When the first of those expires that have not by `atMs`; Infinity: there is none. Looks at
   * those that have, or are not in their places, and at as many others at most; null: the former
   * are more than `passedMax`.
   */
  nextAfter(atMs: number, passedMax: number): number | null {
    let nextMs = Number.POSITIVE_INFINITY;
    let passed = 0;
    const places = [0];
    for (let place = places.pop(); place !== undefined; place = places.pop()) {
      const node = this.#nodes[place];
      if (node === undefined || node.dueAtMs >= nextMs) continue;
      const { expireAtMs } = node.row[1];
      if (expireAtMs > atMs) nextMs = Math.min(nextMs, expireAtMs);
      if (expireAtMs > atMs && node.dueAtMs === expireAtMs) continue;
      if (++passed > passedMax) return null;
      places.push(2 * place + 1, 2 * place + 2);
    }
    return nextMs;
  }

  /** Throws when a node is not where it says, or before one that it must follow: for tests. */
  assertInvariants(): void {
    for (const [place, node] of this.#nodes.entries()) {
      if (node.place !== place) throw new Error(`at ${place}, not at ${node.place}`);
      if (node.dueAtMs > node.row[1].expireAtMs) throw new Error(`${place} is due too late`);
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
export function isBefore(left: HeapNode, right: HeapNode): boolean {
  return (
    left.dueAtMs < right.dueAtMs || (left.dueAtMs === right.dueAtMs && left.row[0] < right.row[0])
  );
}
