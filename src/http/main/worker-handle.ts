/** One HTTP worker as main sees it: the thread, the messages to it, and its watchdog. */
import type { Worker } from 'node:worker_threads';
import { PendingCalls } from '../../base/pending-calls.js';
import type { SharedTurns } from '../../base/shared-turns.js';
import { SupervisedThread } from '../../base/supervised-thread.js';
import type { WatchdogLimits } from '../../base/watchdog.js';
import type {
  FromHttp,
  HttpStatistics,
  HttpWorkerData,
  StatisticsKind,
  ToHttp,
} from '../../contracts/http.js';
import type { HttpThread } from './http-thread.js';
import { OrderedMessages } from './ordered-messages.js';
import { StatisticsCalls } from './statistics-calls.js';

/**
 * starting -> ready -> serving -> gone, or from any phase to gone.
 * Only a serving worker gets changes: it got the whole state with the message `serve`.
 */
export type WorkerPhase = 'starting' | 'ready' | 'serving' | 'gone';

export type WorkerFailure = Extract<FromHttp, { kind: 'failed' }>;

export interface WorkerEvents {
  received(worker: HttpWorkerHandle, message: FromHttp): void;
  /** After the thread has ended, for whatever reason. */
  gone(worker: HttpWorkerHandle): void;
  /** Whether it may be unresponsive now. */
  isExcused(worker: HttpWorkerHandle): boolean;
  /** It is unresponsive; it may still end, or respond again. */
  onHang(worker: HttpWorkerHandle): void;
}

/** Questions whether an app was seen, in flight to one worker, and the time that each has. */
const SIGHTINGS_MAX = 1_024;
const SIGHTING_TIMEOUT_MS = 1_000;

export class HttpWorkerHandle {
  readonly number: number;
  phase: WorkerPhase = 'starting';
  /** Why it ended, once it has reported that or crashed. */
  failure: WorkerFailure | undefined;
  /** Its watchdog. An HTTP worker that hangs cannot be terminated: see `HttpPool`. */
  readonly supervised: SupervisedThread;
  readonly #thread: Worker;
  readonly #messages: OrderedMessages;
  readonly #statistics = new StatisticsCalls();
  readonly #sightings = new PendingCalls<boolean>(SIGHTINGS_MAX);

  constructor(
    thread: HttpThread,
    data: HttpWorkerData,
    events: WorkerEvents,
    limits: WatchdogLimits,
    turns: SharedTurns,
  ) {
    this.number = thread.number;
    this.#thread = thread.worker;
    this.#messages = new OrderedMessages((message) => this.#send(message), turns);
    const watched = {
      ping: () => this.#send({ kind: 'ping' }),
      isExcused: () => events.isExcused(this),
      onHang: () => events.onHang(this),
    };
    this.supervised = new SupervisedThread(watched, limits);
    this.#thread.on('message', (message: FromHttp) => {
      this.supervised.feed();
      if (message.kind === 'failed') this.failure = message;
      if (message.kind === 'rowsAdded') this.#messages.partAdded();
      if (message.kind === 'collected') {
        this.#statistics.received(message.id, message.chunk, message.last);
      }
      if (message.kind === 'seen') this.#sightings.settle(message.id, message.seen);
      events.received(this, message);
    });
    this.#thread.on('error', (error: Error) => {
      this.failure ??= { kind: 'failed', cause: 'crash', message: error.message };
    });
    this.#thread.on('exit', () => {
      this.phase = 'gone';
      this.supervised.ended();
      this.#statistics.gone();
      this.#sightings.abandonAll();
      events.gone(this);
    });
    thread.run(data);
  }

  post(message: ToHttp): void {
    this.#messages.post(message);
  }

  #send(message: ToHttp): void {
    if (this.phase !== 'gone') this.#thread.postMessage(message);
  }

  /** What it has counted; null when it does not respond in time. */
  collect(statistics: StatisticsKind): Promise<HttpStatistics | null> {
    return this.#statistics.collect((id, collection) =>
      this.post({ kind: 'collect', id, collection, statistics }),
    );
  }

  /** As `AppSightings.hasSeenElsewhere`, of this worker. */
  hasSeen(app: string): Promise<boolean | null> {
    return this.#sightings.call(SIGHTING_TIMEOUT_MS, (id) =>
      this.post({ kind: 'hasSeen', id, app }),
    );
  }
}
