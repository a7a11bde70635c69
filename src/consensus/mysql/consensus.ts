/**
 * Consensus through a MySQL or MariaDB database: it elects the leader of each domain and stores the
 * operators' commands. Nodes do not talk to each other. The tables are the original's, and may be
 * shared with its nodes.
 *
 * In each round of the election a node renews the row of its domain, or takes it over when it has
 * expired (`election.ts`), holds the lease that the row grants (`lease.ts`), and reads the table.
 * Commands go through `state-sync.ts`, on a connection of their own.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicMs } from '../../base/clock.js';
import { FairResolver } from '../../base/dns-resolver.js';
import { FrenoError, messageOf } from '../../base/errors.js';
import type { Logger } from '../../base/log.js';
import type { BackendSettings } from '../../config/settings.js';
import type {
  ClusterStatus,
  Consensus,
  ConsensusObserver,
  ConsensusState,
  ConsensusStatus,
  NodeDescription,
  ReplaceableState,
} from '../../contracts/consensus.js';
import type { CommandEffect, OperatorCommand } from '../../throttle/commands.js';
import { BackendConnection } from './backend-connection.js';
import { BackendError, permanentFailure, SERVER_ERROR } from './backend-error.js';
import { backendClusterStatus } from './cluster-status.js';
import { type ElectionSnapshot, ServiceElection, type ServiceIdentity } from './election.js';
import { BackendLease } from './lease.js';
import { assertTimes, type BackendTimes, DEFAULT_TIMES } from './options.js';
import { StateSync } from './state-sync.js';
import { prepareTables, type Tables } from './tables.js';
import { TransitionLog } from './transition-log.js';

export interface MySQLConsensusOptions {
  readonly settings: BackendSettings;
  readonly identity: ServiceIdentity;
  readonly state: ReplaceableState;
  readonly observer: ConsensusObserver;
  readonly log: Logger;
  readonly description: () => NodeDescription;
  /** `DEFAULT_TIMES` unless given. */
  readonly times?: BackendTimes;
}

/** The process must end within 5 s of a signal, whatever the backend does. */
const STOP_TIMEOUT_MS = 2_000;

/** No caching: after a fail-over the name of the backend resolves to another address. */
const RESOLVER_LIMITS = { lookupsMax: 2, foundMs: 0, notFoundMs: 0 };

/**
 * The original's domain where Domain, DataCenter and Environment are empty: it joins two empty
 * names with a colon.
 */
const UNNAMED_DOMAIN = ':';

const EMPTY_SNAPSHOT: ElectionSnapshot = {
  leader: '',
  hasRow: false,
  shareDomainServices: new Map(),
};

export class MySQLConsensus implements Consensus {
  readonly #identity: ServiceIdentity;
  readonly #log: Logger;
  readonly #description: () => NodeDescription;
  readonly #times: BackendTimes;
  /** Separate from that of commands, so that a slow command never delays a renewal. */
  readonly #electionConnection: BackendConnection;
  readonly #stateConnection: BackendConnection;
  readonly #election: ServiceElection;
  readonly #lease: BackendLease;
  readonly #sync: StateSync;
  readonly #faults: TransitionLog;
  readonly #healthFaults: TransitionLog;
  #tables: Tables | undefined;
  #snapshot = EMPTY_SNAPSHOT;
  #healthyServices: readonly string[] | null = null;
  #healthDueAtMs = 0;
  /** Whether the last round of the election succeeded. */
  #healthy = false;
  #stopping = false;
  /** `monotonicMs()` until which this node leaves the row to others. */
  #standsAsideUntilMs = 0;
  #inRound = false;
  #round: Promise<unknown> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: MySQLConsensusOptions) {
    const { settings, state, observer, log } = options;
    const identity = { ...options.identity, domain: options.identity.domain || UNNAMED_DOMAIN };
    this.#identity = identity;
    this.#log = log;
    this.#description = options.description;
    this.#times = options.times ?? DEFAULT_TIMES;
    assertTimes(this.#times);
    const { lookup } = new FairResolver({ limits: RESOLVER_LIMITS }).client();
    this.#electionConnection = new BackendConnection(settings, this.#times, lookup);
    this.#stateConnection = new BackendConnection(settings, this.#times, lookup);
    this.#election = new ServiceElection(
      this.#electionConnection,
      identity,
      this.#times.takeoverSeconds,
    );
    this.#lease = new BackendLease(observer, log);
    this.#sync = new StateSync({
      connection: this.#stateConnection,
      state,
      intervalMs: this.#times.stateIntervalMs,
      log,
    });
    this.#faults = new TransitionLog(log, 'MySQL backend: election');
    this.#healthFaults = new TransitionLog(log, 'MySQL backend: reading service_health');
  }

  get name(): string {
    return this.#identity.serviceId;
  }

  get isLeading(): boolean {
    return this.#lease.isLeading;
  }

  /**
   * Resolves also when the backend is down: the node participates once it is up. Rejects when
   * waiting would not help.
   */
  async start(): Promise<void> {
    const permanent = permanentFailure(await this.#runRound());
    if (permanent !== null) {
      await this.stop();
      throw permanent;
    }
    this.#timer = setInterval(() => this.#nextRound(), this.#times.electionIntervalMs);
  }

  /**
   * Gives leadership up at once, and releases the row, as far as the backend responds within
   * `STOP_TIMEOUT_MS`.
   */
  async stop(): Promise<void> {
    this.#stopping = true;
    clearInterval(this.#timer);
    this.#lease.end();
    const deadline = new AbortController();
    const timeout = sleep(STOP_TIMEOUT_MS, undefined, { signal: deadline.signal }).catch(() => {});
    await Promise.race([Promise.all([this.#sync.stop(), this.#releaseRow()]), timeout]);
    deadline.abort();
    this.#electionConnection.close();
    this.#stateConnection.close();
  }

  submit(command: OperatorCommand): Promise<CommandEffect> {
    return this.#sync.submit(command);
  }

  async readBarrier(): Promise<void> {
    if (!this.#lease.isLeading) return;
    try {
      await this.#sync.refresh();
    } catch (error) {
      throw new FrenoError('NO_LEADER', messageOf(error), { cause: error });
    }
    if (!this.#lease.isLeading) throw new FrenoError('NO_LEADER', 'this node lost leadership');
  }

  status(): ConsensusStatus {
    const { domain, shareDomain, serviceId } = this.#identity;
    const services = this.#snapshot.shareDomainServices;
    return {
      ServiceID: serviceId,
      Healthy: this.#healthy,
      IsLeader: this.#lease.isLeading,
      Leader: this.#leader(),
      State: this.#state(),
      Domain: domain,
      ShareDomain: shareDomain,
      ShareDomainServices: shareDomain === '' ? null : Object.fromEntries(services),
      ShareDomainServicesList: [serviceId, ...services.values()],
      HealthyDomainServicesList: this.#healthy ? this.#healthyServices : null,
      Majority: null,
    };
  }

  cluster(): ClusterStatus {
    return backendClusterStatus({
      self: this.#identity.serviceId,
      state: this.#state(),
      leader: this.#leader(),
      healthyServices: this.#healthyServices ?? [],
      description: this.#description(),
    });
  }

  async yieldLeadership(): Promise<string> {
    const { serviceId } = this.#identity;
    if (!this.#lease.isLeading) {
      const leader = this.#leader();
      const known = leader === '' ? 'no leader is known' : `the leader is ${leader}`;
      throw new FrenoError('CONFLICT', `this node does not lead: ${known}`);
    }
    if (this.#healthyServices?.every((service) => service === serviceId) === true) {
      throw new FrenoError('CONFLICT', 'no other node of this domain is healthy');
    }
    const deadlineMs = monotonicMs() + this.#times.takeoverSeconds * 1_000;
    this.#standsAsideUntilMs = deadlineMs;
    // A round in progress may still renew the row.
    await this.#round;
    this.#lease.end();
    try {
      await this.#election.resign();
    } catch (error) {
      const text = `this node gave leadership up, but could not release it: ${messageOf(error)}`;
      throw new FrenoError('OUTCOME_UNKNOWN', text, { cause: error });
    }
    while (monotonicMs() < deadlineMs) {
      const leader = this.#leader();
      if (leader !== '' && leader !== serviceId) return leader;
      await sleep(this.#times.electionIntervalMs);
    }
    throw new FrenoError('CONFLICT', 'no other node took over in time: this node leads again');
  }

  #leader(): string {
    const { serviceId } = this.#identity;
    if (this.#lease.isLeading) return serviceId;
    // A row of this node whose lease has ended names no leader.
    const { leader } = this.#snapshot;
    return this.#healthy && leader !== serviceId ? leader : '';
  }

  #state(): ConsensusState {
    if (this.#lease.isLeading) return 'Leader';
    return this.#healthy ? 'Healthy' : 'Unhealthy';
  }

  #nextRound(): void {
    if (!this.#inRound) void this.#runRound();
  }

  /** Resolves with the error of the round, or null. */
  #runRound(): Promise<unknown> {
    this.#inRound = true;
    this.#round = this.#elect()
      .then(
        () => this.#roundSucceeded(),
        (error: unknown) => this.#roundFailed(error),
      )
      .finally(() => {
        this.#inRound = false;
      });
    return this.#round;
  }

  #roundSucceeded(): null {
    this.#healthy = true;
    this.#faults.succeeded();
    return null;
  }

  /** The node leads until its lease ends: the next round may renew it. */
  #roundFailed(error: unknown): unknown {
    this.#healthy = false;
    if (isMissingTable(error)) this.#tables = undefined;
    if (!this.#stopping) this.#faults.failed(error);
    return error;
  }

  async #elect(): Promise<void> {
    this.#tables ??= await prepareTables(this.#electionConnection);
    this.#sync.start(this.#tables);
    const standsAside = monotonicMs() < this.#standsAsideUntilMs;
    const sentAtMs = standsAside ? null : await this.#claim();
    if (sentAtMs === null) this.#lease.end();
    else await this.#lead(sentAtMs + this.#times.leaseMs);
    this.#snapshot = await this.#election.snapshot();
    await this.#reportHealth(this.#tables);
  }

  async #claim(): Promise<number | null> {
    // A node that cannot read the state must not take the row from nodes that can.
    if (!this.#lease.isLeading && !this.#sync.isFresh) await this.#sync.refresh();
    const sentAtMs = await this.#election.claim();
    return sentAtMs !== null || this.#snapshot.hasRow ? sentAtMs : this.#election.insertRow();
  }

  /** Leads until `untilMs`. Before a promotion it reads the current state. */
  async #lead(untilMs: number): Promise<void> {
    if (!this.#lease.isLeading) {
      try {
        await this.#sync.refresh();
      } catch (error) {
        await this.#election.resign();
        throw error;
      }
    }
    if (!this.#stopping) this.#lease.extend(untilMs);
  }

  async #reportHealth(tables: Tables): Promise<void> {
    if (!tables.health || monotonicMs() < this.#healthDueAtMs) return;
    this.#healthDueAtMs = monotonicMs() + this.#times.healthIntervalMs;
    try {
      await this.#election.register();
      this.#healthyServices = await this.#election.healthyServices();
      this.#healthFaults.succeeded();
    } catch (error) {
      if (!(error instanceof BackendError) || error.fault !== 'refused') throw error;
      this.#healthyServices = null;
      this.#healthFaults.failed(error);
    }
  }

  async #releaseRow(): Promise<void> {
    await this.#round;
    if (!this.#healthy) return;
    try {
      await this.#election.resign();
      if (this.#tables?.health === true) await this.#election.unregister();
    } catch (error) {
      this.#log.warn(
        { error: messageOf(error) },
        'MySQL backend: could not release leadership; another node takes over when it has expired',
      );
    }
  }
}

function isMissingTable(error: unknown): boolean {
  return error instanceof BackendError && error.errno === SERVER_ERROR.noSuchTable;
}
