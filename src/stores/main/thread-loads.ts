/** What each probe thread has to do, while clusters are assigned to them (assignment.ts). */

/** A cluster to assign. */
export interface ClusterLoad {
  readonly name: string;
  /** In each interval. */
  readonly probes: number;
  /** The probes of its hosts, as of `probesOf`: clusters on one thread share equal ones. */
  readonly shareable?: readonly string[];
}

/**
 * What a probe costs that another cluster has too, whose readings it gets: measured as a twentieth,
 * without rules that cost more.
 */
const SHARED_WEIGHT = 0.1;

export class ThreadLoads {
  /** The thread of each cluster by name. */
  readonly owners = new Map<string, number>();
  /** Of each thread. */
  readonly all: number[];
  /** Of each probe that several clusters have: how many of these each thread has. */
  readonly #users = new Map<string, Uint32Array>();
  /** Those probes of each cluster that has some. */
  readonly #shareable = new Map<ClusterLoad, readonly string[]>();

  /** `concerned`: those of the clusters whose probes are looked at for sharing. */
  constructor(
    clusters: readonly ClusterLoad[],
    concerned: readonly ClusterLoad[],
    threads: number,
  ) {
    this.all = new Array<number>(threads).fill(0);
    if (threads === 1 || concerned.length === 0) return;
    const seen = new Map<string, number>();
    for (const { shareable = [] } of concerned) for (const probe of shareable) seen.set(probe, 0);
    for (const { shareable = [] } of clusters) {
      for (const probe of shareable) {
        const before = seen.get(probe);
        if (before === undefined) continue;
        seen.set(probe, before + 1);
        if (before === 1) this.#users.set(probe, new Uint32Array(threads));
      }
    }
    if (this.#users.size === 0) return;
    for (const cluster of clusters) {
      const shareable = (cluster.shareable ?? []).filter((probe) => this.#users.has(probe));
      if (shareable.length > 0) this.#shareable.set(cluster, shareable);
    }
  }

  /** What that cluster adds to the load of a thread that does not have it. */
  added(cluster: ClusterLoad, thread: number): number {
    // A cluster without hosts costs something too.
    return Math.max(1, cluster.probes - this.saved(cluster, thread));
  }

  /** How much less that is than without what other clusters have on the thread. */
  saved(cluster: ClusterLoad, thread: number): number {
    const shareable = this.#shareable.get(cluster);
    if (shareable === undefined) return 0;
    let shared = 0;
    for (const probe of shareable) if (this.#users.get(probe)![thread]! > 0) shared++;
    const probesEach = cluster.probes / cluster.shareable!.length;
    return shared * probesEach * (1 - SHARED_WEIGHT);
  }

  assign(cluster: ClusterLoad, thread: number): void {
    this.all[thread]! += this.added(cluster, thread);
    this.#count(cluster, thread, 1);
    this.owners.set(cluster.name, thread);
  }

  move(cluster: ClusterLoad, to: number): void {
    const from = this.owners.get(cluster.name)!;
    this.#count(cluster, from, -1);
    this.all[from]! -= this.added(cluster, from);
    this.assign(cluster, to);
  }

  #count(cluster: ClusterLoad, thread: number, change: number): void {
    for (const probe of this.#shareable.get(cluster) ?? []) {
      this.#users.get(probe)![thread]! += change;
    }
  }
}
