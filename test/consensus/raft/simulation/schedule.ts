/** Virtual time: a heap of what is to happen when. */

interface Planned {
  readonly atMs: number;
  /** Breaks ties: what was planned first happens first. */
  readonly order: number;
  readonly run: () => void;
}

export class Schedule {
  #nowMs = 0;
  #order = 0;
  readonly #heap: Planned[] = [];

  get nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, run: () => void): void {
    this.#push({ atMs: this.#nowMs + delayMs, order: this.#order++, run });
  }

  /** Lets the next thing happen. False when there is none. */
  step(): boolean {
    const next = this.#pop();
    if (next === undefined) return false;
    this.#nowMs = next.atMs;
    next.run();
    return true;
  }

  #push(planned: Planned): void {
    const heap = this.#heap;
    let place = heap.length;
    heap.push(planned);
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!isBefore(planned, heap[parent]!)) break;
      heap[place] = heap[parent]!;
      place = parent;
    }
    heap[place] = planned;
  }

  #pop(): Planned | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || first === last) return first;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, last)) break;
      heap[place] = heap[child]!;
      place = child;
    }
    heap[place] = last;
    return first;
  }
}

function isBefore(left: Planned, right: Planned): boolean {
  return left.atMs < right.atMs || (left.atMs === right.atMs && left.order < right.order);
}
