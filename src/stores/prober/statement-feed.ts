/** The hosts of a metric that is read from MySQL servers, each by the connection it shares. */
import { FrenoError } from '../../base/errors.js';
import type { MetricAssignment, StatementSource } from '../../contracts/stores.js';
import { queryKey } from '../shared/probe-identity.js';
import type { HostPool } from './host-pool.js';
import type { MetricFeed } from './metric-feed.js';
import { MetricHost } from './metric-host.js';
import type { Metric } from './mysql/metric.js';
import type { ProbedMetric } from './probed-metric.js';

export class StatementFeed implements MetricFeed {
  readonly #metric: ProbedMetric;
  readonly #measured: Metric;
  readonly #source: StatementSource;
  readonly #pool: HostPool;
  /** By address. */
  #hosts: ReadonlyMap<string, MetricHost> = new Map();

  /** `measured` is what the source describes. */
  constructor(metric: ProbedMetric, measured: Metric, source: StatementSource, pool: HostPool) {
    this.#metric = metric;
    this.#measured = measured;
    this.#source = source;
    this.#pool = pool;
  }

  apply({ settings, targets }: MetricAssignment, nowMs: number): void {
    const before = this.#hosts;
    const hosts = new Map<string, MetricHost>();
    const { cacheMs } = settings;
    const key = queryKey(this.#source, cacheMs);
    const asked = { measured: this.#measured, queryKey: key, cacheMs };
    for (const [index, probed] of this.#pool.hosts(targets, settings).entries()) {
      const { address } = probed;
      const host = before.get(address) ?? new MetricHost(this.#metric, asked);
      host.index = index;
      host.ask(asked);
      host.attach(probed);
      hosts.set(address, host);
    }
    for (const [address, host] of before) {
      if (!hosts.has(address)) host.detach();
    }
    if (hosts.size !== targets.length) {
      throw new FrenoError('PROTOCOL', `${this.#metric.name}: a host is assigned twice`);
    }
    this.#hosts = hosts;
    this.#metric.setHosts([...hosts.keys()]);
    this.#metric.publish(nowMs);
  }

  restart(): void {
    for (const { query } of this.#hosts.values()) query?.restart();
    this.#pool.wake();
  }

  /** The pool opens and closes the connections. */
  setProbing(): void {}

  close(): void {
    for (const host of this.#hosts.values()) host.detach();
  }
}
