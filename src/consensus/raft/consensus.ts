/**
 * Consensus by Raft, as the rest of freno sees it.
 *
 * A node whose disk fails, or whose invariants are broken, must not go on: what it holds in memory
 * may differ from what it would find after a crash. It gives up leadership, acknowledges nothing,
 * and opens its disk again as after a crash. The process stays up, so that `/consensus/status`
 * and the log can report the reason (etcd, in contrast, exits when it cannot write its log).
 */
import { Backoff } from '../../base/backoff.js';
import { monotonicMs } from '../../base/clock.js';
import { FrenoError, messageOf } from '../../base/errors.js';
import type { Logger } from '../../base/log.js';
import type { RaftSettings } from '../../config/settings.js';
import type {
  ClusterStatus,
  Consensus,
  ConsensusObserver,
  ConsensusState,
  ConsensusStatus,
  LoginTrial,
  NodeDescription,
  RaftMetrics,
  StateMachine,
} from '../../contracts/consensus.js';
import type { Command, CommandEffect } from '../../throttle/commands.js';
import { clusterStatus } from './cluster-status.js';
import type { NodeReport } from './codec/node-report.js';
import { majorityOf } from './core/quorum.js';
import type { Role, SoftState } from './core/types.js';
import { RaftCounters } from './counters.js';
import type { DriverObserver, RequestResult } from './driver-types.js';
import { Handover } from './handover.js';
import { lossTexts, roleText } from './leadership-texts.js';
import type { RaftNode } from './node.js';
import { isAlone } from './options.js';
import { RateLimitedLog } from './rate-limited-log.js';
import { majorityStatus } from './reach.js';
import { outcomeUnknown, refusalOf, unreadable } from './request-errors.js';
import type { SyncedRecord } from './storage/synced-file.js';
import { NO_CREDENTIALS, PeerCredentials } from './transport/peer-credentials.js';
import { within } from './within.js';

/** How long a stopping node waits for its pending requests, after the transfer of leadership. */
const SETTLE_TIMEOUT_MS = 500;

/**
 * Pauses before the node opens its disk again. Constant, and without jitter: the disk belongs to
 * this node alone, so no other node retries on it at the same time.
 */
const RESTART_BACKOFF = { firstMs: 2000, maxMs: 2000, jitter: 0 };

/** A leader whose clock differs by more than this from that of most nodes logs a warning. */
const CLOCK_DIFFERENCE_MAX_MS = 5000;

const states: Record<Role, ConsensusState> = {
  leader: 'Leader',
  follower: 'Follower',
  preCandidate: 'Candidate',
  candidate: 'Candidate',
};

const NOT_PARTICIPATING = 'this node does not participate';

const NO_SOFT_STATE: SoftState = {
  role: 'follower',
  term: 0,
  leader: null,
  leaseRound: 0,
  leaseLockoutMs: 0,
  transferTo: null,
  loss: null,
};

/** What a node says to others of itself, and of the time. */
export interface RaftNodeContext {
  /** Its wall clock; `Date.now` unless given. */
  readonly unixMs?: () => number;
  readonly description?: () => NodeDescription;
  /** No login works unless given. */
  readonly loginTrial?: LoginTrial;
}

const UNDESCRIBED: NodeDescription = { version: '', configHash: 0, listenPort: 0 };

export class RaftConsensus implements Consensus {
  readonly #settings: RaftSettings;
  readonly #stateMachine: StateMachine;
  readonly #observer: ConsensusObserver;
  readonly #log: Logger;
  /** This node's wall clock. */
  readonly #unixMs: () => number;
  readonly #description: () => NodeDescription;
  readonly #loginTrial: LoginTrial;
  /** Rate-limited: a disk that stays full fails at every restart. */
  readonly #faults: RateLimitedLog;
  #isFaulty = false;
  readonly #counters = new RaftCounters();
  /** Null before the start, after the stop, and between a failure and the restart. */
  #node: RaftNode | null = null;
  /**
   * What the data directory held when a node of this process failed; null before the first fault.
   * One that holds less is not the same directory: a volume was unmounted.
   */
  #held: SyncedRecord | null = null;
  #credentials = NO_CREDENTIALS;
  #soft: SoftState = NO_SOFT_STATE;
  #isStopping = false;
  /** The restart in progress after a failure, if any. */
  #restart: Promise<void> | null = null;
  readonly #restartBackoff = new Backoff(RESTART_BACKOFF);
  #restartTimer: NodeJS.Timeout | undefined;
  readonly #handover: Handover;
  #pendingRequests = 0;
  #onNonePending: () => void = () => {};

  constructor(
    settings: RaftSettings,
    stateMachine: StateMachine,
    observer: ConsensusObserver,
    log: Logger,
    context: RaftNodeContext = {},
  ) {
    this.#settings = settings;
    this.#stateMachine = stateMachine;
    this.#observer = observer;
    this.#log = log;
    this.#unixMs = context.unixMs ?? Date.now;
    this.#description = context.description ?? (() => UNDESCRIBED);
    this.#loginTrial = context.loginTrial ?? (async () => []);
    this.#handover = new Handover(settings.electionMs, () => this.#soft);
    this.#faults = new RateLimitedLog(log, monotonicMs);
  }

  get name(): string {
    return this.#settings.advertise;
  }

  get isLeading(): boolean {
    return this.#soft.role === 'leader';
  }

  async start(): Promise<void> {
    this.#credentials = await PeerCredentials.read(this.#settings);
    this.#node = await this.#open();
  }

  readCredentialsAgain(): Promise<void> {
    return this.#credentials.readAgain();
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    clearTimeout(this.#restartTimer);
    await this.#restart;
    const node = this.#node;
    if (node === null) return;
    await this.#transferLeadership(node);
    await within(SETTLE_TIMEOUT_MS, (done) => {
      this.#onNonePending = done;
      if (this.#pendingRequests === 0) done();
    });
    this.#node = null;
    this.#softStateChanged(NO_SOFT_STATE);
    await node.close();
  }

  submit(command: Command): Promise<CommandEffect> {
    const unreadableAt = this.#node?.unreadableAt(command) ?? null;
    if (unreadableAt !== null) return Promise.reject(unreadable(unreadableAt));
    return this.#request((node, done) => node.driver.submit(command, done));
  }

  async readBarrier(): Promise<void> {
    if (this.#node !== null && this.#soft.role !== 'leader') return;
    await this.#request((leader, done) => leader.driver.read(done));
  }

  status(): ConsensusStatus {
    const { role, leader } = this.#soft;
    return {
      ServiceID: this.#settings.advertise,
      Healthy: leader !== null,
      IsLeader: role === 'leader',
      Leader: leader ?? '',
      State: this.#node === null ? 'Unhealthy' : states[role],
      Domain: '',
      ShareDomain: '',
      ShareDomainServices: null,
      ShareDomainServicesList: null,
      HealthyDomainServicesList: null,
      Majority: this.#node === null ? null : majorityStatus(this.#node.reach),
    };
  }

  cluster(): ClusterStatus {
    const { advertise: self, nodes } = this.#settings;
    const { leader } = this.#soft;
    const own = this.#report();
    const node = this.#node;
    if (node !== null) {
      return clusterStatus({ self, leader, own, participates: true, peers: node.knownPeers });
    }
    const others = nodes.filter((name) => name !== self);
    const unknown = { received: undefined, heardAgoMs: null, fault: NOT_PARTICIPATING };
    const peers = others.map((name) => ({ node: name, ...unknown }));
    return clusterStatus({ self, leader, own, participates: false, peers });
  }

  async yieldLeadership(to?: string): Promise<string> {
    if (isAlone(this.#settings)) {
      throw new FrenoError('CONFLICT', 'this is the only node of the cluster');
    }
    if (this.#node === null) throw new FrenoError('CONFLICT', NOT_PARTICIPATING);
    return this.#handover.yield(this.#node.driver, to);
  }

  async askLogins(stores: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>> {
    return (await this.#node?.logins.ask(stores)) ?? new Map();
  }

  raftMetrics(): RaftMetrics {
    const nodes = Math.max(1, this.#settings.nodes.length);
    return {
      ...this.#position(),
      ...this.#counters.counted,
      pendingRequests: this.#node?.driver.pendingRequests ?? 0,
      nodes,
      nodesNeeded: majorityOf(nodes),
      nodesReached: this.#node?.reach.reached ?? 0,
    };
  }

  #position() {
    const { role, term } = this.#soft;
    const driver = this.#node?.driver;
    return {
      role: role === 'preCandidate' ? ('candidate' as const) : role,
      term,
      commitIndex: driver?.commitIndex ?? 0,
      appliedIndex: driver?.appliedIndex ?? 0,
    };
  }

  /** What this node says of itself to the others. */
  #report(): NodeReport {
    return { ...this.#position(), unixMs: this.#unixMs(), ...this.#description() };
  }

  async #open(): Promise<RaftNode> {
    let opened: RaftNode | null = null;
    let failure: Error | null = null;
    const observer: DriverObserver = {
      softStateChanged: (soft) => this.#softStateChanged(soft),
      leaseExtended: (leaseUntilMs, clockOffsetMs) => {
        this.#compareClocks(clockOffsetMs);
        this.#observer.leaseExtended(leaseUntilMs, clockOffsetMs);
      },
      clockHeard: (clockOffsetMs) => this.#observer.clockHeard(clockOffsetMs),
      failed: (error) => {
        // Commands that were in flight together fail together.
        if (failure !== null) return;
        failure = error;
        if (opened !== null) this.#failed(opened, error);
      },
    };
    // Imported only here: the other threads start first, and load at the same time.
    const { RaftNode } = await import('./node.js');
    const node = await RaftNode.open({
      settings: this.#settings,
      stateMachine: this.#stateMachine,
      observer,
      counters: this.#counters,
      log: this.#log,
      unixMs: this.#unixMs,
      report: () => this.#report(),
      loginTrial: this.#loginTrial,
      held: this.#held,
      credentials: this.#credentials,
    });
    if (failure !== null) {
      this.#held = node.held;
      this.#softStateChanged(NO_SOFT_STATE);
      await node.close();
      throw failure;
    }
    opened = node;
    return node;
  }

  #request(
    call: (node: RaftNode, done: (result: RequestResult) => void) => void,
  ): Promise<CommandEffect> {
    const node = this.#node;
    if (node === null) return Promise.reject(refusalOf('notLeader'));
    this.#pendingRequests += 1;
    return new Promise((resolve, reject) => {
      call(node, (result) => {
        this.#pendingRequests -= 1;
        if (this.#pendingRequests === 0) this.#onNonePending();
        if (result.kind === 'done') resolve(result.effect);
        else reject(result.kind === 'refused' ? refusalOf(result.refusal) : outcomeUnknown());
      });
    });
  }

  #softStateChanged(soft: SoftState): void {
    const before = this.#soft;
    this.#soft = soft;
    this.#counters.softStateChanged(before, soft);
    const wasLeading = before.role === 'leader';
    const isLeading = soft.role === 'leader';
    if (wasLeading && (!isLeading || soft.term !== before.term)) {
      const reason = soft.loss === null ? 'this node stopped' : lossTexts[soft.loss];
      this.#log.warn({ term: before.term, reason }, 'raft: lost leadership');
      this.#observer.leadershipChanged(false, Math.max(soft.term, before.term));
    }
    if (isLeading && (!wasLeading || soft.term !== before.term)) {
      this.#log.warn({ term: soft.term }, 'raft: became leader');
      this.#observer.leadershipChanged(true, soft.term);
    }
    this.#logSoftState(before, soft);
    this.#handover.softStateChanged();
  }

  #logSoftState(before: SoftState, soft: SoftState): void {
    if (soft === NO_SOFT_STATE) return;
    if (soft.transferTo !== null && soft.transferTo !== before.transferTo) {
      const reason = lossTexts[soft.loss ?? 'handover'];
      this.#log.warn({ to: soft.transferTo, reason }, 'raft: handing over leadership');
    }
    if (soft.role !== 'leader' && (soft.role !== before.role || soft.leader !== before.leader)) {
      const { term, leader } = soft;
      this.#log.info({ term, ...(leader === null ? {} : { leader }) }, roleText(soft));
    }
    if (!this.#isFaulty || soft.leader === null) return;
    this.#isFaulty = false;
    this.#faults.warn('raft: this node participates again');
  }

  #compareClocks(clockOffsetMs: number | null): void {
    if (clockOffsetMs === null) return;
    const differenceMs = this.#unixMs() - monotonicMs() - clockOffsetMs;
    if (Math.abs(differenceMs) <= CLOCK_DIFFERENCE_MAX_MS) return;
    this.#faults.warn(
      'raft: the clock of this node differs from those of most nodes, ' +
        'which decide when entries expire: check NTP on this node',
    );
  }

  async #transferLeadership(node: RaftNode): Promise<void> {
    if (this.#soft.role !== 'leader' || isAlone(this.#settings)) return;
    await this.#handover.begin(node.driver);
  }

  #failed(node: RaftNode, error: Error): void {
    this.#isFaulty = true;
    this.#faults.error(
      `raft: ${messageOf(error)}: this node stopped participating, ` +
        `and restarts from ${this.#settings.dataDir} until that works`,
      error,
    );
    this.#softStateChanged(NO_SOFT_STATE);
    // `stop` closes the node.
    if (this.#isStopping) return;
    this.#node = null;
    this.#held = node.held;
    this.#restart = this.#scheduleRestart(node);
  }

  async #scheduleRestart(failed: RaftNode | null): Promise<void> {
    await failed?.close().catch((error: unknown) => this.#log.error(`raft: ${messageOf(error)}`));
    if (this.#isStopping) return;
    this.#restartTimer = setTimeout(() => {
      this.#restart = this.#open().then(
        (node) => {
          this.#restartBackoff.succeeded();
          this.#node = node;
        },
        (error: unknown) => {
          this.#faults.error(`raft: ${messageOf(error)}`, error);
          return this.#scheduleRestart(null);
        },
      );
    }, this.#restartBackoff.failed());
  }
}
