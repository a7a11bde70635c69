/**
 * Whether a history of one register is linearizable: whether each operation can be given one
 * instant between its call and its return such that every read sees the write before it (Herlihy
 * and Wing, 1990: a history of several registers is linearizable when that of each is).
 *
 * Where each value is written once, every read names its write, and the answer needs no search:
 * Gibbons and Korach, "Testing Shared Memories" (1997). A write and its reads form a cluster, and
 * its zone lies between the first return and the last call among them.
 */

export interface Operation {
  readonly kind: 'write' | 'read';
  /**
   * What was written, or what the read answered. No value is written twice, nor is the initial one.
   */
  readonly value: number;
  readonly calledAtMs: number;
  /** Infinity: the outcome is unknown; a write may take effect at any later time, or never. */
  readonly returnedAtMs: number;
}

interface LinearizedCluster {
  write: Operation;
  readonly reads: Operation[];
}

interface Zone {
  readonly firstReturnMs: number;
  readonly lastCallMs: number;
}

/** `initial`: what the register holds before the first write. */
export function isLinearizable(history: readonly Operation[], initial: number): boolean {
  const clusters = clustersOf(history, initial);
  if (clusters === null) return false;
  if (clusters.some(({ write, reads }) => reads.some((read) => precedes(read, write))))
    return false;
  const zones = clusters.map(zoneOf);
  // The value is held throughout a forward zone: from the first return to the last call.
  const forward = zones.filter(isForward);
  const backward = zones.filter((zone) => !isForward(zone));
  return forward.every(
    (zone) =>
      forward.every((other) => other === zone || !overlap(zone, other)) &&
      !backward.some((other) => contains(zone, other)),
  );
}

/** Null: some read returned a value that was never written. */
function clustersOf(history: readonly Operation[], initial: number): LinearizedCluster[] | null {
  const before = Number.NEGATIVE_INFINITY;
  const first: Operation = {
    kind: 'write',
    value: initial,
    calledAtMs: before,
    returnedAtMs: before,
  };
  const writes = [first, ...history.filter(({ kind }) => kind === 'write')];
  const clusters = new Map(
    writes.map((write) => [write.value, { write, reads: [] as Operation[] }]),
  );
  for (const read of history.filter(({ kind }) => kind === 'read')) {
    const cluster = clusters.get(read.value);
    if (cluster === undefined) return null;
    cluster.reads.push(read);
  }
  // A write of unknown outcome that no read returned may as well never have happened.
  return [...clusters.values()].filter(
    ({ write, reads }) =>
      reads.length > 0 || Number.isFinite(write.returnedAtMs) || write === first,
  );
}

function zoneOf({ write, reads }: LinearizedCluster): Zone {
  const operations = [write, ...reads];
  return {
    firstReturnMs: Math.min(...operations.map(({ returnedAtMs }) => returnedAtMs)),
    lastCallMs: Math.max(...operations.map(({ calledAtMs }) => calledAtMs)),
  };
}

function precedes(one: Operation, other: Operation): boolean {
  return one.returnedAtMs < other.calledAtMs;
}

function isForward({ firstReturnMs, lastCallMs }: Zone): boolean {
  return firstReturnMs < lastCallMs;
}

function overlap(one: Zone, other: Zone): boolean {
  return one.firstReturnMs < other.lastCallMs && other.firstReturnMs < one.lastCallMs;
}

/** Whether a backward zone lies within a forward one. */
function contains(forward: Zone, backward: Zone): boolean {
  return forward.firstReturnMs < backward.lastCallMs && backward.firstReturnMs < forward.lastCallMs;
}
