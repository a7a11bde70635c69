/**
 * Long work in short chunks: a thread that does something else at the same time is never held up
 * for long.
 */
import { jsonString } from './json.js';

/** How long a chunk may take before the thread's other work gets its turn. */
const CHUNK_MS = 1;

/** How many steps may pass without a look at the clock. */
const STEPS_BETWEEN_LOOKS = 64;

const RUN_LENGTH = 1_000;

/**
 * Counts the steps of one long chunk of work, and gives way when it has held the thread for long
 * enough.
 */
export class TimeSlice {
  #steps = 0;
  #sinceMs = performance.now();

  /** Whether it is time to `giveWay`. To be called at each step. */
  get shouldYield(): boolean {
    this.#steps++;
    if (this.#steps % STEPS_BETWEEN_LOOKS !== 0) return false;
    return performance.now() - this.#sinceMs >= CHUNK_MS;
  }

  /** Resolves after the thread's other work of this moment. */
  yield(): Promise<void> {
    return new Promise((resolve) => {
      setImmediate(() => {
        this.#sinceMs = performance.now();
        resolve();
      });
    });
  }
}

/** The same strings in the order of their code units. */
export async function sortInChunks(
  strings: readonly string[],
  chunks: TimeSlice,
): Promise<string[]> {
  let runs: string[][] = [];
  for (let from = 0; from < strings.length; from += RUN_LENGTH) {
    runs.push(strings.slice(from, from + RUN_LENGTH).sort());
    await chunks.yield();
  }
  while (runs.length > 1) {
    const merged: string[][] = [];
    for (let first = 0; first < runs.length; first += 2) {
      merged.push(await mergeInChunks(runs[first]!, runs[first + 1] ?? [], chunks));
    }
    runs = merged;
  }
  return runs[0] ?? [];
}

async function mergeInChunks(
  left: readonly string[],
  right: readonly string[],
  chunks: TimeSlice,
): Promise<string[]> {
  const merged: string[] = [];
  let fromLeft = 0;
  let fromRight = 0;
  while (fromLeft < left.length && fromRight < right.length) {
    merged.push(left[fromLeft]! <= right[fromRight]! ? left[fromLeft++]! : right[fromRight++]!);
    if (chunks.shouldYield) await chunks.yield();
  }
  return merged.concat(left.slice(fromLeft), right.slice(fromRight));
}

/** A JSON object of values that are JSON already, its keys sorted. */
export async function jsonObjectInChunks(values: ReadonlyMap<string, string>): Promise<string> {
  const chunks = new TimeSlice();
  let json = '';
  for (const key of await sortInChunks([...values.keys()], chunks)) {
    json += `${json === '' ? '{' : ','}${jsonString(key)}:${values.get(key)}`;
    if (chunks.shouldYield) await chunks.yield();
  }
  return json === '' ? '{}' : `${json}}`;
}
