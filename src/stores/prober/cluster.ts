/**
 * One cluster in its probe thread: its hosts, their readings, and the value on the board. The value
 * is aggregated and published at the moment a reading arrives, so that a check never waits for an
 * interval to end.
 */
import { isDeepStrictEqual } from 'node:util';
import { formatAddress } from '../../base/address.js';
import type { FairResolver, ResolverClient } from '../../base/dns-resolver.js';
import { FrenoError } from '../../base/errors.js';
import type { Login } from '../../base/mysql/connection.js';
import { TlsMaterial } from '../../base/mysql/tls.js';
import type { Board } from '../../board/board.js';
import type { StoreProbeStatistics } from '../../contracts/probe.js';
import type { MetricPublisher, StorePublication } from '../../contracts/publisher.js';
import type { ClusterAssignment, MetricAssignment } from '../../contracts/stores.js';
import { type Measurement, MetricState } from '../../throttle/metric.js';
import { type Aggregate, ClusterReadings } from './aggregation.js';
import { StoreCounters } from './counters.js';
import { type HostContext, type HostOwner, NEGATIVE_VALUE, ProbedHost } from './host.js';
import { checkUrl } from './http-check.js';
import { type Metric, metricOf } from './mysql/metric.js';
import type { ProbeCounters, ProbeSettings } from './mysql/probe.js';
import type { Scheduled } from './probe-scheduler.js';
import { type Crossing, ThresholdLog } from './threshold-log.js';
import { ThresholdReader } from './threshold-reader.js';

/** Starts and stops the probing of hosts. */
export interface HostScheduling {
  /** The first probe starts soon, the others follow with the interval. */
  start(host: ProbedHost): void;
  stop(host: ProbedHost): void;
}

export interface ClusterContext extends HostContext {
  readonly board: Board;
  readonly resolver: FairResolver;
  readonly scheduling: HostScheduling;
  readonly publisher: MetricPublisher;
  /** Of the whole thread. */
  readonly counters: ProbeCounters;
}

type AssignedSettings = MetricAssignment['settings'];

/**
 * A store that has not been published for this long is published again, so that its state does not
 * expire on the board. An empty list needs that above all: it has no readings.
 */
const REPUBLISH_AFTER_MS = 1_000;

export class ProbedCluster implements HostOwner, Scheduled {
  readonly #context: ClusterContext;
  readonly counters: StoreCounters;
  readonly resolver: ResolverClient;
  readonly #publication: StorePublication;
  readonly #thresholdLog: ThresholdLog;
  readonly #thresholds: ThresholdReader;
  /** One closure for all readings: they are frequent. */
  readonly #crossing = (): Crossing => this.#describeCrossing();
  readonly name: string;
  #assignment: MetricAssignment;
  #probeSettings: ProbeSettings;
  #readings = new ClusterReadings(0);
  /** By `host:port`, in the order of the list. */
  #hosts = new Map<string, ProbedHost>();
  /** Null: not probing. */
  #term: number | null = null;
  #sinceMs = 0;
  #publishedAtMs = 0;
  readonly #aggregate: Aggregate = { state: 0, value: 0, readAtMs: 0, errorText: '' };
  readonly #measurement: { -readonly [K in keyof Measurement]: Measurement[K] };

  constructor({ name, metrics: [assignment] }: ClusterAssignment, context: ClusterContext) {
    this.name = name;
    this.#context = context;
    this.counters = new StoreCounters(context.counters);
    this.resolver = context.resolver.client();
    this.#publication = context.publisher.open(name);
    this.#thresholdLog = new ThresholdLog(name, context.logger);
    this.#thresholds = new ThresholdReader(context.board, assignment.slot);
    this.#assignment = assignment;
    this.#probeSettings = probeSettings(name, assignment.settings);
    this.#measurement = {
      generation: assignment.generation,
      term: 0,
      state: MetricState.nothing,
      value: 0,
      readAtMs: 0,
      lastHealthyMs: 0,
      sinceMs: 0,
      errorText: '',
    };
    this.#replaceHosts(true, 0);
  }

  get sinceMs(): number {
    return this.#sinceMs;
  }

  get readings(): ClusterReadings {
    return this.#readings;
  }

  get statistics(): StoreProbeStatistics {
    const { total, error, seconds } = this.counters;
    const { failing, leftOut } = this.#readings;
    const isProbing = this.#term !== null;
    return {
      store: this.name,
      total,
      error,
      seconds,
      failingHosts: isProbing ? failing : 0,
      leftOutHosts: isProbing ? leftOut : 0,
      negativeHosts: isProbing ? this.#readings.countBelow(NEGATIVE_VALUE) : 0,
    };
  }

  /**
   * Applies changed settings, hosts or generation of the same cluster. Hosts that stay keep their
   * connections, unless login or metric have changed.
   */
  apply({ metrics: [assignment] }: ClusterAssignment, nowMs: number): void {
    const before = this.#assignment;
    if (isDeepStrictEqual(assignment, before)) return;
    this.#assignment = assignment;
    const isSameStore =
      assignment.generation === before.generation &&
      isDeepStrictEqual(assignment.settings.measured, before.settings.measured);
    if (!isSameStore) this.#discardReadings(nowMs);
    this.#probeSettings = changedSettings(this.name, this.#probeSettings, before, assignment);
    this.#replaceHosts(isSameStore, nowMs);
    this.#publish(nowMs);
  }

  /** Probes under that term, or (null) closes all connections and writes nothing. */
  lead(term: number | null, nowMs: number): void {
    if (term === this.#term) return;
    this.#term = term;
    this.#publication.withdraw();
    if (term === null) {
      for (const host of this.#hosts.values()) this.#stopHost(host);
      return;
    }
    this.#thresholdLog.reset();
    this.#measurement.term = term;
    this.#discardReadings(nowMs);
    this.#readings = new ClusterReadings(this.#hosts.size);
    this.#publish(nowMs);
    for (const host of this.#hosts.values()) this.#context.scheduling.start(host);
  }

  tick(nowMs: number): void {
    if (nowMs - this.#publishedAtMs >= REPUBLISH_AFTER_MS) this.#publish(nowMs);
  }

  onReading(nowMs: number): void {
    this.#publish(nowMs);
  }

  /** Readings from before now are no longer used. */
  #discardReadings(nowMs: number): void {
    this.#sinceMs = nowMs;
    this.#measurement.generation = this.#assignment.generation;
    this.#measurement.lastHealthyMs = 0;
  }

  #replaceHosts(keepReadings: boolean, nowMs: number): void {
    const { targets, settings } = this.#assignment;
    const before = this.#hosts;
    const readings = new ClusterReadings(targets.length);
    const hosts = new Map<string, ProbedHost>();
    for (const target of targets) {
      const address = formatAddress(target);
      const present = before.get(address);
      const host = present ?? new ProbedHost(target, this.#probeSettings, this, this.#context);
      if (present !== undefined) readings.copyHost(hosts.size, this.#readings, present.index);
      host.index = hosts.size;
      hosts.set(address, host);
    }
    if (hosts.size !== targets.length) {
      throw new FrenoError('PROTOCOL', `${this.name}: a host is assigned twice`);
    }
    if (!keepReadings) readings.forget();
    this.#hosts = hosts;
    this.#readings = readings;
    for (const [address, host] of before) {
      if (hosts.get(address) === host) continue;
      host.index = -1;
      this.#stopHost(host);
    }
    const { httpCheckPort, httpCheckPath } = settings;
    for (const { host, port } of targets) {
      const member = hosts.get(formatAddress({ host, port }))!;
      member.setCheckUrl(httpCheckPort > 0 ? checkUrl(host, httpCheckPort, httpCheckPath) : '');
      member.probe.change(this.#probeSettings, nowMs);
      if (this.#term !== null && !before.has(member.probe.address)) {
        this.#context.scheduling.start(member);
      }
    }
  }

  #stopHost(host: ProbedHost): void {
    this.#context.scheduling.stop(host);
    host.close();
  }

  #publish(nowMs: number): void {
    if (this.#term === null) return;
    const { settings, slot } = this.#assignment;
    const { state, value, readAtMs, errorText } = this.#readings.aggregate(
      settings,
      nowMs,
      this.#aggregate,
    );
    const measurement = this.#measurement;
    measurement.state = state;
    measurement.value = value;
    measurement.readAtMs = readAtMs;
    measurement.errorText = errorText;
    if (state === MetricState.ok) {
      const exceeds = value > this.#thresholds.inForce(settings.threshold);
      if (!exceeds) measurement.lastHealthyMs = nowMs;
      this.#thresholdLog.observe(exceeds, nowMs, this.#crossing);
    }
    this.#context.board.publishMeasurement(slot, measurement);
    this.#publication.publish(state, value);
    this.#publishedAtMs = nowMs;
  }

  #describeCrossing(): Crossing {
    const { settings } = this.#assignment;
    const index = this.#readings.decidingHost(settings);
    const host = [...this.#hosts.keys()][index] ?? '';
    const threshold = this.#thresholds.inForce(settings.threshold);
    return { host, value: this.#measurement.value, threshold };
  }
}

function probeSettings(name: string, settings: AssignedSettings): ProbeSettings {
  const { cacheMs } = settings;
  return { login: loginOf(settings), metric: metricFor(name, settings), cacheMs };
}

/** Reuses the objects that have not changed: probes compare them to decide on a new connection. */
function changedSettings(
  name: string,
  present: ProbeSettings,
  before: MetricAssignment,
  after: MetricAssignment,
): ProbeSettings {
  const [old, settings] = [before.settings, after.settings];
  const isSameLogin =
    old.user === settings.user &&
    old.password === settings.password &&
    old.collation === settings.collation &&
    isDeepStrictEqual(old.tls, settings.tls);
  const isSameMetric = isDeepStrictEqual(old.measured, settings.measured);
  if (isSameLogin && isSameMetric && old.cacheMs === settings.cacheMs) return present;
  return {
    login: isSameLogin ? present.login : loginOf(settings),
    metric: isSameMetric ? present.metric : metricFor(name, settings),
    cacheMs: settings.cacheMs,
  };
}

function loginOf({ user, password, collation, tls }: AssignedSettings): Login {
  return { user, password, collation, tls: tls === null ? null : new TlsMaterial(tls) };
}

function metricFor(name: string, { measured }: AssignedSettings): Metric {
  const metric = metricOf(measured.query);
  // The configuration rejects such a query, so this is a bug.
  if (metric === null) throw new FrenoError('PROTOCOL', `${name}: MetricQuery is not supported`);
  return metric;
}
