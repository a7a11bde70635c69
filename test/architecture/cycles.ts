/** Circles in a graph of imports. */
import type { ImportEdge } from '../support/sources.js';

/** Each circle once, as `a -> b -> a`, found by a search in depth from every file. */
export function cyclesOf(edges: readonly ImportEdge[]): string[] {
  const next = new Map<string, string[]>();
  for (const { from, to } of edges) next.set(from, [...(next.get(from) ?? []), to]);
  const cycles: string[] = [];
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): void => {
    if (done.has(file)) return;
    const startAt = path.indexOf(file);
    if (startAt >= 0) {
      cycles.push([...path.slice(startAt), file].join(' -> '));
      return;
    }
    for (const to of new Set(next.get(file))) visit(to, [...path, file]);
    done.add(file);
  };
  for (const file of next.keys()) visit(file, []);
  return cycles;
}
