/**
 * Which of many rows expires first: a binary heap. A row that is replaced or removed elsewhere
 * stays in it, as stale, until it is the first one or until half of the rows are stale: then the
 * heap is rebuilt. So each change takes a time that grows with the logarithm of their number, on
 * average, and rows need not know their places.
 */

/** `expireAtMs`: Unix time in milliseconds. */
type ExpiringRow = readonly [name: string, entry: { readonly expireAtMs: number }];

/** The heap is rebuilt for more stale rows than these. */
const STALE_MIN = 64;

export class ExpiryHeap<Row extends ExpiringRow> {
  #rows: Row[] = [];
  #stale = 0;
  readonly #isStale: (row: Row) => boolean;

  /** `isStale`: whether the row is no longer one of those whose expiry is asked for. */
  constructor(isStale: (row: Row) => boolean) {
    this.#isStale = isStale;
  }

  /** The one that expires first. */
  get first(): Row | undefined {
    for (;;) {
      const row = this.#rows[0];
      if (row === undefined || !this.#isStale(row)) return row;
      this.#pop();
      this.#stale--;
    }
  }

  add(row: Row): void {
    this.#rows.push(row);
    this.#rise(row, this.#rows.length - 1);
  }

  /** One row that was added is stale from now on. */
  becameStale(): void {
    this.#stale++;
    if (this.#stale <= STALE_MIN || this.#stale * 2 <= this.#rows.length) return;
    this.replace(this.#rows.filter((row) => !this.#isStale(row)));
  }

  /** Replaces all rows. */
  replace(rows: Row[]): void {
    this.#rows = rows;
    this.#stale = 0;
    // Those of the lower half have nothing below them (Floyd).
    for (let place = (rows.length >> 1) - 1; place >= 0; place--) this.#sink(rows[place]!, place);
  }

  /**
   * How many have expired by `atMs`, and when the next one expires (Infinity: none does). Looks at
   * those that have, at stale ones, and at as many others at most.
   */
  expiredBy(atMs: number): { readonly count: number; readonly nextMs: number } {
    const { first } = this;
    if (first === undefined) return { count: 0, nextMs: Number.POSITIVE_INFINITY };
    // Most stale rows come early: they are no longer there.
    if (first[1].expireAtMs > atMs) return { count: 0, nextMs: first[1].expireAtMs };
    let count = 0;
    let nextMs = Number.POSITIVE_INFINITY;
    const places = [0];
    for (let place = places.pop(); place !== undefined; place = places.pop()) {
      const row = this.#rows[place];
      if (row === undefined || row[1].expireAtMs >= nextMs) continue;
      const isStale = this.#isStale(row);
      if (!isStale && row[1].expireAtMs > atMs) {
        nextMs = row[1].expireAtMs;
        continue;
      }
      if (!isStale) count++;
      places.push(2 * place + 1, 2 * place + 2);
    }
    return { count, nextMs };
  }

  /** Removes the first row that has expired by `atMs`; undefined: none has. */
  takeExpired(atMs: number): Row | undefined {
    const { first } = this;
    if (first === undefined || first[1].expireAtMs > atMs) return undefined;
    this.#pop();
    return first;
  }

  /** Throws when there are too many stale rows beside so many others: for tests. */
  assertBounded(current: number): void {
    const { length } = this.#rows;
    if (length === current + this.#stale && length <= 2 * current + STALE_MIN) return;
    throw new Error(`${length} rows, ${this.#stale} of them stale, for ${current}`);
  }

  #pop(): void {
    const last = this.#rows.pop()!;
    if (this.#rows.length > 0) this.#sink(last, 0);
  }

  #rise(row: Row, from: number): void {
    let place = from;
    while (place > 0) {
      const above = (place - 1) >> 1;
      const parent = this.#rows[above]!;
      if (parent[1].expireAtMs <= row[1].expireAtMs) break;
      this.#rows[place] = parent;
      place = above;
    }
    this.#rows[place] = row;
  }

  #sink(row: Row, from: number): void {
    const rows = this.#rows;
    const { length } = rows;
    let place = from;
    for (let below = 2 * place + 1; below < length; below = 2 * place + 1) {
      const right = rows[below + 1];
      if (right !== undefined && right[1].expireAtMs < rows[below]![1].expireAtMs) below++;
      const child = rows[below]!;
      if (child[1].expireAtMs >= row[1].expireAtMs) break;
      rows[place] = child;
      place = below;
    }
    rows[place] = row;
  }
}
