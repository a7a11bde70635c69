/**
 * The HTTP workers as main sees them: one call reaches them all, and one that crashes is replaced.
 *
 * A worker that hangs is not replaced. It cannot be terminated: uWebSockets aborts the process
 * when a thread ends with its listener open. Main cannot close that listener either, and the kernel
 * continues to give it connections that nothing serves. So a hung worker is a failure of the
 * process.
 */

import { ThreadRestarts } from '../../base/supervised-thread.js';
import { MAIN_WATCHDOG_LIMITS, WATCHDOG_LIMITS } from '../../base/watchdog.js';
import type {
  AccessSettings,
  AppRulesSettings,
  FromHttp,
  HttpEngine,
  HttpStatistics,
  HttpStatisticsSource,
  MainRequest,
  StatisticsKind,
  StoreLocation,
} from '../../contracts/http.js';
import type { MemcacheAddress } from '../../contracts/publisher.js';
import type { Command } from '../../throttle/commands.js';
import { partsOf } from '../../throttle/image-parts.js';
import type { StateImage } from '../../throttle/state.js';
import { AnswerTotals } from './answer-totals.js';
import { CertificateFiles } from './certificate-files.js';
import { HttpThread, threadName } from './http-thread.js';
import { partTurns } from './ordered-messages.js';
import { WorkerOutbox } from './outbox.js';
import { hungError, startError } from './pool-errors.js';
import type { HttpPoolOptions } from './pool-options.js';
import { probePorts } from './port-probe.js';
import { UnknownStoreLog } from './unknown-stores.js';
import { HttpWorkerHandle } from './worker-handle.js';

/** `stop` waits no longer for a worker. Longer than the worker's own bound on its draining. */
const STOP_TIMEOUT_MS = 3_500;

/** Clients that may wait for a check, in all workers together. */
const WAITERS_MAX = 10_000;

export class HttpPool implements HttpStatisticsSource {
  readonly answers = new AnswerTotals();
  readonly #options: HttpPoolOptions;
  readonly #outbox = new WorkerOutbox(() => this.#serving());
  readonly #workers = new Set<HttpWorkerHandle>();
  readonly #restarts = new ThreadRestarts();
  readonly #turns = partTurns();
  readonly #unknownStores: UnknownStoreLog;
  readonly #certificate: CertificateFiles;
  #engine: HttpEngine;
  #port: number;
  #stores: readonly StoreLocation[];
  #appRules: AppRulesSettings;
  #access: AccessSettings;
  #memcache: MemcacheAddress;
  #nextNumber = 0;
  /** Settles when every worker listens, or has failed. */
  #launched: Promise<void> | undefined;
  #mayServe = false;
  /** Set until they listen: the launch handles a failure then. */
  #starting: ((worker: HttpWorkerHandle, outcome: 'listens' | 'failed') => void) | undefined;
  /** Resolves with the workers that have not ended in time. */
  #stopping: Promise<HttpWorkerHandle[]> | undefined;
  #onGone: () => void = () => {};

  constructor(options: HttpPoolOptions) {
    this.#options = options;
    this.#engine = options.engine === 'auto' ? 'uws' : options.engine;
    this.#port = options.listenPort;
    this.#certificate = new CertificateFiles(options.listenTls);
    this.#stores = options.stores;
    this.#appRules = options.appRules;
    this.#access = options.access;
    this.#memcache = options.memcache;
    this.#unknownStores = new UnknownStoreLog(options.log);
  }

  /** The engine in use. */
  get engine(): HttpEngine {
    return this.#engine;
  }

  /** As `AppRules.separator`. */
  get appSeparator(): string {
    return this.#appRules.separator;
  }

  /** The port in use, once started. */
  get port(): number {
    return this.#port;
  }

  /** Starts the threads: they load while main does, and wait with what they have for `start`. */
  launch(): void {
    this.#launched ??= this.#launch();
    // Of `start`, if that is called.
    this.#launched.catch(() => {});
  }

  /**
   * Resolves when every worker listens. Rejects with `RESOURCE` when the port is taken or the
   * engine does not load, with `THREAD_HUNG` when a worker is unresponsive.
   */
  async start(): Promise<void> {
    this.launch();
    this.#mayServe = true;
    for (const worker of this.#workers) if (worker.phase === 'ready') this.#letServe(worker);
    await this.#launched;
  }

  async #launch(): Promise<void> {
    this.#port = await probePorts(this.#options);
    await this.#certificate.hasChanged();
    if (this.#stopping !== undefined) return;
    let failed = await this.#startAll();
    if (failed?.failure?.cause === 'native' && this.#mayFallBack()) {
      this.#options.log.warn(
        { reason: failed.failure.message },
        'HttpEngine: the native module does not load here; serving with the node engine instead',
      );
      this.#engine = 'node';
      failed = await this.#startAll();
    }
    if (failed === undefined) return;
    await this.#endAll();
    throw startError(failed, this.#port);
  }

  #mayFallBack(): boolean {
    return this.#options.engine === 'auto' && this.#stopping === undefined;
  }

  /** Resolves when every live worker has the stores, and the rules of apps. */
  setStores(stores: readonly StoreLocation[], appRules: AppRulesSettings): Promise<void> {
    this.#stores = stores;
    this.#appRules = appRules;
    return this.#outbox.broadcast((version) => ({ kind: 'stores', version, stores, appRules }));
  }

  /** Resolves when every live worker judges callers by it. */
  setAccess(access: AccessSettings): Promise<void> {
    this.#access = access;
    return this.#outbox.broadcast((version) => ({ kind: 'access', version, access }));
  }

  /**
   * Reads the certificate again: new connections get it when it has changed. Resolves when every
   * live worker has it.
   */
  async renewCertificate(): Promise<void> {
    if (!(await this.#certificate.hasChanged())) return;
    await this.#outbox.broadcast((version) => ({ kind: 'renewCertificate', version }));
    this.#options.log.warn('ListenTLS: new connections get the renewed certificate');
  }

  setMemcache(memcache: MemcacheAddress): void {
    this.#memcache = memcache;
    for (const worker of this.#serving()) worker.post({ kind: 'memcache', memcache });
  }

  /**
   * Resolves when every live worker has the commands, which main's own copy of the state has
   * already, before any response that main sends from then on.
   */
  apply(commands: readonly Command[]): Promise<void> {
    return this.#outbox.apply(commands);
  }

  /** Resolves when every live worker has acknowledged all commands so far. */
  settled(): Promise<void> {
    return this.#outbox.settled();
  }

  /** Resolves when every live worker has replaced its whole copy of the state. */
  restore(image: StateImage): Promise<void> {
    return this.#outbox.restore(image);
  }

  async collect(kind: StatisticsKind): Promise<HttpStatistics[]> {
    const collected = await Promise.all(this.#serving().map((worker) => worker.collect(kind)));
    return collected.filter((statistics) => statistics !== null);
  }

  /** As `AppSightings.hasSeenElsewhere`: a lone worker has received the command itself. */
  hasSeenElsewhere(app: string): Promise<boolean | null> | false {
    const serving = this.#serving();
    if (serving.length === 1) return false;
    return Promise.all(serving.map((worker) => worker.hasSeen(app))).then(
      (answers) => answers.includes(true) || (answers.includes(null) ? null : false),
    );
  }

  /**
   * Lets the workers respond to what is in flight and ends them, in bounded time. Rejects with
   * `THREAD_HUNG` when one has not ended.
   */
  async stop(): Promise<void> {
    const remaining = await this.#endAll();
    if (remaining.length > 0) throw hungError(remaining);
  }

  /**
   * Resolves when each worker listens, has ended or hangs: with the first that failed, or with
   * undefined.
   */
  async #startAll(): Promise<HttpWorkerHandle | undefined> {
    const count = this.#engine === 'node' ? 1 : this.#options.workers;
    let failed: HttpWorkerHandle | undefined;
    await new Promise<void>((resolve) => {
      const open = new Set<HttpWorkerHandle>();
      this.#starting = (worker, outcome) => {
        if (outcome === 'failed') failed ??= worker;
        open.delete(worker);
        if (open.size === 0) resolve();
      };
      while (open.size < count) open.add(this.#startWorker());
    });
    this.#starting = undefined;
    return failed;
  }

  #startWorker(): HttpWorkerHandle {
    const { board, workerLog, workers, diagnostics, profiling, connections } = this.#options;
    const { listenAddress, listenTls, door } = this.#options;
    const { watchdog = WATCHDOG_LIMITS, mainWatchdog = MAIN_WATCHDOG_LIMITS } = this.#options;
    const number = this.#nextNumber++;
    const worker = new HttpWorkerHandle(
      this.#threadOf(number),
      {
        diagnostics: diagnostics.open(threadName(number)),
        profiling,
        board,
        engine: this.#engine,
        listenPort: this.#port,
        ...{ listenAddress, listenTls, door },
        exclusive: workers === 1,
        log: workerLog,
        answers: this.answers.open(number),
        waitersMax: Math.floor(WAITERS_MAX / workers),
        connections,
        mainWatchdog,
      },
      {
        received: (from, message) => this.#received(from, message),
        gone: (gone) => this.#gone(gone),
        isExcused: () => diagnostics.isProfiled(threadName(number)),
        onHang: (hung) => this.#onHang(hung),
      },
      watchdog,
      this.#turns,
    );
    this.#workers.add(worker);
    return worker;
  }

  #threadOf(number: number): HttpThread {
    const { firstThread } = this.#options;
    const isThere = firstThread?.number === number && !firstThread.hasEnded;
    return isThere ? firstThread : new HttpThread(number);
  }

  #received(worker: HttpWorkerHandle, message: FromHttp): void {
    switch (message.kind) {
      case 'ready':
        worker.phase = 'ready';
        if (this.#mayServe) this.#letServe(worker);
        return;
      case 'listening':
        this.#starting?.(worker, 'listens');
        return;
      case 'failed':
      case 'pong':
      case 'rowsAdded':
      case 'collected':
      case 'seen':
        return;
      case 'acknowledge':
        this.#outbox.acknowledged(worker, message.version);
        return;
      case 'unknownStore':
        this.#unknownStores.checked(
          message.check,
          this.#stores.map(({ name }) => name),
        );
        return;
      case 'unknownToken':
        this.#options.unknownToken(message.client);
        return;
      case 'refusedCommand':
        this.#options.refused(message.refusal);
        return;
      case 'requests':
        for (const [id, request] of message.requests) this.#handle(worker, id, request);
        return;
    }
  }

  /**
   * The worker gets the state of this moment; what was applied before must not be sent to it
   * again, so the outbox is flushed first.
   */
  #letServe(worker: HttpWorkerHandle): void {
    this.#outbox.flush();
    worker.phase = 'serving';
    const { rows, last } = partsOf(this.#options.image());
    for (const part of rows) worker.post({ kind: 'rows', part });
    worker.post({
      kind: 'serve',
      stores: this.#stores,
      appRules: this.#appRules,
      access: this.#access,
      memcache: this.#memcache,
      image: last,
    });
    if (this.#stopping !== undefined) worker.post({ kind: 'stop' });
  }

  #handle(worker: HttpWorkerHandle, id: number, request: MainRequest): void {
    this.#options.handleRequest(request).then(
      (response) => this.#outbox.respond(worker, id, response),
      (error: unknown) => {
        this.#options.log.error({ err: error, request: request.kind }, 'a request failed');
        this.#outbox.respond(worker, id, { status: 500, json: '' });
      },
    );
  }

  #serving(): HttpWorkerHandle[] {
    return [...this.#workers].filter(({ phase }) => phase === 'serving');
  }

  #gone(worker: HttpWorkerHandle): void {
    this.#workers.delete(worker);
    this.answers.ended(worker.number);
    this.#outbox.gone(worker);
    this.#onGone();
    if (this.#starting !== undefined) this.#starting(worker, 'failed');
    else if (this.#stopping === undefined) this.#replace(worker);
  }

  /**
   * Its share of the connections would wait for ever, and every change for its acknowledgement:
   * the process has to end.
   */
  #onHang(worker: HttpWorkerHandle): void {
    const { log, failed } = this.#options;
    log.error({ worker: worker.number }, 'an HTTP worker is unresponsive');
    if (this.#starting !== undefined) this.#starting(worker, 'failed');
    else if (this.#stopping === undefined) failed(hungError([worker]));
  }

  #replace(worker: HttpWorkerHandle): void {
    const pauseMs = this.#restarts.schedule(worker.supervised, () => this.#startWorker());
    this.#options.log.error(
      { worker: worker.number, reason: worker.failure?.message ?? 'it ended', pauseMs },
      'an HTTP worker died and is replaced',
    );
  }

  #endAll(): Promise<HttpWorkerHandle[]> {
    this.#stopping ??= this.#stopAll();
    return this.#stopping;
  }

  /** A hung worker gets the message too, in case it responds again, but is not waited for. */
  #stopAll(): Promise<HttpWorkerHandle[]> {
    this.#restarts.stop();
    for (const worker of this.#workers) worker.post({ kind: 'stop' });
    return new Promise((resolve) => {
      const finish = (): void => {
        clearTimeout(timer);
        resolve([...this.#workers]);
      };
      const timer = setTimeout(finish, STOP_TIMEOUT_MS);
      this.#onGone = () => {
        if ([...this.#workers].every(({ supervised }) => supervised.isHung)) finish();
      };
      this.#onGone();
    });
  }
}
