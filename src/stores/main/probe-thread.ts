/**
 * One probe thread as main sees it: its long task in the pool, the port that steers it, and its
 * replacement when it dies.
 */
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { MessageChannel, type MessagePort, type Worker } from 'node:worker_threads';
import type { Piscina } from 'piscina';
import { monotonicMs } from '../../base/clock.js';
import { messageOf } from '../../base/errors.js';
import type { Logger, LogOptions } from '../../base/log.js';
import { Watchdog, type WatchdogLimits } from '../../base/watchdog.js';
import type { DiagnosticsPorts } from '../../contracts/diagnostics.js';
import type { MemcacheAddress } from '../../contracts/http.js';
import type { FromProbe, ProbeStatistics, ProbeTask, ToProbe } from '../../contracts/probe.js';
import type { ClusterAssignment } from '../../contracts/stores.js';

const COLLECT_TIMEOUT_MS = 500;
const EXIT_TIMEOUT_MS = 2_000;

/** A thread that lived this long died of something new: its replacement starts at once. */
const LONG_LIFE_MS = 10_000;
const PAUSE_FIRST_MS = 100;
const PAUSE_MAX_MS = 5_000;

export interface ProbeThreadOptions {
  /** With one thread for each `ProbeThread`, so that a task never waits for another. */
  readonly pool: Piscina<ProbeTask, void>;
  readonly board: SharedArrayBuffer;
  readonly log: LogOptions;
  readonly logger: Logger;
  readonly memcache: MemcacheAddress;
  readonly diagnostics: DiagnosticsPorts;
  readonly worker: number;
  /** A thread that is silent for longer hangs: it is ended and replaced. */
  readonly watchdog: WatchdogLimits;
}

interface AssignmentWaiter {
  readonly version: number;
  readonly resolve: () => void;
}

/**
 * Modes: running (a task is in the pool and `#port` leads to it) -> down (it died; a pause, then
 * running again) -> ... -> stopped. What the thread is to do outlives its tasks: each one is told
 * all of it when it starts.
 */
export class ProbeThread {
  readonly #options: ProbeThreadOptions;
  readonly #stopping = new AbortController();
  readonly #ended: Promise<void>;
  #port: MessagePort | undefined;
  #worker: Worker | undefined;
  #memcache: MemcacheAddress;
  #assignments: readonly ClusterAssignment[] = [];
  #probing = false;
  #term = 0;
  #version = 0;
  readonly #waiters: AssignmentWaiter[] = [];
  readonly #collections = new Map<number, (statistics: ProbeStatistics | null) => void>();
  #lastCollection = 0;

  constructor(options: ProbeThreadOptions) {
    this.#options = options;
    this.#memcache = options.memcache;
    this.#ended = this.#keepRunning();
  }

  /**
   * The thread's clusters from now on. Resolves when nothing writes any more for those that are not
   * among them.
   */
  assign(assignments: readonly ClusterAssignment[]): Promise<void> {
    this.#assignments = assignments;
    this.#version++;
    // While the thread is down nothing writes; the next one starts with these.
    if (this.#port === undefined) return Promise.resolve();
    this.#postAssignments(this.#port);
    return new Promise((resolve) => this.#waiters.push({ version: this.#version, resolve }));
  }

  lead(probing: boolean, term: number): void {
    this.#probing = probing;
    this.#term = term;
    this.#port?.postMessage({ kind: 'lead', probing, term } satisfies ToProbe);
  }

  setMemcache(memcache: MemcacheAddress): void {
    this.#memcache = memcache;
    this.#port?.postMessage({ kind: 'memcache', memcache } satisfies ToProbe);
  }

  /** Null when the thread is down or does not answer in time. */
  collect(): Promise<ProbeStatistics | null> {
    const port = this.#port;
    if (port === undefined) return Promise.resolve(null);
    const id = ++this.#lastCollection;
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#collected(id, null), COLLECT_TIMEOUT_MS);
      this.#collections.set(id, (statistics) => {
        clearTimeout(timer);
        resolve(statistics);
      });
      port.postMessage({ kind: 'collect', id } satisfies ToProbe);
    });
  }

  /**
   * Resolves when the thread has closed its connections, or is to be ended with the pool because it
   * does not answer.
   */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#port?.postMessage({ kind: 'stop' } satisfies ToProbe);
    await Promise.race([this.#ended, pause(EXIT_TIMEOUT_MS, undefined, { ref: false })]);
  }

  async #keepRunning(): Promise<void> {
    const { logger, worker } = this.#options;
    for (let shortLives = 0; !this.#stopping.signal.aborted; ) {
      const startedAtMs = monotonicMs();
      const reason = await this.#runTask();
      if (this.#stopping.signal.aborted) return;
      const lifeMs = Math.round(monotonicMs() - startedAtMs);
      shortLives = lifeMs < LONG_LIFE_MS ? shortLives + 1 : 0;
      const pauseMs = pauseAfter(shortLives);
      logger.error({ worker, reason, lifeMs, pauseMs }, 'a probe thread died and is replaced');
      await pause(pauseMs, undefined, this.#stopping).catch(() => undefined);
    }
  }

  /** Resolves, with the reason, when the task is over and its thread writes no more. */
  async #runTask(): Promise<string> {
    const { pool, board, log, worker, watchdog } = this.#options;
    const name = `probe-${worker}`;
    const diagnostics = this.#options.diagnostics.open(name);
    const { port1, port2 } = new MessageChannel();
    const killing = new AbortController();
    const watched = {
      ask: () => port1.postMessage({ kind: 'ping' } satisfies ToProbe),
      isExcused: () => this.#options.diagnostics.isProfiled(name),
      onHang: () => killing.abort(),
    };
    const watch = new Watchdog(watched, watchdog);
    port1.on('message', (message: FromProbe) => {
      watch.feed();
      this.#received(message);
    });
    const task = pool.run(
      { port: port2, diagnostics, board, log, memcache: this.#memcache, worker },
      { transferList: [port2, diagnostics], signal: killing.signal },
    );
    this.#port = port1;
    this.lead(this.#probing, this.#term);
    this.#postAssignments(port1);
    try {
      await task;
      return 'its task ended';
    } catch (thrown) {
      await this.#threadExited();
      return killing.signal.aborted ? 'it gave no sign of life' : messageOf(thrown);
    } finally {
      watch.stop();
      this.#port = undefined;
      port1.close();
      this.#forgetQuestions();
    }
  }

  #received(message: FromProbe): void {
    switch (message.kind) {
      case 'ready':
        this.#worker = this.#options.pool.threads.find(
          (thread) => thread.threadId === message.threadId,
        );
        break;
      case 'pong':
        break;
      case 'acknowledge':
        this.#acknowledged(message.version);
        break;
      case 'collected':
        this.#collected(message.id, message.statistics);
        break;
    }
  }

  #postAssignments(port: MessagePort): void {
    port.postMessage({
      kind: 'assign',
      version: this.#version,
      assignments: this.#assignments,
    } satisfies ToProbe);
  }

  #acknowledged(version: number): void {
    while (this.#waiters.length > 0 && this.#waiters[0]!.version <= version) {
      this.#waiters.shift()!.resolve();
    }
  }

  #collected(id: number, statistics: ProbeStatistics | null): void {
    this.#collections.get(id)?.(statistics);
    this.#collections.delete(id);
  }

  /**
   * A thread that is ended from outside may still be in the middle of something: it is over when it
   * says so.
   */
  async #threadExited(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    // A thread that is over has the number -1.
    if (worker === undefined || worker.threadId < 0) return;
    await Promise.race([once(worker, 'exit'), pause(EXIT_TIMEOUT_MS, undefined, { ref: false })]);
  }

  #forgetQuestions(): void {
    this.#acknowledged(this.#version);
    for (const id of [...this.#collections.keys()]) this.#collected(id, null);
  }
}

function pauseAfter(shortLives: number): number {
  return shortLives <= 1 ? 0 : Math.min(PAUSE_MAX_MS, PAUSE_FIRST_MS * 2 ** (shortLives - 2));
}
