/** A metric that is read from Prometheus: one number for the store, or one for each host. */
import { formatAddress } from '../../../base/address.js';
import type { Logger } from '../../../base/log.js';
import { hostFailure, type MySQLFailure } from '../../../base/mysql/failure.js';
import type { StoreTurn } from '../../../board/store-turns.js';
import type { MetricAssignment, ProbeTarget } from '../../../contracts/stores.js';
import { FailureLog } from '../failure-log.js';
import type { MetricFeed } from '../metric-feed.js';
import type { ProbedMetric } from '../probed-metric.js';
import type { Sample } from './answer.js';
import type { AnswerListener, PrometheusSource } from './instant-query.js';
import type { PrometheusQueries } from './queries.js';
import { valuesOfHosts, valuesOfLabels } from './samples-of-hosts.js';

const MESSAGES = {
  failed: 'cannot read metric from Prometheus',
  recovered: 'Prometheus is readable again',
} as const;

/** The address of what stands for the store, where there are no hosts. */
const WHOLE_STORE = '';

export interface FeedContext {
  readonly store: string;
  readonly turn: StoreTurn;
  readonly logger: Logger;
}

interface Answer {
  readonly samples: readonly Sample[];
  readonly askedAtMs: number;
}

export class PrometheusFeed implements MetricFeed, AnswerListener {
  readonly #metric: ProbedMetric;
  readonly #source: PrometheusSource;
  readonly #queries: PrometheusQueries;
  readonly #log: FailureLog;
  readonly #turn: StoreTurn;
  /** Null: no list of hosts decides which samples count. */
  #targets: readonly ProbeTarget[] | null = null;
  /** Null: none since this node probes. */
  #last: Answer | null = null;
  #isProbing = false;
  #subscribedAtMs = 0;

  constructor(
    metric: ProbedMetric,
    source: PrometheusSource,
    queries: PrometheusQueries,
    { store, turn, logger }: FeedContext,
  ) {
    this.#metric = metric;
    this.#source = source;
    this.#queries = queries;
    this.#turn = turn;
    this.#log = new FailureLog(logger, { store, metric: metric.name }, MESSAGES);
  }

  /** The hosts of the list have the values of the last answer, until the next. */
  apply({ targets, isListed }: MetricAssignment, nowMs: number): void {
    this.#targets = isListed ? targets : null;
    if (this.#last === null) this.#metric.setHosts([WHOLE_STORE]);
    else this.#take(this.#last, nowMs);
    this.#metric.publish(nowMs);
  }

  restart(nowMs: number): void {
    this.setProbing(this.#isProbing, nowMs);
  }

  setProbing(isProbing: boolean, nowMs: number): void {
    this.#isProbing = isProbing;
    this.#last = null;
    this.#subscribedAtMs = nowMs;
    if (isProbing) this.#queries.subscribe(this.#source, this);
    else this.#queries.unsubscribe(this.#source, this);
  }

  close(): void {
    this.#queries.unsubscribe(this.#source, this);
  }

  answered(samples: readonly Sample[], askedAtMs: number, nowMs: number): void {
    this.#metric.counters.finished(nowMs - askedAtMs);
    if (askedAtMs < this.#subscribedAtMs) return;
    this.#log.recovered();
    this.#last = { samples, askedAtMs };
    this.#turn.begin();
    this.#take(this.#last, nowMs);
    this.#metric.publish(nowMs);
    this.#turn.end();
  }

  failed(error: string, askedAtMs: number, nowMs: number): void {
    this.#metric.counters.finished(nowMs - askedAtMs);
    this.#metric.counters.failed();
    if (askedAtMs < this.#subscribedAtMs) return;
    this.#log.failed(error, nowMs);
    const failure: MySQLFailure = { text: error, unreachable: false };
    for (const host of this.#metric.addresses.keys()) {
      this.#metric.setFailure(host, failure, nowMs);
    }
    this.#metric.publish(nowMs);
  }

  #take({ samples, askedAtMs }: Answer, nowMs: number): void {
    const [addresses, values] = this.#valuesOf(samples);
    this.#metric.setHosts(addresses);
    for (const [host, value] of values.entries()) {
      if (typeof value === 'number') this.#metric.setValue(host, value, askedAtMs, nowMs);
      else this.#metric.setFailure(host, this.#failureOf(addresses[host]!, value.reason), nowMs);
    }
  }

  #valuesOf(samples: readonly Sample[]): [addresses: string[], values: Sample['value'][]] {
    if (samples.length === 1 && samples[0]!.host === null) {
      return [[WHOLE_STORE], [samples[0]!.value]];
    }
    if (this.#targets !== null) {
      return [this.#targets.map(formatAddress), valuesOfHosts(samples, this.#targets)];
    }
    const values = [...valuesOfLabels(samples)].sort(([one], [other]) => (one < other ? -1 : 1));
    return [values.map(([label]) => label), values.map(([, value]) => value)];
  }

  #failureOf(address: string, reason: string): MySQLFailure {
    return hostFailure(address === WHOLE_STORE ? 'Prometheus' : address, reason);
  }
}
