/**
 * The HTTP workers as main sees them: one call reaches them all, and one that crashes is replaced.
 */
import { FrenoError } from '../../base/errors.js';
import type { Logger, LogOptions } from '../../base/log.js';
import { MAIN_SILENCE_LIMITS, SILENCE_LIMITS, type WatchdogLimits } from '../../base/watchdog.js';
import type { DiagnosticsPorts } from '../../contracts/diagnostics.js';
import type {
  FromHttp,
  HttpEngine,
  HttpStatistics,
  HttpStatisticsSource,
  MainRequest,
  MainRequestHandler,
  MemcacheAddress,
  StatisticsKind,
  StoreLocation,
} from '../../contracts/http.js';
import type { Command } from '../../throttle/commands.js';
import type { StateImage } from '../../throttle/state.js';
import { Collections } from './collections.js';
import { WorkerOutbox } from './outbox.js';
import { portError, probePort } from './port-probe.js';
import { HttpWorkerHandle, threadName } from './worker-handle.js';

/** A worker that lived this long may be replaced at once however often others crashed before. */
const STABLE_AFTER_MS = 10_000;
const BACKOFF_FIRST_MS = 100;
const BACKOFF_MAX_MS = 5_000;
/** Beyond, `stop` gives up on a worker. Longer than the worker's own bound on its draining. */
const STOP_TIMEOUT_MS = 3_500;

export interface HttpPoolOptions {
  /** `auto`: uWebSockets, or node:http where the native module does not load. */
  readonly engine: HttpEngine | 'auto';
  /** 0: one that the system chooses, for tests. */
  readonly listenPort: number;
  /**
   * The `node` engine has one worker, whatever this says: Node cannot share a port between threads.
   */
  readonly workers: number;
  readonly board: SharedArrayBuffer;
  readonly stores: readonly StoreLocation[];
  readonly memcache: MemcacheAddress;
  /** The whole replicated state of the moment. */
  readonly image: () => StateImage;
  readonly answer: MainRequestHandler;
  readonly log: Logger;
  readonly workerLog: LogOptions;
  readonly diagnostics: DiagnosticsPorts;
  /** Whether profiles may be asked for. */
  readonly profiling: boolean;
  /** Called when a worker hangs that had started: nothing but a new process can replace it. */
  readonly failed: (error: FrenoError) => void;
  /** When a worker counts as hanging: `SILENCE_LIMITS` unless given. */
  readonly silence?: WatchdogLimits;
  /**
   * When main does, of which the workers hear as often as they are asked: `MAIN_SILENCE_LIMITS`
   * unless given.
   */
  readonly mainSilence?: WatchdogLimits;
}

export class HttpPool implements HttpStatisticsSource {
  readonly #options: HttpPoolOptions;
  readonly #outbox = new WorkerOutbox(() => this.#serving());
  readonly #collections = new Collections<HttpWorkerHandle>();
  readonly #workers = new Set<HttpWorkerHandle>();
  readonly #restarts = new Set<NodeJS.Timeout>();
  #engine: HttpEngine;
  #port: number;
  #stores: readonly StoreLocation[];
  #memcache: MemcacheAddress;
  /** Crashes in a row of workers that did not live long. */
  #crashes = 0;
  #nextNumber = 0;
  /** Set while `start` waits: then a failure is its to handle. */
  #starting: ((worker: HttpWorkerHandle, outcome: 'listens' | 'failed') => void) | undefined;
  /** Resolves with the workers that are left over. */
  #stopping: Promise<HttpWorkerHandle[]> | undefined;
  #onGone: () => void = () => {};

  constructor(options: HttpPoolOptions) {
    this.#options = options;
    this.#engine = options.engine === 'auto' ? 'uws' : options.engine;
    this.#port = options.listenPort;
    this.#stores = options.stores;
    this.#memcache = options.memcache;
  }

  /** The engine in use. */
  get engine(): HttpEngine {
    return this.#engine;
  }

  /** The port in use, once started. */
  get port(): number {
    return this.#port;
  }

  /**
   * Resolves when every worker listens. Rejects with `RESOURCE` when the port is taken or the
   * engine does not load, with `THREAD_HUNG` when a worker does neither for as long as one may be
   * silent.
   */
  async start(): Promise<void> {
    this.#port = await probePort(this.#options.listenPort);
    let failed = await this.#startAll();
    if (failed?.failure?.cause === 'native' && this.#options.engine === 'auto') {
      this.#options.log.warn(
        { reason: failed.failure.message },
        'HttpEngine: the native module does not load here; serving with the node engine instead',
      );
      this.#engine = 'node';
      failed = await this.#startAll();
    }
    if (failed === undefined) return;
    await this.#endAll();
    throw this.#startError(failed);
  }

  /** Resolves when every live worker knows the stores. */
  setStores(stores: readonly StoreLocation[]): Promise<void> {
    this.#stores = stores;
    return this.#outbox.tell((version) => ({ kind: 'stores', version, stores }));
  }

  setMemcache(memcache: MemcacheAddress): void {
    this.#memcache = memcache;
    for (const worker of this.#serving()) worker.post({ kind: 'memcache', memcache });
  }

  /**
   * Resolves when every live worker knows the commands, which main's own copy of the state has
   * already, before any answer that main gives from then on.
   */
  apply(commands: readonly Command[]): Promise<void> {
    return this.#outbox.apply(commands);
  }

  /** Resolves when every live worker has said that it has applied all commands. */
  settled(): Promise<void> {
    return this.#outbox.settled();
  }

  /** Resolves when every live worker has replaced its whole copy of the state. */
  restore(image: StateImage): Promise<void> {
    return this.#outbox.restore(image);
  }

  collect(statistics: StatisticsKind): Promise<HttpStatistics[]> {
    return this.#collections.start(this.#serving(), (worker, id) =>
      worker.post({ kind: 'collect', id, statistics }),
    );
  }

  /**
   * Answers what is in flight and ends all workers, in bounded time. Rejects with `THREAD_HUNG`
   * when one is left over.
   */
  async stop(): Promise<void> {
    const left = await this.#endAll();
    if (left.length > 0) throw hungError(left);
  }

  /**
   * Resolves with the first worker that failed, or with nothing, when each listens, has ended or
   * hangs.
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
    const { board, workerLog, workers, diagnostics, profiling } = this.#options;
    const { silence = SILENCE_LIMITS, mainSilence = MAIN_SILENCE_LIMITS } = this.#options;
    const number = this.#nextNumber++;
    const worker = new HttpWorkerHandle(
      number,
      {
        diagnostics: diagnostics.open(threadName(number)),
        profiling,
        board,
        engine: this.#engine,
        listenPort: this.#port,
        exclusive: workers === 1,
        log: workerLog,
        worker: number,
        mainWatchdog: mainSilence,
      },
      {
        received: (from, message) => this.#received(from, message),
        gone: (gone) => this.#gone(gone),
        isExcused: () => diagnostics.isProfiled(threadName(number)),
        onHang: (hung) => this.#onHang(hung),
      },
      silence,
    );
    this.#workers.add(worker);
    return worker;
  }

  #received(worker: HttpWorkerHandle, message: FromHttp): void {
    switch (message.kind) {
      case 'ready':
        this.#letServe(worker);
        return;
      case 'listening':
        this.#starting?.(worker, 'listens');
        return;
      case 'failed':
      case 'pong':
        return;
      case 'acknowledge':
        this.#outbox.acknowledged(worker, message.version);
        return;
      case 'asks':
        for (const [id, question] of message.asks) this.#ask(worker, id, question);
        return;
      case 'collected':
        this.#collections.received(worker, message.id, message.chunk, message.last);
        return;
    }
  }

  /**
   * The worker's state is that of this moment; what was applied before must not be told to it
   * again.
   */
  #letServe(worker: HttpWorkerHandle): void {
    this.#outbox.flush();
    worker.phase = 'serving';
    worker.post({
      kind: 'serve',
      stores: this.#stores,
      memcache: this.#memcache,
      image: this.#options.image(),
    });
    if (this.#stopping !== undefined) worker.post({ kind: 'stop' });
  }

  #ask(worker: HttpWorkerHandle, id: number, question: MainRequest): void {
    this.#options.answer(question).then(
      (answer) => this.#outbox.answer(worker, id, answer),
      (error: unknown) => {
        this.#options.log.error({ err: error, question: question.kind }, 'a request failed');
        this.#outbox.answer(worker, id, { status: 500, json: '' });
      },
    );
  }

  #serving(): HttpWorkerHandle[] {
    return [...this.#workers].filter(({ phase }) => phase === 'serving');
  }

  #gone(worker: HttpWorkerHandle): void {
    this.#workers.delete(worker);
    this.#outbox.gone(worker);
    this.#collections.gone(worker);
    this.#onGone();
    if (this.#starting !== undefined) this.#starting(worker, 'failed');
    else if (this.#stopping === undefined) this.#replace(worker);
  }

  /**
   * It cannot be ended from outside, nor its listener be closed: its share of the connections would
   * wait for ever, and every change for its acknowledgement.
   */
  #onHang(worker: HttpWorkerHandle): void {
    const { log, failed } = this.#options;
    log.error({ worker: worker.number }, 'an HTTP worker gives no sign of life');
    if (this.#starting !== undefined) this.#starting(worker, 'failed');
    else if (this.#stopping === undefined) failed(hungError([worker]));
  }

  #replace(worker: HttpWorkerHandle): void {
    if (performance.now() - worker.startedAtMs >= STABLE_AFTER_MS) this.#crashes = 0;
    const delayMs =
      this.#crashes === 0
        ? 0
        : Math.min(BACKOFF_FIRST_MS * 2 ** (this.#crashes - 1), BACKOFF_MAX_MS);
    this.#crashes++;
    this.#options.log.error(
      { worker: worker.number, reason: worker.failure?.message ?? 'it ended', delayMs },
      'an HTTP worker ended; replacing it',
    );
    const timer = setTimeout(() => {
      this.#restarts.delete(timer);
      this.#startWorker();
    }, delayMs);
    this.#restarts.add(timer);
  }

  #endAll(): Promise<HttpWorkerHandle[]> {
    this.#stopping ??= this.#askAllToEnd();
    return this.#stopping;
  }

  /** One that hangs is asked too, in case it comes back, and not waited for. */
  #askAllToEnd(): Promise<HttpWorkerHandle[]> {
    for (const timer of this.#restarts) clearTimeout(timer);
    this.#restarts.clear();
    for (const worker of this.#workers) worker.post({ kind: 'stop' });
    return new Promise((resolve) => {
      const finish = (): void => {
        clearTimeout(timer);
        resolve([...this.#workers]);
      };
      const timer = setTimeout(finish, STOP_TIMEOUT_MS);
      this.#onGone = () => {
        if ([...this.#workers].every(({ isHung }) => isHung)) finish();
      };
      this.#onGone();
    });
  }

  #startError(worker: HttpWorkerHandle): FrenoError {
    if (worker.phase !== 'gone') return hungError([worker]);
    const reason = worker.failure?.message ?? 'it ended';
    switch (worker.failure?.cause) {
      case 'native': {
        const advice = 'choose "node" or "auto"';
        const message = `HttpEngine: uws does not load here: ${reason}; ${advice}`;
        return new FrenoError('RESOURCE', message);
      }
      case 'listen':
        return portError(this.#port, reason);
      default:
        return new FrenoError('RESOURCE', `an HTTP worker did not start: ${reason}`);
    }
  }
}

function hungError(workers: readonly HttpWorkerHandle[]): FrenoError {
  const threads = workers.map(({ number }) => threadName(number)).join(', ');
  return new FrenoError(
    'THREAD_HUNG',
    `${threads}: no sign of life of this HTTP worker; the process has to be started again`,
  );
}
