/**
 * One probe thread as main sees it: its endless task in the pool, the port that steers it, and its
 * replacement when it dies.
 *
 * A slot of the board has one writer at a time. So a thread counts as a writer until it has really
 * ended: an assignment that takes a cluster away from it waits for its acknowledgement or its end.
 */
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { MessageChannel, type MessagePort, type Worker } from 'node:worker_threads';
import type { Piscina } from 'piscina';
import { Acknowledgements } from '../../base/acknowledgements.js';
import { probeSocketsMax } from '../../base/descriptors.js';
import { messageOf } from '../../base/errors.js';
import type { Logger, LogOptions } from '../../base/log.js';
import { PendingCalls } from '../../base/pending-calls.js';
import { SupervisedThread, ThreadRestarts } from '../../base/supervised-thread.js';
import type { WatchdogLimits } from '../../base/watchdog.js';
import { StoreTurns } from '../../board/store-turns.js';
import type { DiagnosticsPorts } from '../../contracts/diagnostics.js';
import type {
  FromProbe,
  ProbeStatistics,
  ProbeTask,
  StoreDescription,
  StoreProbeStatistics,
  ToProbe,
} from '../../contracts/probe.js';
import type { MemcacheAddress } from '../../contracts/publisher.js';
import type { ClusterAssignment } from '../../contracts/stores.js';
import type { SuspectStores } from './suspect-stores.js';

/** For what the thread has counted, and for descriptions of its stores. */
const RESPONSE_TIMEOUT_MS = 500;
const EXIT_TIMEOUT_MS = 2_000;

/** A thread that lets a message wait for so long does not probe either. */
const CUT_OFF_TIMEOUT_MS = 400;

/** A login of a trial takes up to 2 s. */
const TRIAL_TIMEOUT_MS = 2_500;

/** Most requests for stores in flight: one of each kind, and what is late of them. */
const STORE_LISTS_MAX = 8;

/** Most collections in flight: `/metrics`, `/debug/vars` and its ticker, each of them shared. */
const COLLECTIONS_MAX = 64;

/** Most descriptions in flight: equal requests share one. */
const DESCRIPTIONS_MAX = 64;

export interface ProbeThreadOptions {
  /** With one thread for each `ProbeThread`, so that a task never waits for another. */
  readonly pool: Piscina<ProbeTask, void>;
  readonly board: SharedArrayBuffer;
  /** Memory of `ProbeSockets`. */
  readonly sockets: SharedArrayBuffer;
  /** Memory of `StoreTurns`. */
  readonly turns: SharedArrayBuffer;
  readonly suspects: Pick<SuspectStores, 'allowed' | 'died'>;
  /** Memory of `LoginCounts`. */
  readonly logins: SharedArrayBuffer;
  readonly log: LogOptions;
  readonly logger: Logger;
  readonly memcache: MemcacheAddress;
  readonly diagnostics: DiagnosticsPorts;
  readonly worker: number;
  /** When the thread counts as hung: it is terminated and replaced then. */
  readonly watchdog: WatchdogLimits;
}

type CollectedChunk = Extract<FromProbe, { readonly kind: 'collected' }>;

/**
 * Modes: running (a task is in the pool and `#port` leads to it) -> down (it died; a pause, then
 * running again) -> ... -> stopped. The orders to the thread outlive its tasks: each new task gets
 * all of them when it starts.
 */
export class ProbeThread {
  readonly #options: ProbeThreadOptions;
  readonly #turns: StoreTurns;
  readonly #restarts = new ThreadRestarts();
  readonly #acknowledgements = new Acknowledgements<MessagePort>();
  readonly #collections = new PendingCalls<CollectedChunk>(COLLECTIONS_MAX);
  #lastCollection = 0;
  readonly #descriptions = new PendingCalls<StoreDescription[]>(DESCRIPTIONS_MAX);
  readonly #storeLists = new PendingCalls<readonly string[]>(STORE_LISTS_MAX);
  /** What has arrived of each description. */
  readonly #described = new Map<number, StoreDescription[]>();
  #isStopping = false;
  /** Resolves when the latest task is over. */
  #taskOver: Promise<void> = Promise.resolve();
  #abandonTask: () => void = () => {};
  #port: MessagePort | undefined;
  #worker: Worker | undefined;
  #memcache: MemcacheAddress;
  #assignments: readonly ClusterAssignment[] = [];
  #probing = false;
  #term = 0;

  constructor(options: ProbeThreadOptions) {
    this.#options = options;
    this.#turns = new StoreTurns(options.turns, options.worker);
    this.#memcache = options.memcache;
    this.#start();
  }

  /**
   * The thread's clusters from now on. Resolves when it writes no more for any other cluster: at
   * once while the thread is down, since the next one starts with these.
   */
  assign(assignments: readonly ClusterAssignment[]): Promise<void> {
    this.#assignments = assignments;
    return this.#postAssignments();
  }

  lead(probing: boolean, term: number): void {
    this.#probing = probing;
    this.#term = term;
    this.#post({ kind: 'lead', probing, term });
  }

  setMemcache(memcache: MemcacheAddress): void {
    this.#memcache = memcache;
    this.#post({ kind: 'memcache', memcache });
  }

  /** Null when the thread is down or does not respond in time. */
  async collect(): Promise<ProbeStatistics | null> {
    const collection = ++this.#lastCollection;
    const port = this.#port;
    const stores: StoreProbeStatistics[] = [];
    for (;;) {
      // Its successor would begin with the first store again.
      if (port === undefined || port !== this.#port) return null;
      const chunk = await this.#collections.call(RESPONSE_TIMEOUT_MS, (id) =>
        this.#post({ kind: 'collect', id, collection }),
      );
      if (chunk === null) return null;
      stores.push(...chunk.statistics.stores);
      if (chunk.isLast) return { ...chunk.statistics, stores };
    }
  }

  /** Null as of `collect`. `store` as in `StoreDescriber`. */
  describe(store: string | null): Promise<StoreDescription[] | null> {
    if (this.#port === undefined) return Promise.resolve(null);
    return this.#descriptions.call(RESPONSE_TIMEOUT_MS, (id) => {
      this.#described.set(id, []);
      this.#post({ kind: 'describe', id, store });
    });
  }

  /**
   * The stores that have hosts, none of which accepts a login, while it probes. Null as of
   * `collect`.
   */
  cutOffStores(): Promise<readonly string[] | null> {
    if (this.#port === undefined) return Promise.resolve(null);
    return this.#storeLists.call(CUT_OFF_TIMEOUT_MS, (id) =>
      this.#post({ kind: 'listCutOff', id }),
    );
  }

  /** Those of its stores that can be logged in to. Null as of `collect`. */
  tryLogins(stores: readonly string[]): Promise<readonly string[] | null> {
    if (this.#port === undefined) return Promise.resolve(null);
    return this.#storeLists.call(TRIAL_TIMEOUT_MS, (id) =>
      this.#post({ kind: 'tryLogins', id, stores }),
    );
  }

  /**
   * A thread of the pool did not start, and the pool does not say whose: a task that has not begun
   * may wait for it in vain, and is given to a new one.
   */
  poolFailed(): void {
    if (this.#worker === undefined) this.#abandonTask();
  }

  /**
   * Resolves when the thread has closed its connections, or is unresponsive: the pool terminates it
   * then.
   */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#restarts.stop();
    this.#post({ kind: 'stop' });
    await Promise.race([this.#taskOver, pause(EXIT_TIMEOUT_MS, undefined, { ref: false })]);
  }

  #start(): void {
    this.#taskOver = this.#runTask();
  }

  /** Resolves when the task is over and its thread writes no more. */
  async #runTask(): Promise<void> {
    const { pool, board, sockets, turns, logins, log, worker } = this.#options;
    const { watchdog, diagnostics } = this.#options;
    this.#turns.end();
    const name = `probe-${worker}`;
    const ownDiagnostics = diagnostics.open(name);
    const { port1, port2 } = new MessageChannel();
    const termination = new AbortController();
    let hasStarted = true;
    this.#abandonTask = () => {
      hasStarted = false;
      termination.abort();
    };
    const watched = {
      ping: () => port1.postMessage({ kind: 'ping' } satisfies ToProbe),
      isExcused: () => diagnostics.isProfiled(name),
      onHang: () => termination.abort(),
    };
    const supervised = new SupervisedThread(watched, watchdog);
    port1.on('message', (message: FromProbe) => {
      supervised.feed();
      this.#received(port1, message);
    });
    const task = pool.run(
      {
        port: port2,
        diagnostics: ownDiagnostics,
        board,
        sockets,
        socketsMax: probeSocketsMax(),
        turns,
        logins,
        log,
        memcache: this.#memcache,
        worker,
      },
      { transferList: [port2, ownDiagnostics], signal: termination.signal },
    );
    this.#port = port1;
    this.lead(this.#probing, this.#term);
    void this.#postAssignments();
    let reason = 'its task ended';
    try {
      await task;
    } catch (thrown) {
      await this.#threadExited();
      if (!hasStarted) reason = 'it did not start';
      else reason = supervised.isHung ? 'it was unresponsive' : messageOf(thrown);
    }
    supervised.ended();
    this.#port = undefined;
    port1.close();
    this.#acknowledgements.gone(port1);
    this.#collections.abandonAll();
    this.#descriptions.abandonAll();
    this.#storeLists.abandonAll();
    this.#described.clear();
    if (!this.#isStopping) this.#replace(supervised, reason);
  }

  #replace(dead: SupervisedThread, reason: string): void {
    const { logger, worker, suspects } = this.#options;
    const lifeMs = Math.round(dead.lifeMs);
    const pauseMs = this.#restarts.schedule(dead, () => this.#start());
    const suspect = this.#storeInTurn();
    const store = suspect?.name;
    logger.error(
      { worker, reason, ...(store !== undefined && { store }), lifeMs, pauseMs },
      'a probe thread died and is replaced',
    );
    if (suspect !== undefined) suspects.died(suspect, lifeMs);
  }

  /** The store for which the thread worked last, if it is still assigned. */
  #storeInTurn(): ClusterAssignment | undefined {
    const { slot } = this.#turns;
    return this.#assignments.find(({ metrics }) => metrics.some((metric) => metric.slot === slot));
  }

  #received(port: MessagePort, message: FromProbe): void {
    switch (message.kind) {
      case 'ready':
        this.#worker = this.#options.pool.threads.find(
          (thread) => thread.threadId === message.threadId,
        );
        break;
      case 'pong':
        break;
      case 'acknowledge':
        this.#acknowledgements.acknowledged(port, message.version);
        break;
      case 'collected':
        this.#collections.settle(message.id, message);
        break;
      case 'stores':
        this.#storeLists.settle(message.id, message.stores);
        break;
      case 'described': {
        const stores = this.#described.get(message.id);
        stores?.push(...message.stores);
        if (stores === undefined || !message.isLast) break;
        this.#described.delete(message.id);
        this.#descriptions.settle(message.id, stores);
        break;
      }
    }
  }

  #post(message: ToProbe): void {
    this.#port?.postMessage(message);
  }

  #postAssignments(): Promise<void> {
    const assignments = this.#options.suspects.allowed(this.#assignments);
    return this.#acknowledgements.expect(this.#port === undefined ? [] : [this.#port], (version) =>
      this.#post({ kind: 'assign', version, assignments }),
    );
  }

  /** A thread that was terminated may still be in the middle of a call: it is over at its exit. */
  async #threadExited(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    // A thread that has ended has the number -1.
    if (worker === undefined || worker.threadId < 0) return;
    await Promise.race([once(worker, 'exit'), pause(EXIT_TIMEOUT_MS, undefined, { ref: false })]);
  }
}
