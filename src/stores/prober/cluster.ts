/**
 * One store in its probe thread: its metrics, and the hosts that they read. Each metric has its own
 * hosts, freshness and result; those that read the same host share its connection.
 */
import { isDeepStrictEqual } from 'node:util';
import type { FairResolver } from '../../base/dns-resolver.js';
import { FrenoError, messageOf } from '../../base/errors.js';
import type { Logger } from '../../base/log.js';
import type { Board } from '../../board/board.js';
import type { StoreTurn, StoreTurns } from '../../board/store-turns.js';
import type { StoreDescription, StoreProbeStatistics } from '../../contracts/probe.js';
import type { MetricPublisher } from '../../contracts/publisher.js';
import type { ClusterAssignment, MetricAssignment } from '../../contracts/stores.js';
import { StoreCounters } from './counters.js';
import type { FailureLines } from './failure-log.js';
import { HostChecks } from './host-checks.js';
import { HostPool } from './host-pool.js';
import type { HostProbes } from './host-probes.js';
import type { HttpChecker } from './http-check.js';
import type { MetricFeed } from './metric-feed.js';
import { metricOf } from './mysql/metric.js';
import type { MemberScheduling, Scheduled } from './probe-scheduler.js';
import { type MetricContext, ProbedMetric } from './probed-metric.js';
import { PrometheusFeed } from './prometheus/feed.js';
import type { PrometheusQueries } from './prometheus/queries.js';
import { StatementFeed } from './statement-feed.js';

/** Shared by the stores of one thread. */
export interface ClusterContext {
  readonly board: Board;
  readonly turns: StoreTurns;
  readonly publisher: MetricPublisher;
  readonly logger: Logger;
  /** For failures of hosts. */
  readonly lines: FailureLines;
  readonly resolver: FairResolver;
  readonly probes: HostProbes;
  readonly scheduling: MemberScheduling;
  readonly httpChecker: HttpChecker;
  readonly prometheus: PrometheusQueries;
}

/** A metric, where its readings come from, and what it was assigned with. */
interface FedMetric {
  readonly metric: ProbedMetric;
  readonly feed: MetricFeed;
  readonly assignment: MetricAssignment;
}

export class ProbedCluster implements Scheduled {
  readonly name: string;
  readonly turn: StoreTurn;
  readonly #context: ClusterContext;
  readonly #metricContext: MetricContext;
  readonly #counters = new StoreCounters();
  readonly #hosts: HostPool;
  readonly #checks: HostChecks;
  #assignment: ClusterAssignment;
  /** By name, in the order of the assignment. */
  #metrics = new Map<string, FedMetric>();
  /** Null: not probing. */
  #term: number | null = null;

  constructor(assignment: ClusterAssignment, context: ClusterContext, nowMs: number) {
    const store = assignment.name;
    const { board, publisher, logger, lines, scheduling, httpChecker, probes } = context;
    const counters = this.#counters;
    const resolver = context.resolver.client();
    this.name = store;
    const turn = context.turns.of(assignment.metrics[0].slot);
    this.turn = turn;
    this.#context = context;
    this.#metricContext = { store, board, publisher, logger };
    const ofStore = { store, turn, httpChecker, lines, resolver };
    this.#hosts = new HostPool({ ...ofStore, logger, counters, probes });
    this.#checks = new HostChecks({ ...ofStore, scheduling });
    this.#assignment = assignment;
    this.#replaceMetrics(nowMs);
  }

  get statistics(): StoreProbeStatistics {
    const { total, error, seconds } = this.#counters;
    const metrics = Array.from(this.#metrics.values(), ({ metric }) => metric.statistics);
    return { store: this.name, total, error, seconds, metrics };
  }

  /**
   * Applies changed metrics, settings, hosts or generations of the same cluster. Hosts that stay
   * keep their connections, unless the login has changed.
   */
  apply(assignment: ClusterAssignment, nowMs: number): void {
    if (isDeepStrictEqual(assignment, this.#assignment)) return;
    this.#assignment = assignment;
    this.turn.slot = assignment.metrics[0].slot;
    this.#replaceMetrics(nowMs);
  }

  /** Probes under that term, or (null) closes all connections and writes nothing. */
  lead(term: number | null, nowMs: number): void {
    if (term === this.#term) return;
    this.#term = term;
    const isProbing = term !== null;
    for (const { metric, feed } of this.#metrics.values()) {
      metric.lead(term, nowMs);
      feed.setProbing(isProbing, nowMs);
    }
    this.#hosts.setProbing(isProbing);
    this.#checks.setProbing(isProbing);
  }

  tick(nowMs: number): void {
    for (const { metric } of this.#metrics.values()) metric.tick(nowMs);
  }

  threw(thrown: unknown): void {
    const { logger } = this.#context;
    logger.error({ store: this.name, error: messageOf(thrown) }, 'cannot publish the metrics');
  }

  /** While it probes: whether it has hosts, and cannot log in to any of them. */
  get isCutOff(): boolean {
    return this.#term !== null && this.#hosts.isCutOff;
  }

  /** As `HostPool.tryLogin`; a metric that has no hosts yet has no part in it. */
  tryLogin(): Promise<boolean> {
    return this.#hosts.tryLogin();
  }

  /** Null while it does not probe. */
  describe(): StoreDescription | null {
    if (this.#term === null) return null;
    const metrics = Array.from(this.#metrics.values(), ({ metric }) => metric.describe());
    return { store: this.name, metrics };
  }

  #replaceMetrics(nowMs: number): void {
    const before = this.#metrics;
    const { metrics } = this.#assignment;
    this.#metrics = new Map();
    for (const assignment of metrics) {
      const { name } = assignment.settings;
      const present = before.get(name);
      const fed = present === undefined || isOther(present.assignment, assignment) ? null : present;
      this.#metrics.set(
        name,
        fed === null ? this.#add(assignment, nowMs) : this.#change(fed, assignment, nowMs),
      );
      if (fed !== null) before.delete(name);
    }
    for (const { metric, feed } of before.values()) {
      feed.close();
      metric.lead(null, nowMs);
    }
    for (const { metric } of this.#metrics.values()) {
      metric.label = metrics.length === 1 ? '' : metric.name;
    }
    const checked = Array.from(
      this.#metrics.values(),
      ({ metric, assignment }) => [metric, assignment] as const,
    );
    this.#hosts.settle(this.#checks.replace(checked, nowMs));
  }

  #add(assignment: MetricAssignment, nowMs: number): FedMetric {
    const metric = new ProbedMetric(assignment, this.#metricContext);
    const feed = this.#feedOf(metric, assignment);
    feed.apply(assignment, nowMs);
    metric.lead(this.#term, nowMs);
    feed.setProbing(this.#term !== null, nowMs);
    return { metric, feed, assignment };
  }

  #change(fed: FedMetric, assignment: MetricAssignment, nowMs: number): FedMetric {
    const { metric, assignment: before } = fed;
    if (isDeepStrictEqual(before, assignment)) return fed;
    let { feed } = fed;
    const isDiscarded = metric.apply(assignment, nowMs);
    if (!isDeepStrictEqual(before.settings.measured, assignment.settings.measured)) {
      feed.close();
      feed = this.#feedOf(metric, assignment);
      feed.setProbing(this.#term !== null, nowMs);
    } else if (isDiscarded) {
      feed.restart(nowMs);
    }
    feed.apply(assignment, nowMs);
    return { metric, feed, assignment };
  }

  #feedOf(metric: ProbedMetric, { settings: { name, measured } }: MetricAssignment): MetricFeed {
    if (measured.kind === 'prometheus') {
      const { prometheus, logger } = this.#context;
      return new PrometheusFeed(metric, measured, prometheus, {
        store: this.name,
        turn: this.turn,
        logger,
      });
    }
    const statements = metricOf(measured);
    // The configuration rejects such a query, so this is a bug.
    if (statements === null) {
      throw new FrenoError('PROTOCOL', `${this.name}: the query of ${name} is not supported`);
    }
    return new StatementFeed(metric, statements, measured, this.#hosts);
  }
}

/** Whether the metric of that name is another one now, of which nothing can be kept. */
function isOther({ isOwn, slot, settings }: MetricAssignment, after: MetricAssignment): boolean {
  return (
    isOwn !== after.isOwn || slot !== after.slot || isRemote(settings) !== isRemote(after.settings)
  );
}

/** Whether it is read from something else than the hosts of the store. */
function isRemote({ measured }: MetricAssignment['settings']): boolean {
  return measured.kind === 'prometheus';
}
