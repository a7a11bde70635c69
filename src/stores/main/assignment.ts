/**
 * Which probe thread gets which cluster. Pure.
 *
 * A thread's load is the number of its probes in an interval: one per host and metric. New clusters
 * are placed greedily, the largest first on the least loaded thread (Graham's LPT rule: at most a
 * third above the optimum). A cluster that moves loses its connections and has no new values until
 * its hosts are connected again. So assigned clusters stay, until the loads differ so much that
 * probes of the most loaded thread could be late.
 */

/** A cluster to assign. */
export interface ClusterLoad {
  readonly name: string;
  /** In each interval. */
  readonly probes: number;
}

/** Loads may differ by this many probes, or by this share of the average, without a move. */
const TOLERATED_PROBES = 50;
const TOLERATED_SHARE = 0.5;

/**
 * The thread (0 to `threads - 1`) of each cluster, by name. Clusters stay with the thread that
 * `owners` gives; new ones are placed; then clusters move from the most to the least loaded thread,
 * until the loads are even enough.
 */
export function assignClusters(
  clusters: readonly ClusterLoad[],
  owners: ReadonlyMap<string, number>,
  threads: number,
): Map<string, number> {
  const assigned = new Map<string, number>();
  const loads = new Array<number>(threads).fill(0);
  const assign = (cluster: ClusterLoad, thread: number): void => {
    assigned.set(cluster.name, thread);
    loads[thread]! += weight(cluster);
  };
  const isOwned = (cluster: ClusterLoad): boolean =>
    (owners.get(cluster.name) ?? threads) < threads;
  for (const cluster of clusters) if (isOwned(cluster)) assign(cluster, owners.get(cluster.name)!);
  const unassigned = clusters.filter((cluster) => !isOwned(cluster));
  unassigned.sort((left, right) => right.probes - left.probes);
  for (const cluster of unassigned) assign(cluster, leastLoaded(loads));
  rebalance(clusters, assigned, loads);
  return assigned;
}

/**
 * The clusters that stay with their threads while others move. Each slot of the board has one
 * writer at any time, so the old thread must stop before the new one starts: these are assigned in
 * between. Null when no cluster moves.
 */
export function unmovedClusters(
  before: ReadonlyMap<string, number>,
  after: ReadonlyMap<string, number>,
): ReadonlyMap<string, number> | null {
  const moves = ([name, thread]: readonly [string, number]): boolean =>
    before.has(name) && before.get(name) !== thread;
  if (![...after].some(moves)) return null;
  return new Map([...after].filter(([name, thread]) => before.get(name) === thread));
}

/**
 * Each move lowers the load of the most loaded thread without raising another to that load, so
 * there are at most as many moves as clusters.
 */
function rebalance(
  clusters: readonly ClusterLoad[],
  assigned: Map<string, number>,
  loads: number[],
): void {
  const average = loads.reduce((sum, load) => sum + load, 0) / loads.length;
  const tolerated = Math.max(TOLERATED_PROBES, average * TOLERATED_SHARE);
  for (let moves = 0; moves < clusters.length; moves++) {
    const from = mostLoaded(loads);
    const to = leastLoaded(loads);
    const difference = loads[from]! - loads[to]!;
    if (difference <= tolerated) return;
    const cluster = largestWithin(clusters, difference / 2, (name) => assigned.get(name) === from);
    if (cluster === undefined) return;
    assigned.set(cluster.name, to);
    loads[from]! -= weight(cluster);
    loads[to]! += weight(cluster);
  }
}

function largestWithin(
  clusters: readonly ClusterLoad[],
  weightMax: number,
  isCandidate: (name: string) => boolean,
): ClusterLoad | undefined {
  let best: ClusterLoad | undefined;
  for (const cluster of clusters) {
    if (weight(cluster) > weightMax || !isCandidate(cluster.name)) continue;
    if (best === undefined || cluster.probes > best.probes) best = cluster;
  }
  return best;
}

/** A cluster without hosts costs something too. */
function weight(cluster: ClusterLoad): number {
  return Math.max(1, cluster.probes);
}

function leastLoaded(loads: readonly number[]): number {
  return loads.indexOf(Math.min(...loads));
}

function mostLoaded(loads: readonly number[]): number {
  return loads.indexOf(Math.max(...loads));
}

/** Whether both are lists of the same objects. */
export function isSameList(left: readonly unknown[], right: readonly unknown[] | null): boolean {
  return (
    right !== null &&
    left.length === right.length &&
    left.every((entry, index) => entry === right[index])
  );
}
