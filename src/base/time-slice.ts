/**
 * Long work in time slices (cooperative multitasking).
 *
 * Each thread of freno does something that must not be late: main sends heartbeats, HTTP workers
 * respond to checks. A list of a hundred thousand entries would hold the event loop for a tenth of
 * a second. So loops over long lists yield to the event loop when their slice is over.
 */
import { jsonString } from './json.js';
import { TextPieces } from './text-pieces.js';

/** After this time, the thread's other work comes first. */
const SLICE_MS = 1;

/** Steps of a loop between two readings of the clock. */
const STEPS_PER_CLOCK_READING = 64;

/** Items that are sorted in one go. */
const SORTED_RUN_LENGTH = 1_000;

/** The slice of one loop. To be used as `if (slice.shouldYield) await slice.yield();`. */
export class TimeSlice {
  #steps = 0;
  #startedAtMs = performance.now();

  /** Whether the slice is over. To be read at each step. */
  get shouldYield(): boolean {
    this.#steps++;
    if (this.#steps % STEPS_PER_CLOCK_READING !== 0) return false;
    return this.isOver;
  }

  /** The same, read from the clock: for steps that are long. */
  get isOver(): boolean {
    return performance.now() - this.#startedAtMs >= SLICE_MS;
  }

  /** Starts a new slice after the work that is due in the event loop. */
  yield(): Promise<void> {
    return new Promise((resolve) => {
      setImmediate(() => {
        this.#startedAtMs = performance.now();
        resolve();
      });
    });
  }
}

/** As `Array.prototype.map`, of many items. */
export async function mapInSlices<Item, Result>(
  items: readonly Item[],
  map: (item: Item) => Result,
  slice: TimeSlice,
): Promise<Result[]> {
  const results: Result[] = [];
  for (const item of items) {
    results.push(map(item));
    if (slice.shouldYield) await slice.yield();
  }
  return results;
}

/** As the comparison function of `Array.prototype.sort`. */
type Comparison<T> = (left: T, right: T) => number;

/** The items sorted, equal ones in the order given: sorts short runs, then merges them. */
export async function sortInChunks<T>(
  items: readonly T[],
  slice: TimeSlice,
  compare: Comparison<T> = byCodeUnits,
): Promise<T[]> {
  let runs: T[][] = [];
  for (let from = 0; from < items.length; from += SORTED_RUN_LENGTH) {
    runs.push(items.slice(from, from + SORTED_RUN_LENGTH).sort(compare));
    await slice.yield();
  }
  while (runs.length > 1) {
    const merged: T[][] = [];
    for (let first = 0; first < runs.length; first += 2) {
      merged.push(await mergeInChunks(runs[first]!, runs[first + 1] ?? [], slice, compare));
    }
    runs = merged;
  }
  return runs[0] ?? [];
}

async function mergeInChunks<T>(
  left: readonly T[],
  right: readonly T[],
  slice: TimeSlice,
  compare: Comparison<T>,
): Promise<T[]> {
  const merged: T[] = [];
  let fromLeft = 0;
  let fromRight = 0;
  while (fromLeft < left.length && fromRight < right.length) {
    const isLeft = compare(left[fromLeft]!, right[fromRight]!) <= 0;
    merged.push(isLeft ? left[fromLeft++]! : right[fromRight++]!);
    if (slice.shouldYield) await slice.yield();
  }
  return merged.concat(left.slice(fromLeft), right.slice(fromRight));
}

function byCodeUnits<T>(left: T, right: T): number {
  if (left < right) return -1;
  return left > right ? 1 : 0;
}

/** A JSON object with sorted keys; values that are texts are JSON already. */
export async function jsonObjectInChunks(
  values: ReadonlyMap<string, string | number>,
): Promise<string> {
  const pieces = new TextPieces();
  await addJsonObject(values, pieces);
  return pieces.all.join('');
}

/** The same for a long one. `addRest` adds members behind them, each with a comma before it. */
export async function addJsonObject(
  values: ReadonlyMap<string, string | number>,
  pieces: TextPieces,
  addRest = async (): Promise<void> => {},
): Promise<void> {
  const slice = new TimeSlice();
  const keys: string[] = [];
  for (const key of values.keys()) {
    keys.push(key);
    if (slice.shouldYield) await slice.yield();
  }
  let separator = '';
  pieces.add('{');
  for (const key of await sortInChunks(keys, slice)) {
    pieces.add(`${separator}${jsonString(key)}:${values.get(key)}`);
    separator = ',';
    if (slice.shouldYield) await slice.yield();
  }
  await addRest();
  pieces.add('}');
}
