/** What is counted in this thread, as main pulls it: in chunks, each when it asks for the next. */

/** Collections in progress. Main has given up the oldest of more. */
const COLLECTIONS_MAX = 64;

export class Collections<Item> {
  readonly #running = new Map<number, Iterator<Item>>();
  readonly #chunkLength: number;

  /** `chunkLength`: items of which it takes about a millisecond to write and to read so many. */
  constructor(chunkLength: number) {
    this.#chunkLength = chunkLength;
  }

  /** `begin`: all items, for a collection of which nothing was sent yet. */
  next(collection: number, begin: () => Iterable<Item>): { items: Item[]; last: boolean } {
    const items = this.#running.get(collection) ?? begin()[Symbol.iterator]();
    this.#running.delete(collection);
    const chunk: Item[] = [];
    while (chunk.length < this.#chunkLength) {
      const item = items.next();
      if (item.done) return { items: chunk, last: true };
      chunk.push(item.value);
    }
    this.#keep(collection, items);
    return { items: chunk, last: false };
  }

  #keep(collection: number, items: Iterator<Item>): void {
    if (this.#running.size >= COLLECTIONS_MAX) {
      const [oldest] = this.#running.keys();
      this.#running.delete(oldest!);
    }
    this.#running.set(collection, items);
  }
}
