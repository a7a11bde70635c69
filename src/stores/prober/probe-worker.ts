/**
 * The probe worker, which runs in a probe thread: owns the clusters that main assigns to it, probes
 * their hosts while this node is leader, and writes the board.
 */
import { setImmediate as nextIteration } from 'node:timers/promises';
import type { MessagePort } from 'node:worker_threads';
import { threadId } from 'node:worker_threads';
import { monotonicMs } from '../../base/clock.js';
import { Collections } from '../../base/collections.js';
import { FairResolver } from '../../base/dns-resolver.js';
import { messageOf } from '../../base/errors.js';
import { createLogger } from '../../base/log.js';
import { Board } from '../../board/board.js';
import { LoginCounts } from '../../board/login-counts.js';
import { ProbeSockets } from '../../board/probe-sockets.js';
import { StoreTurns } from '../../board/store-turns.js';
import type {
  FromProbe,
  ProbeTask,
  StoreDescription,
  StoreProbeStatistics,
  ToProbe,
} from '../../contracts/probe.js';
import type { MetricPublisher } from '../../contracts/publisher.js';
import type { ClusterAssignment } from '../../contracts/stores.js';
import { type ClusterContext, ProbedCluster } from './cluster.js';
import { ThreadCounters } from './counters.js';
import { HostLines } from './host-lines.js';
import { HostProbes } from './host-probes.js';
import { HttpChecker } from './http-check.js';
import { LoginGate } from './mysql/login-gate.js';
import {
  type MemberScheduling,
  type Openable,
  ProbeScheduler,
  systemSchedulerClock,
} from './probe-scheduler.js';
import { PrometheusQueries } from './prometheus/queries.js';

/** Every host has one tick per interval. */
export const PROBE_INTERVAL_MS = 50;
const PHASES = 10;

/** Stores in one chunk of statistics, which may have 16 metrics each. */
const STORES_PER_CHUNK = 100;

/** Hosts of metrics in one part of a description: it takes well under a millisecond. */
const HOSTS_PER_PART = 500;

/**
 * Members opened in one iteration of the event loop: the first results are read before the last
 * connection is opened.
 */
const OPENED_PER_ITERATION = 16;

export class ProbeWorker {
  readonly #port: MessagePort;
  readonly #publisher: MetricPublisher;
  readonly #context: ClusterContext;
  readonly #httpChecker = new HttpChecker();
  readonly #scheduler = new ProbeScheduler({
    intervalMs: PROBE_INTERVAL_MS,
    phases: PHASES,
    clock: systemSchedulerClock,
  });
  readonly #worker: number;
  readonly #counters = new ThreadCounters();
  readonly #collections = new Collections<StoreProbeStatistics>(STORES_PER_CHUNK);
  /** By name. */
  readonly #clusters = new Map<string, ProbedCluster>();
  /** Members of the schedule that have not been opened yet. */
  readonly #opening = new Set<Openable>();
  #isOpeningScheduled = false;
  /** Null: not probing. */
  #term: number | null = null;

  /** `task`: without the parts that the thread's entry has used. */
  constructor(task: Omit<ProbeTask, 'diagnostics' | 'memcache'>, publisher: MetricPublisher) {
    this.#port = task.port;
    this.#worker = task.worker;
    this.#publisher = publisher;
    const resolver = new FairResolver();
    const scheduling: MemberScheduling = {
      start: (member) => this.#startMember(member),
      stop: (member) => this.#stopMember(member),
      wake: (member) => this.#scheduler.wake(member),
    };
    const sockets = new ProbeSockets(task.sockets, task.worker, task.socketsMax);
    const logins = new LoginGate(new LoginCounts(task.logins, task.worker), sockets);
    const logger = createLogger(task.log, `probe-${task.worker}`);
    this.#context = {
      board: new Board(task.board),
      turns: new StoreTurns(task.turns, task.worker),
      resolver,
      httpChecker: this.#httpChecker,
      publisher,
      logger,
      lines: new HostLines(logger),
      probes: new HostProbes({ logins, counters: this.#counters }, scheduling),
      scheduling,
      prometheus: new PrometheusQueries(resolver.client().lookup, scheduling),
    };
  }

  /** Resolves when main has sent `stop` and all connections are closed. */
  run(): Promise<void> {
    return new Promise((resolve) => {
      this.#port.on('message', (message: ToProbe) => {
        if (message.kind !== 'stop') {
          this.#handle(message);
          return;
        }
        this.#lead(null);
        this.#publisher.close();
        this.#port.close();
        resolve();
      });
      this.#post({ kind: 'ready', threadId });
    });
  }

  #handle(message: Exclude<ToProbe, { kind: 'stop' }>): void {
    switch (message.kind) {
      case 'assign':
        this.#assign(message.assignments);
        this.#post({ kind: 'acknowledge', version: message.version });
        break;
      case 'lead':
        this.#lead(message.probing ? message.term : null);
        break;
      case 'memcache':
        this.#publisher.setAddress(message.memcache);
        break;
      case 'collect':
        this.#collect(message.id, message.collection);
        break;
      case 'describe':
        void this.#describe(message.id, message.store);
        break;
      case 'listCutOff':
        this.#post({ kind: 'stores', id: message.id, stores: this.#cutOffStores() });
        break;
      case 'tryLogins':
        void this.#tryLogins(message.id, message.stores);
        break;
      case 'ping':
        this.#post({ kind: 'pong' });
        break;
    }
  }

  #assign(assignments: readonly ClusterAssignment[]): void {
    const nowMs = monotonicMs();
    const names = new Set(assignments.map(({ name }) => name));
    for (const [name, cluster] of this.#clusters) {
      if (!names.has(name)) this.#remove(cluster, nowMs);
    }
    for (const assignment of assignments) {
      try {
        this.#apply(assignment, nowMs);
      } catch (thrown) {
        this.#context.logger.error(
          { store: assignment.name, error: messageOf(thrown) },
          'cannot probe store',
        );
      }
    }
    this.#context.turns.end();
  }

  #apply(assignment: ClusterAssignment, nowMs: number): void {
    const turn = this.#context.turns.of(assignment.metrics[0].slot);
    const present = this.#clusters.get(assignment.name);
    turn.begin();
    if (present !== undefined) present.apply(assignment, nowMs);
    else this.#add(new ProbedCluster(assignment, this.#context, nowMs), nowMs);
  }

  #add(cluster: ProbedCluster, nowMs: number): void {
    this.#clusters.set(cluster.name, cluster);
    this.#scheduler.add(cluster);
    cluster.lead(this.#term, nowMs);
  }

  #remove(cluster: ProbedCluster, nowMs: number): void {
    this.#clusters.delete(cluster.name);
    this.#scheduler.remove(cluster);
    cluster.lead(null, nowMs);
  }

  #lead(term: number | null): void {
    this.#term = term;
    const nowMs = monotonicMs();
    if (term === null) this.#scheduler.stop();
    else this.#scheduler.start();
    for (const cluster of this.#clusters.values()) {
      cluster.turn.begin();
      cluster.lead(term, nowMs);
      cluster.turn.end();
    }
  }

  #startMember(member: Openable): void {
    this.#opening.add(member);
    this.#openSoon();
  }

  #stopMember(member: Openable): void {
    this.#opening.delete(member);
    this.#scheduler.remove(member);
  }

  #openSoon(): void {
    if (this.#isOpeningScheduled || this.#opening.size === 0) return;
    this.#isOpeningScheduled = true;
    setImmediate(() => {
      this.#isOpeningScheduled = false;
      let remaining = OPENED_PER_ITERATION;
      for (const member of this.#opening) {
        if (remaining-- === 0) break;
        this.#opening.delete(member);
        this.#scheduler.add(member);
        member.turn?.begin();
        try {
          member.open(monotonicMs());
        } catch (thrown) {
          member.threw(thrown);
        }
        member.turn?.end();
      }
      this.#openSoon();
    });
  }

  /** In parts, between which probes have their turn. */
  async #describe(id: number, store: string | null): Promise<void> {
    const names = store === null ? [...this.#clusters.keys()] : [store];
    let stores: StoreDescription[] = [];
    let hosts = 0;
    for (const name of names) {
      const description = this.#clusters.get(name)?.describe() ?? null;
      if (description === null) continue;
      stores.push(description);
      hosts += description.metrics.reduce((sum, metric) => sum + metric.hosts.length, 1);
      if (hosts < HOSTS_PER_PART) continue;
      this.#post({ kind: 'described', id, stores, isLast: false });
      stores = [];
      hosts = 0;
      await nextIteration();
    }
    this.#post({ kind: 'described', id, stores, isLast: true });
  }

  #cutOffStores(): string[] {
    const stores: string[] = [];
    for (const { name, isCutOff } of this.#clusters.values()) if (isCutOff) stores.push(name);
    return stores;
  }

  async #tryLogins(id: number, stores: readonly string[]): Promise<void> {
    const accepted = await Promise.all(
      stores.map((store) => this.#clusters.get(store)?.tryLogin() ?? false),
    );
    this.#post({ kind: 'stores', id, stores: stores.filter((_, index) => accepted[index]) });
  }

  #collect(id: number, collection: number): void {
    const { items, last } = this.#collections.next(collection, () => this.#countedStores());
    const { byStatus, skipped, failed } = this.#httpChecker.counters;
    this.#post({
      kind: 'collected',
      id,
      statistics: {
        total: this.#counters.total,
        error: this.#counters.error,
        latency: this.#counters.latency,
        httpChecks: { ...byStatus },
        httpChecksSkipped: skipped,
        httpChecksFailed: failed,
        missedPhases: this.#scheduler.missedPhases,
        published: this.#publisher.statistics,
        worker: this.#worker,
        durations: this.#counters.durations,
        stores: items,
      },
      isLast: last,
    });
  }

  /** Each once, also one that is removed and assigned again meanwhile. */
  *#countedStores(): Generator<StoreProbeStatistics> {
    for (const { statistics } of [...this.#clusters.values()]) yield statistics;
  }

  #post(message: FromProbe): void {
    this.#port.postMessage(message);
  }
}
