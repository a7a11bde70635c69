/**
 * Which probe thread gets which cluster. Pure.
 *
 * A thread's load is the number of its probes in an interval: one per host and metric. New clusters
 * are placed greedily, the largest first on the least loaded thread (Graham's LPT rule: at most a
 * third above the optimum). A cluster that moves loses its connections and has no new values until
 * its hosts are connected again. So assigned clusters stay, until the loads differ so much that
 * probes of the most loaded thread could be late.
 *
 * Clusters that ask a host the same share its probe on one thread, so a new cluster goes where most
 * of its probes are already, unless that thread has much more to do: what a cluster makes of a
 * shared reading costs something too, and a host that all clusters list must not gather them all.
 */
import { type ClusterLoad, ThreadLoads } from './thread-loads.js';

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
  const isOwned = ({ name }: ClusterLoad): boolean => (owners.get(name) ?? threads) < threads;
  const unassigned = clusters.filter((cluster) => !isOwned(cluster));
  unassigned.sort((left, right) => right.probes - left.probes);
  const placed = new ThreadLoads(clusters, unassigned, threads);
  for (const cluster of clusters) {
    if (isOwned(cluster)) placed.assign(cluster, owners.get(cluster.name)!);
  }
  for (const cluster of unassigned) placed.assign(cluster, threadFor(cluster, placed));
  if (isEven(placed.all)) return placed.owners;
  const loads = new ThreadLoads(clusters, clusters, threads);
  for (const cluster of clusters) loads.assign(cluster, placed.owners.get(cluster.name)!);
  rebalance(clusters, loads);
  return loads.owners;
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

/** The thread that has most of its probes, unless that has much more to do than another would. */
function threadFor(cluster: ClusterLoad, loads: ThreadLoads): number {
  const after = loads.all.map((load, thread) => load + loads.added(cluster, thread));
  const lowest = Math.min(...after);
  let best = after.indexOf(lowest);
  for (const [thread, load] of after.entries()) {
    const saved = loads.saved(cluster, thread);
    const isTolerated = load <= lowest + Math.max(TOLERATED_PROBES, saved);
    if (isTolerated && saved > loads.saved(cluster, best)) best = thread;
  }
  return best;
}

/**
 * Each move lowers the load of the most loaded thread without raising another to that load, so
 * there are at most as many moves as clusters.
 */
function rebalance(clusters: readonly ClusterLoad[], loads: ThreadLoads): void {
  for (let moves = 0; moves < clusters.length && !isEven(loads.all); moves++) {
    const from = mostLoaded(loads.all);
    const to = leastLoaded(loads.all);
    const addedMax = (loads.all[from]! - loads.all[to]!) / 2;
    const cluster = largestWithin(clusters, addedMax, loads, from, to);
    if (cluster === undefined) return;
    loads.move(cluster, to);
  }
}

function largestWithin(
  clusters: readonly ClusterLoad[],
  addedMax: number,
  loads: ThreadLoads,
  from: number,
  to: number,
): ClusterLoad | undefined {
  let best: ClusterLoad | undefined;
  for (const cluster of clusters) {
    if (loads.owners.get(cluster.name) !== from || loads.added(cluster, to) > addedMax) continue;
    if (best === undefined || cluster.probes > best.probes) best = cluster;
  }
  return best;
}

function isEven(loads: readonly number[]): boolean {
  const average = loads.reduce((sum, load) => sum + load, 0) / loads.length;
  const tolerated = Math.max(TOLERATED_PROBES, average * TOLERATED_SHARE);
  return Math.max(...loads) - Math.min(...loads) <= tolerated;
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
