/** Consensus by Raft, as the rest of freno sees it. */
import { monotonicMs } from '../../base/clock.js';
import { type ErrorCode, FrenoError, messageOf } from '../../base/errors.js';
import type { Logger } from '../../base/log.js';
import type {
  Consensus,
  ConsensusObserver,
  ConsensusState,
  ConsensusStatus,
  RaftMetrics,
  StateMachine,
} from '../../contracts/consensus.js';
import type { Command } from '../../throttle/commands.js';
import type { Role, SoftState } from './core/types.js';
import type { DriverObserver, RequestRefusal, RequestResult } from './driver-types.js';
import { RaftMeter } from './meter.js';
import type { RaftNode } from './node.js';
import { isAlone, type RaftOptions } from './options.js';
import { RateLimitedLog } from './rate-limited-log.js';

/** How long a stopping node waits for its requests to be answered, after it has handed over. */
const SETTLE_TIMEOUT_MS = 500;

/**
 * After a failure of the disk, or a broken invariant: how long until the node starts again from
 * what the disk holds.
 */
const RESTART_AFTER_MS = 2000;

/** By how much the clock of a leader may differ from that of most nodes before it is said so. */
const CLOCK_DIFFERENCE_MAX_MS = 5000;

const states: Record<Role, ConsensusState> = {
  leader: 'Leader',
  follower: 'Follower',
  preCandidate: 'Candidate',
  candidate: 'Candidate',
};

const refusals: Record<RequestRefusal, readonly [ErrorCode, string]> = {
  noLeader: ['NO_LEADER', 'there is no leader now; nothing was changed, try again'],
  handingOver: ['NO_LEADER', 'leadership is being handed over; nothing was changed, try again'],
  overloaded: ['OVERLOADED', 'too many changes are waiting; nothing was changed, try again later'],
  full: ['OVERLOADED', 'the table has no room for another entry; nothing was changed'],
  tooLarge: ['BAD_REQUEST', 'the name is too long, or a number out of bounds; nothing was changed'],
};

const NO_SOFT_STATE: SoftState = {
  role: 'follower',
  term: 0,
  leader: null,
  leaseRound: 0,
  leaseLockoutMs: 0,
  transferTo: null,
};

/**
 * A node whose disk fails stops leading at once, acknowledges nothing, and starts again from its
 * disk every `RESTART_AFTER_MS` until that works: as after a crash, but the process lives on and
 * can say so.
 */
export class RaftConsensus implements Consensus {
  readonly #options: RaftOptions;
  readonly #machine: StateMachine;
  readonly #observer: ConsensusObserver;
  readonly #log: Logger;
  /** This node's wall clock. */
  readonly #unixMs: () => number;
  /** A disk that stays full fails with every start. */
  readonly #faults: RateLimitedLog;
  #isFaulty = false;
  readonly #meter = new RaftMeter();
  /** Null before the start, after the stop, and between a failure and the next start. */
  #node: RaftNode | null = null;
  #soft: SoftState = NO_SOFT_STATE;
  #isStopping = false;
  /** The restart under way after a failure, if any. */
  #restart: Promise<void> | null = null;
  #restartTimer: NodeJS.Timeout | undefined;
  #onSoftState: () => void = () => {};
  #unanswered = 0;
  #onAllAnswered: () => void = () => {};

  constructor(
    options: RaftOptions,
    machine: StateMachine,
    observer: ConsensusObserver,
    log: Logger,
    unixMs: () => number = Date.now,
  ) {
    this.#options = options;
    this.#machine = machine;
    this.#observer = observer;
    this.#log = log;
    this.#unixMs = unixMs;
    this.#faults = new RateLimitedLog(log, monotonicMs);
  }

  async start(): Promise<void> {
    this.#node = await this.#open();
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    clearTimeout(this.#restartTimer);
    await this.#restart;
    const node = this.#node;
    if (node === null) return;
    await this.#handOver(node);
    await within(SETTLE_TIMEOUT_MS, (settled) => {
      this.#onAllAnswered = settled;
      if (this.#unanswered === 0) settled();
    });
    this.#node = null;
    this.#softStateChanged(NO_SOFT_STATE);
    await node.close();
  }

  submit(command: Command): Promise<void> {
    return this.#request((node, answer) => node.driver.submit(command, answer));
  }

  async readBarrier(): Promise<void> {
    if (this.#node !== null && this.#soft.role !== 'leader') return;
    await this.#request((leader, answer) => leader.driver.read(answer));
  }

  status(): ConsensusStatus {
    const { role, leader } = this.#soft;
    return {
      ServiceID: this.#options.advertise,
      Healthy: leader !== null,
      IsLeader: role === 'leader',
      Leader: leader ?? '',
      State: this.#node === null ? 'Unhealthy' : states[role],
      Domain: '',
      ShareDomain: '',
      ShareDomainServices: null,
      ShareDomainServicesList: null,
      HealthyDomainServicesList: null,
    };
  }

  raftMetrics(): RaftMetrics {
    const { role, term } = this.#soft;
    const driver = this.#node?.driver;
    const { elections, leaderChanges, diskWrites } = this.#meter;
    return {
      role: role === 'preCandidate' ? 'candidate' : role,
      term,
      commitIndex: driver?.commitIndex ?? 0,
      appliedIndex: driver?.appliedIndex ?? 0,
      elections,
      leaderChanges,
      pendingRequests: driver?.pendingRequests ?? 0,
      diskWrites,
    };
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
      failed: (error) => {
        // Changes that were under way together fail together.
        if (failure !== null) return;
        failure = error;
        if (opened !== null) this.#failed(opened, error);
      },
    };
    // Only now, so that the other threads, which start before this, load meanwhile.
    const { RaftNode } = await import('./node.js');
    const node = await RaftNode.open(
      this.#options,
      this.#machine,
      observer,
      this.#meter,
      this.#log,
      this.#unixMs,
    );
    if (failure !== null) {
      this.#softStateChanged(NO_SOFT_STATE);
      await node.close();
      throw failure;
    }
    opened = node;
    return node;
  }

  #request(ask: (node: RaftNode, answer: (result: RequestResult) => void) => void): Promise<void> {
    const node = this.#node;
    if (node === null) return Promise.reject(refusalOf('noLeader'));
    this.#unanswered += 1;
    return new Promise((resolve, reject) => {
      ask(node, (result) => {
        this.#unanswered -= 1;
        if (this.#unanswered === 0) this.#onAllAnswered();
        if (result.kind === 'done') resolve();
        else reject(result.kind === 'refused' ? refusalOf(result.refusal) : outcomeUnknown());
      });
    });
  }

  #softStateChanged(soft: SoftState): void {
    const before = this.#soft;
    this.#soft = soft;
    this.#meter.softStateChanged(before, soft);
    const wasLeading = before.role === 'leader';
    const isLeading = soft.role === 'leader';
    if (wasLeading && (!isLeading || soft.term !== before.term)) {
      this.#log.warn({ term: before.term }, 'this node leads no longer');
      this.#observer.leadershipChanged(false, Math.max(soft.term, before.term));
    }
    if (isLeading && (!wasLeading || soft.term !== before.term)) {
      this.#log.warn({ term: soft.term }, 'this node leads');
      this.#observer.leadershipChanged(true, soft.term);
    }
    this.#logSoftState(before, soft);
    this.#onSoftState();
  }

  #logSoftState(before: SoftState, soft: SoftState): void {
    if (soft === NO_SOFT_STATE) return;
    if (soft.role !== 'leader' && (soft.role !== before.role || soft.leader !== before.leader)) {
      const { term, leader } = soft;
      this.#log.info({ term, ...(leader === null ? {} : { leader }) }, turnOf(soft));
    }
    if (!this.#isFaulty || soft.leader === null) return;
    this.#isFaulty = false;
    this.#faults.warn('raft: this node takes part again');
  }

  #compareClocks(clockOffsetMs: number | null): void {
    if (clockOffsetMs === null) return;
    const differenceMs = this.#unixMs() - monotonicMs() - clockOffsetMs;
    if (Math.abs(differenceMs) <= CLOCK_DIFFERENCE_MAX_MS) return;
    this.#faults.warn(
      'raft: the clock of this node differs from those of most nodes, by which expiries are judged: is it kept by NTP?',
    );
  }

  async #handOver(node: RaftNode): Promise<void> {
    if (this.#soft.role !== 'leader' || isAlone(this.#options)) return;
    if (!node.driver.transferLeadership()) return;
    // The core gives up after as long.
    await within(this.#options.electionMs, (handedOver) => {
      // Once the next leader is known, requests can still be passed on to it.
      this.#onSoftState = () => {
        if (this.#soft.role !== 'leader' && this.#soft.leader !== null) handedOver();
      };
      this.#onSoftState();
    });
    this.#onSoftState = () => {};
  }

  #failed(node: RaftNode, error: Error): void {
    this.#isFaulty = true;
    this.#faults.error(
      `raft: ${messageOf(error)}: this node takes no part, and starts again from ${this.#options.dataDir} until it can`,
      error,
    );
    this.#softStateChanged(NO_SOFT_STATE);
    // A stopping node is closed by `stop`.
    if (this.#isStopping) return;
    this.#node = null;
    this.#restart = this.#startAgain(node);
  }

  async #startAgain(failed: RaftNode | null): Promise<void> {
    await failed?.close().catch((error: unknown) => this.#log.error(`raft: ${messageOf(error)}`));
    if (this.#isStopping) return;
    this.#restartTimer = setTimeout(() => {
      this.#restart = this.#open().then(
        (node) => {
          this.#node = node;
        },
        (error: unknown) => {
          this.#faults.error(`raft: ${messageOf(error)}`, error);
          return this.#startAgain(null);
        },
      );
    }, RESTART_AFTER_MS);
  }
}

function refusalOf(refusal: RequestRefusal): FrenoError {
  const [code, message] = refusals[refusal];
  return new FrenoError(code, message);
}

function outcomeUnknown(): FrenoError {
  return new FrenoError(
    'OUTCOME_UNKNOWN',
    'the change was not confirmed in time; it may still take effect. Look at the lists, or ask again: it is safe to repeat',
  );
}

/** Resolves when `wait` calls back, or after `timeoutMs`. */
function within(timeoutMs: number, wait: (done: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, timeoutMs);
    wait(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** What a node that does not lead has come to, in words for the log. */
function turnOf({ role, leader }: SoftState): string {
  switch (role) {
    case 'preCandidate':
      return 'no leader is heard: asking the peers whether they would elect this node';
    case 'candidate':
      return 'this node stands for election';
    default:
      return leader === null ? 'no leader is known' : 'this node follows';
  }
}
