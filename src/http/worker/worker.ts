/**
 * The life of an HTTP worker thread: it loads, serves from its copies of main's state, drains, and
 * ends.
 *
 * uWebSockets aborts the whole process when a thread ends with its listener open. So every way to
 * the end, a crash included, closes the engine first and exits in the next turn of the event loop.
 */

import type { MessagePort } from 'node:worker_threads';
import { monotonicMs } from '../../base/clock.js';
import { Collections } from '../../base/collections.js';
import { messageOf } from '../../base/errors.js';
import { createLogger, type Logger } from '../../base/log.js';
import { Watchdog } from '../../base/watchdog.js';
import { AnswerCounts } from '../../board/answer-counts.js';
import { Board } from '../../board/board.js';
import { ConnectionCounts } from '../../board/connection-counts.js';
import type {
  AskingPair,
  CheckCount,
  FailureCause,
  FromHttp,
  HttpWorkerData,
  MainRequest,
  RecentApp,
  StatisticsKind,
  ToHttp,
} from '../../contracts/http.js';
import { ASKING_HOUR_MS } from '../../contracts/http.js';
import { AppRules } from '../../throttle/app-rules.js';
import { AccessGuard } from './access/guard.js';
import { ArrivingState, stateOfWorker } from './arriving-state.js';
import { CheckRequests } from './check-requests.js';
import { Checks } from './checks.js';
import { CheckCounters } from './counters.js';
import type { Engine, EngineContext } from './engines/engine.js';
import { FrontDoor } from './front-door.js';
import { Handler } from './handler.js';
import { LiveStreams } from './live/streams.js';
import { writeTopics } from './live/topics.js';
import { MainClient } from './main-client.js';
import { PageFiles } from './page/page-files.js';
import { type ClientKey, RecentApps } from './recent-apps.js';
import { Reports } from './reports.js';
import { lookAt } from './store-reports.js';
import { Waiters } from './waiters.js';

/** Requests that were in flight when the worker got `stop` may still arrive for so long. */
const DRAIN_AT_LEAST_MS = 50;
/** Requests that are in flight after this are cut off. */
const DRAIN_AT_MOST_MS = 3_000;

/** Less than a millisecond to write and to read. */
const COUNTS_PER_CHUNK = 500;

type Counted = CheckCount | RecentApp | AskingPair;

/** Runs the worker on the thread that calls it; `port` leads to main. */
export function runHttpWorker(port: MessagePort, number: number, data: HttpWorkerData): void {
  const worker = new HttpWorker(port, number, data);
  const watchdog = new Watchdog({ onHang: () => worker.mainHangs() }, data.mainWatchdog);
  process.on('uncaughtException', (error) => worker.fail('crash', messageOf(error)));
  process.on('unhandledRejection', (reason) => worker.fail('crash', messageOf(reason)));
  port.on('message', (message: ToHttp) => {
    watchdog.feed();
    worker.received(message);
  });
  void worker.load();
}

class HttpWorker {
  readonly #port: MessagePort;
  readonly #number: number;
  readonly #data: HttpWorkerData;
  readonly #log: Logger;
  readonly #state = stateOfWorker();
  readonly #arriving = new ArrivingState(this.#state);
  readonly #counters = new CheckCounters();
  readonly #recentApps = new RecentApps();
  readonly #access: AccessGuard;
  readonly #collections = new Collections<Counted>(COUNTS_PER_CHUNK);
  readonly #mainClient: MainClient;
  readonly #checks: Checks;
  readonly #waiters: Waiters;
  readonly #streams: LiveStreams;
  readonly #handler: Handler;
  /** One for each address on which the worker listens. */
  readonly #contexts: readonly EngineContext[];
  #engines: readonly Engine[] = [];
  #isEnding = false;

  constructor(port: MessagePort, number: number, data: HttpWorkerData) {
    this.#port = port;
    this.#number = number;
    this.#data = data;
    this.#log = createLogger(data.log, `http-${number}`);
    const connections = new ConnectionCounts(data.connections);
    const refused = (): void => connections.requestRefused();
    this.#mainClient = new MainClient(
      (requests) => this.#post({ kind: 'requests', requests }),
      undefined,
      refused,
    );
    const board = new Board(data.board);
    const reports = new Reports((report) => this.#post(report));
    this.#access = new AccessGuard((client) => reports.unknownToken(client));
    this.#checks = new Checks({
      board,
      state: this.#state,
      answers: new AnswerCounts(data.answers),
      counters: this.#counters,
      recentApps: this.#recentApps,
      reports,
      dice: Math.random,
      alive: () => this.#post({ kind: 'pong' }),
    });
    this.#waiters = new Waiters(data.waitersMax);
    const callMain = (request: MainRequest, client?: ClientKey) =>
      this.#mainClient.call(request, client);
    const stores = () => this.#handler.stores;
    const topicSources = { board, state: this.#state, stores, callMain };
    this.#streams = new LiveStreams({
      write: () => writeTopics(topicSources),
      isLeading: () => lookAt(board).isLeading,
    });
    this.#handler = new Handler({
      access: this.#access,
      checks: this.#checks,
      checkRequests: new CheckRequests({
        ...{ checks: this.#checks, waiters: this.#waiters, callMain },
      }),
      board,
      state: this.#state,
      profiling: data.profiling,
      reports,
      streams: this.#streams,
      refused,
      pageFiles: new PageFiles(),
      callMain,
      hasSeen: (app) => this.#hasSeen(app),
    });
    const [handler, checks, access] = [this.#handler, this.#checks, this.#access];
    const { door } = data;
    const behind = (isForOperators: boolean): EngineContext => {
      const front = new FrontDoor(handler, door, isForOperators);
      const log = this.#log;
      return front.isOpen
        ? { handler, checks, access, connections, log }
        : { handler: front, checks: null, access, connections, log };
    };
    this.#contexts = door.adminListen === null ? [behind(true)] : [behind(false), behind(true)];
  }

  async load(): Promise<void> {
    try {
      this.#engines = await Promise.all(
        this.#contexts.map((context) => loadEngine(this.#data, context)),
      );
      this.#post({ kind: 'ready' });
    } catch (error) {
      this.fail('native', messageOf(error));
    }
  }

  received(message: ToHttp): void {
    switch (message.kind) {
      case 'rows':
        this.#arriving.add(message.part);
        this.#post({ kind: 'rowsAdded' });
        return;
      case 'serve':
        this.#arriving.complete(message.image);
        this.#access.setAccess(message.access);
        this.#checks.setAppRules(new AppRules(message.appRules));
        this.#handler.setStores(message.stores);
        this.#handler.setMemcache(message.memcache);
        void this.#listen();
        return;
      case 'stores':
        this.#checks.setAppRules(new AppRules(message.appRules));
        this.#handler.setStores(message.stores);
        this.#waiters.configurationChanged();
        this.#acknowledge(message.version);
        return;
      case 'access':
        this.#access.setAccess(message.access);
        this.#acknowledge(message.version);
        return;
      case 'memcache':
        this.#handler.setMemcache(message.memcache);
        return;
      case 'renewCertificate':
        void this.#renewCertificate(message.version);
        return;
      case 'apply':
        for (const command of message.commands) this.#state.apply(command);
        this.#waiters.entriesChanged();
        if (message.version !== null) this.#acknowledge(message.version);
        return;
      case 'restore':
        this.#arriving.complete(message.image);
        this.#waiters.entriesChanged();
        this.#acknowledge(message.version);
        return;
      case 'responses':
        this.#mainClient.received(message.responses);
        return;
      case 'collect':
        this.#collect(message);
        return;
      case 'hasSeen': {
        this.#post({ kind: 'seen', id: message.id, seen: this.#hasSeen(message.app) });
        return;
      }
      case 'ping':
        this.#post({ kind: 'pong' });
        return;
      case 'stop':
        void this.#stop();
        return;
    }
  }

  #hasSeen(app: string): boolean {
    return this.#recentApps.hasSeen(app, this.#checks.appSeparator, Date.now());
  }

  /**
   * Without main nothing else can end the process, and the cluster goes on without it: its service
   * manager starts another.
   */
  mainHangs(): void {
    this.#log.error('main is unresponsive: killing the process');
    process.kill(process.pid, 'SIGKILL');
  }

  /** Reports the failure to main, and ends. */
  fail(cause: FailureCause, message: string): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    this.#post({ kind: 'failed', cause, message });
    this.#end(1);
  }

  async #listen(): Promise<void> {
    const { listenPort: port, listenAddress: address, exclusive, door } = this.#data;
    const admin = door.adminListen ?? { host: '', port: 0 };
    try {
      const [main, operators] = this.#engines;
      await main?.listen({ port, address, exclusive });
      await operators?.listen({ port: admin.port, address: admin.host, exclusive });
      this.#post({ kind: 'listening' });
    } catch (error) {
      this.fail('listen', messageOf(error));
    }
  }

  /** Main has checked the files; if they have changed since, the certificate before stays. */
  async #renewCertificate(version: number): Promise<void> {
    try {
      for (const engine of this.#engines) await engine.renewCertificate?.();
    } catch (error) {
      this.#log.error({ reason: messageOf(error) }, 'ListenTLS: the certificate was not renewed');
    }
    this.#acknowledge(version);
  }

  async #stop(): Promise<void> {
    if (this.#isEnding) return;
    this.#isEnding = true;
    const idle = Promise.all(this.#engines.map((engine) => engine.drain()));
    this.#waiters.stop();
    this.#streams.stop();
    await Promise.race([
      Promise.all([idle, elapsed(DRAIN_AT_LEAST_MS)]),
      elapsed(DRAIN_AT_MOST_MS),
    ]);
    this.#end(0);
  }

  #end(code: number): void {
    this.#mainClient.close();
    try {
      for (const engine of this.#engines) engine.close();
    } finally {
      setImmediate(() => process.exit(code));
    }
  }

  #collect({ id, collection, statistics }: Extract<ToHttp, { kind: 'collect' }>): void {
    const all = () => this.#counted(statistics);
    const { items, last } = this.#collections.next(collection, all);
    this.#postChunk(id, statistics, items, last);
  }

  #counted(statistics: StatisticsKind): Iterable<Counted> {
    switch (statistics) {
      case 'checks':
        return this.#counters.counts();
      case 'recentApps':
        return this.#recentApps.entries();
      case 'asking':
        return this.#counters.asking(monotonicMs() - ASKING_HOUR_MS);
    }
  }

  #postChunk(
    id: number,
    statistics: StatisticsKind,
    counts: readonly Counted[],
    last: boolean,
  ): void {
    const chunk = {
      worker: this.#number,
      checkDurations: this.#checks.durations,
      checks: [],
      observedDenials: statistics === 'checks' && last ? this.#counters.observedDenials() : [],
      waiting: { waiting: this.#waiters.waiting, refused: this.#waiters.refused },
      recentApps: [],
      asking: [],
      [statistics]: counts,
    };
    this.#post({ kind: 'collected', id, chunk, last });
  }

  #acknowledge(version: number): void {
    this.#post({ kind: 'acknowledge', version });
  }

  #post(message: FromHttp): void {
    this.#port.postMessage(message);
  }
}

/** Loads the native module only when it is used: on some platforms it does not load. */
async function loadEngine(
  { engine, listenTls }: HttpWorkerData,
  context: EngineContext,
): Promise<Engine> {
  if (engine === 'node') {
    const { NodeEngine } = await import('./engines/node.js');
    return new NodeEngine(context, listenTls);
  }
  const { UwsEngine } = await import('./engines/uws.js');
  if (listenTls === null) return new UwsEngine(context);
  const { UwsTlsEngine } = await import('./engines/uws-tls.js');
  return new UwsTlsEngine(context, listenTls);
}

function elapsed(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
