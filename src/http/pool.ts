/** The HTTP workers as main sees them: one call reaches them all, and one that crashes is replaced. */
import { FrenoError } from '../base/errors.js';
import type { Logger, LogOptions } from '../base/log.js';
import type { Command } from '../throttle/commands.js';
import type { StateImage } from '../throttle/state.js';
import type { DiagnosticsPorts } from '../wire/diagnostics.js';
import type {
  Answer,
  FromHttp,
  HttpEngine,
  HttpStatistics,
  HttpStatisticsSource,
  MemcacheAddress,
  Question,
  QuestionHandler,
  StatisticsKind,
  StoreLocation,
  ToHttp,
} from '../wire/http.js';
import { Acknowledgements } from './acknowledgements.js';
import { Collections } from './collections.js';
import { PoolWorker } from './pool-worker.js';
import { portError, probePort } from './port-probe.js';

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
  /** The `node` engine has one worker, whatever this says: Node cannot share a port between threads. */
  readonly workers: number;
  readonly board: SharedArrayBuffer;
  readonly stores: readonly StoreLocation[];
  readonly memcache: MemcacheAddress;
  /** The whole replicated state of the moment. */
  readonly image: () => StateImage;
  readonly answer: QuestionHandler;
  readonly log: Logger;
  readonly workerLog: LogOptions;
  readonly diagnostics: DiagnosticsPorts;
  /** Whether profiles may be asked for. */
  readonly profiling: boolean;
}

/** The changes of one turn of main's loop, told to the workers in one message. */
interface Batch {
  readonly commands: Command[];
  readonly told: Promise<void>;
  readonly resolve: (told: Promise<void>) => void;
}

export class HttpPool implements HttpStatisticsSource {
  readonly #options: HttpPoolOptions;
  readonly #acknowledgements = new Acknowledgements<PoolWorker>();
  readonly #collections = new Collections<PoolWorker>();
  readonly #workers = new Set<PoolWorker>();
  readonly #answers = new Map<PoolWorker, Array<readonly [number, Answer]>>();
  readonly #restarts = new Set<NodeJS.Timeout>();
  #engine: HttpEngine;
  #port: number;
  #stores: readonly StoreLocation[];
  #memcache: MemcacheAddress;
  #batch: Batch | undefined;
  #isFlushDue = false;
  /** Crashes in a row of workers that did not live long. */
  #crashes = 0;
  #nextNumber = 0;
  /** Set while `start` waits: then a failure is its to handle. */
  #starting: ((worker: PoolWorker) => void) | undefined;
  #stopping: Promise<void> | undefined;
  #allGone: (() => void) | undefined;

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

  /** Resolves when every worker listens. Rejects with `RESOURCE` when the port is taken or the engine does not load. */
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
    await this.stop();
    throw this.#startError(failed);
  }

  /** Resolves when every live worker knows the stores. */
  setStores(stores: readonly StoreLocation[]): Promise<void> {
    this.#stores = stores;
    return this.#tell((version) => ({ kind: 'stores', version, stores }));
  }

  setMemcache(memcache: MemcacheAddress): void {
    this.#memcache = memcache;
    for (const worker of this.#serving()) worker.post({ kind: 'memcache', memcache });
  }

  /**
   * Resolves when every live worker knows the commands, which main's own copy of the state has already, before any answer
   * that main gives from then on. The commands of one turn of the event loop share a message and its acknowledgement.
   */
  apply(commands: readonly Command[]): Promise<void> {
    this.#batch ??= newBatch();
    this.#batch.commands.push(...commands);
    this.#flushSoon();
    return this.#needAcknowledge ? this.#batch.told : Promise.resolve();
  }

  /** Resolves when every live worker has said that it has applied all commands. */
  settled(): Promise<void> {
    this.#flushBatch();
    return this.#tell((version) => ({ kind: 'apply', version, commands: [] }));
  }

  /** Resolves when every live worker has replaced its whole copy of the state. */
  restore(image: StateImage): Promise<void> {
    this.#flushBatch();
    return this.#tell((version) => ({ kind: 'restore', version, image }));
  }

  collect(statistics: StatisticsKind): Promise<HttpStatistics[]> {
    return this.#collections.start(this.#serving(), (worker, id) =>
      worker.post({ kind: 'collect', id, statistics }),
    );
  }

  /** Answers what is in flight and ends all workers, in bounded time. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stopAll();
    return this.#stopping;
  }

  /** Resolves with the first worker that failed, after all have ended, or with nothing when all listen. */
  async #startAll(): Promise<PoolWorker | undefined> {
    const count = this.#engine === 'node' ? 1 : this.#options.workers;
    let failed: PoolWorker | undefined;
    await new Promise<void>((resolve) => {
      let open = count;
      this.#starting = (worker) => {
        if (worker.phase === 'gone') failed ??= worker;
        open--;
        if (open === 0) resolve();
      };
      for (let number = 0; number < count; number++) this.#startWorker();
    });
    this.#starting = undefined;
    return failed;
  }

  #startWorker(): void {
    const { board, workerLog, workers, diagnostics, profiling } = this.#options;
    const number = this.#nextNumber++;
    const worker = new PoolWorker(
      number,
      {
        diagnostics: diagnostics.open(`http-${number}`),
        profiling,
        board,
        engine: this.#engine,
        listenPort: this.#port,
        exclusive: workers === 1,
        log: workerLog,
        worker: number,
      },
      {
        received: (from, message) => this.#received(from, message),
        gone: (gone) => this.#gone(gone),
      },
    );
    this.#workers.add(worker);
  }

  #received(worker: PoolWorker, message: FromHttp): void {
    switch (message.kind) {
      case 'ready':
        this.#letServe(worker);
        return;
      case 'listening':
        this.#starting?.(worker);
        return;
      case 'failed':
        return;
      case 'acknowledge':
        this.#acknowledgements.acknowledged(worker, message.version);
        return;
      case 'asks':
        for (const [id, question] of message.asks) this.#ask(worker, id, question);
        return;
      case 'collected':
        this.#collections.received(worker, message.id, message.piece, message.last);
        return;
    }
  }

  /** The worker's state is that of this moment; what was applied before must not be told to it again. */
  #letServe(worker: PoolWorker): void {
    this.#flushBatch();
    worker.phase = 'serving';
    worker.post({
      kind: 'serve',
      stores: this.#stores,
      memcache: this.#memcache,
      image: this.#options.image(),
    });
    if (this.#stopping !== undefined) worker.post({ kind: 'stop' });
  }

  #ask(worker: PoolWorker, id: number, question: Question): void {
    this.#options.answer(question).then(
      (answer) => this.#answer(worker, id, answer),
      (error: unknown) => {
        this.#options.log.error({ err: error, question: question.kind }, 'a question failed');
        this.#answer(worker, id, { status: 500, json: '' });
      },
    );
  }

  #answer(worker: PoolWorker, id: number, answer: Answer): void {
    const answers = this.#answers.get(worker);
    if (answers === undefined) this.#answers.set(worker, [[id, answer]]);
    else answers.push([id, answer]);
    this.#flushSoon();
  }

  #flushSoon(): void {
    if (this.#isFlushDue) return;
    this.#isFlushDue = true;
    setImmediate(() => {
      this.#isFlushDue = false;
      // In this order: an answer may promise that the worker's copy of the state has all that came before.
      this.#flushBatch();
      for (const [worker, answers] of this.#answers) worker.post({ kind: 'answers', answers });
      this.#answers.clear();
    });
  }

  #flushBatch(): void {
    const batch = this.#batch;
    if (batch === undefined) return;
    this.#batch = undefined;
    const { commands } = batch;
    if (this.#needAcknowledge) {
      batch.resolve(this.#tell((version) => ({ kind: 'apply', version, commands })));
      return;
    }
    for (const worker of this.#serving()) worker.post({ kind: 'apply', version: null, commands });
    batch.resolve(Promise.resolve());
  }

  #tell(message: (version: number) => ToHttp): Promise<void> {
    const serving = this.#serving();
    return this.#acknowledgements.expect(serving, (version) => {
      for (const worker of serving) worker.post(message(version));
    });
  }

  /**
   * Whether one worker may be asked before another has heard. A lone one gets a change before the answers that rest on it, since
   * its messages keep their order: that spares a control request two of its four hops between threads.
   */
  get #needAcknowledge(): boolean {
    return this.#serving().length > 1;
  }

  #serving(): PoolWorker[] {
    return [...this.#workers].filter(({ phase }) => phase === 'serving');
  }

  #gone(worker: PoolWorker): void {
    this.#workers.delete(worker);
    this.#answers.delete(worker);
    this.#acknowledgements.gone(worker);
    this.#collections.gone(worker);
    if (this.#workers.size === 0) this.#allGone?.();
    if (this.#starting !== undefined) this.#starting(worker);
    else if (this.#stopping === undefined) this.#replace(worker);
  }

  #replace(worker: PoolWorker): void {
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

  async #stopAll(): Promise<void> {
    for (const timer of this.#restarts) clearTimeout(timer);
    this.#restarts.clear();
    if (this.#workers.size === 0) return;
    const { promise: timeout, cancel } = after(STOP_TIMEOUT_MS);
    const allGone = new Promise<true>((resolve) => {
      this.#allGone = () => resolve(true);
    });
    for (const worker of this.#workers) worker.post({ kind: 'stop' });
    const ended = await Promise.race([allGone, timeout]);
    cancel();
    if (!ended) {
      const workers = [...this.#workers].map(({ number }) => number);
      this.#options.log.error({ workers }, 'HTTP workers did not end in time');
    }
  }

  #startError(worker: PoolWorker): FrenoError {
    const reason = worker.failure?.message ?? 'the HTTP worker ended';
    if (worker.failure?.cause === 'native') {
      const advice = 'choose "node" or "auto"';
      return new FrenoError('RESOURCE', `HttpEngine: uws does not load here: ${reason}; ${advice}`);
    }
    return portError(this.#port, reason);
  }
}

function newBatch(): Batch {
  let resolve: (told: Promise<void>) => void = () => {};
  const told = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { commands: [], told, resolve };
}

function after(timeoutMs: number): { promise: Promise<false>; cancel: () => void } {
  let timer: NodeJS.Timeout | undefined;
  const promise = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), timeoutMs);
  });
  return { promise, cancel: () => clearTimeout(timer) };
}
