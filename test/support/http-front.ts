/** An HTTP engine in this process; the test writes its board and takes the place of main. */

import { pino } from 'pino';
import { monotonicMs } from '../../src/base/clock.js';
import { LOG_LEVELS } from '../../src/base/log.js';
import { AnswerCounts } from '../../src/board/answer-counts.js';
import { Board, encodeHost } from '../../src/board/board.js';
import { ConnectionCounts } from '../../src/board/connection-counts.js';
import type {
  HttpEngine,
  ListenTlsSettings,
  MainRequest,
  MainResponse,
  StoreLocation,
} from '../../src/contracts/http.js';
import { probePort } from '../../src/http/main/port-probe.js';
import { AccessGuard } from '../../src/http/worker/access/guard.js';
import { CheckRequests } from '../../src/http/worker/check-requests.js';
import { Checks } from '../../src/http/worker/checks.js';
import { CheckCounters } from '../../src/http/worker/counters.js';
import type { Engine, EngineContext } from '../../src/http/worker/engines/engine.js';
import { NodeEngine } from '../../src/http/worker/engines/node.js';
import { UwsEngine } from '../../src/http/worker/engines/uws.js';
import { UwsTlsEngine } from '../../src/http/worker/engines/uws-tls.js';
import { Handler } from '../../src/http/worker/handler.js';
import { LiveStreams } from '../../src/http/worker/live/streams.js';
import { writeTopics } from '../../src/http/worker/live/topics.js';
import { PageFiles } from '../../src/http/worker/page/page-files.js';
import { RecentApps } from '../../src/http/worker/recent-apps.js';
import { type Report, Reports } from '../../src/http/worker/reports.js';
import { lookAt } from '../../src/http/worker/store-reports.js';
import { Waiters } from '../../src/http/worker/waiters.js';
import { type Measurement, type MetricMode, MetricState } from '../../src/throttle/metric.js';
import { ThrottleState } from '../../src/throttle/state.js';
import { storeLocation } from './cluster-settings.js';

export const ENGINES: readonly HttpEngine[] = ['uws', 'node'];

const TERM = 3;
const GENERATION = 7;
const MAX_AGE_MS = 50_000;
export const WAITERS_MAX = 200;

export interface StoreSetup {
  readonly threshold?: number;
  readonly measured?: Partial<Measurement> | null;
  /** Beside the store's own. */
  readonly metrics?: Readonly<Record<string, MetricSetup>>;
}

interface MetricSetup {
  readonly threshold?: number;
  readonly mode?: MetricMode;
  readonly value?: number;
  readonly measured?: Partial<Measurement>;
  readonly host?: string;
}

export class TestFront {
  readonly connections = ConnectionCounts.create();
  readonly board = Board.create();
  readonly state = new ThrottleState();
  readonly counters = new CheckCounters();
  readonly recentApps = new RecentApps();
  readonly mainRequests: MainRequest[] = [];
  /** What the worker would report to main for the log. */
  readonly reports: Report[] = [];
  readonly promotedAtMs = monotonicMs();
  readonly checks: Checks;
  readonly access: AccessGuard;
  readonly waiters = new Waiters(WAITERS_MAX);
  readonly streams: LiveStreams;
  readonly handler: Handler;
  readonly engine: Engine;
  dice = 0;
  signsOfLife = 0;
  /** The main that the test plays; by default it applies commands. */
  respond: (request: MainRequest) => MainResponse | Promise<MainResponse> = (request) => {
    if (request.kind === 'submit') this.state.apply(request.command);
    return { status: 200, json: '{"StatusCode":200,"Message":"OK"}' };
  };
  port = 0;
  #stores: StoreLocation[] = [];
  #slots = 0;

  constructor(
    readonly name: HttpEngine,
    profiling = false,
    tls: ListenTlsSettings | null = null,
  ) {
    const { board, state, counters, recentApps } = this;
    const reports = new Reports((report) => this.reports.push(report));
    this.access = new AccessGuard((client) => reports.unknownToken(client));
    this.checks = new Checks({
      ...{ board, state, counters, recentApps, reports, answers: AnswerCounts.create() },
      dice: () => this.dice,
      alive: () => {
        this.signsOfLife += 1;
      },
    });
    const callMain = async (request: MainRequest): Promise<MainResponse> => {
      this.mainRequests.push(request);
      return this.respond(request);
    };
    const topicSources = { board, state, stores: () => this.handler.stores, callMain };
    this.streams = new LiveStreams({
      write: () => writeTopics(topicSources),
      isLeading: () => lookAt(board).isLeading,
    });
    this.handler = new Handler({
      access: this.access,
      checks: this.checks,
      checkRequests: new CheckRequests({ checks: this.checks, waiters: this.waiters, callMain }),
      board,
      state,
      profiling,
      reports,
      streams: this.streams,
      refused: () => this.connections.requestRefused(),
      pageFiles: new PageFiles(),
      callMain,
      hasSeen: (app) => recentApps.hasSeen(app, '', Date.now()),
    });
    const context = {
      connections: this.connections,
      handler: this.handler,
      checks: this.checks,
      access: this.access,
      log: pino({ level: 'silent', customLevels: LOG_LEVELS }),
    };
    this.engine = engineOf(name, context, tls);
    this.handler.setMemcache({ servers: [], path: 'freno', tls: null });
  }

  static async start(
    name: HttpEngine,
    profiling = false,
    tls: ListenTlsSettings | null = null,
  ): Promise<TestFront> {
    const front = new TestFront(name, profiling, tls);
    front.port = await probePort(0);
    await front.engine.listen({ port: front.port, address: '', exclusive: true });
    front.lead(true);
    return front;
  }

  /**
   * `wrongByMs`: how far this node's clock is ahead of the clock by which expiries are judged.
   * Null: it is that clock.
   */
  lead(
    leading: boolean,
    leaseMs = Number.POSITIVE_INFINITY,
    wrongByMs: number | null = null,
  ): void {
    const clockOffsetMs = wrongByMs === null ? null : Date.now() - monotonicMs() - wrongByMs;
    this.board.publishLeadership({
      leading,
      forced: false,
      ready: leading,
      term: TERM,
      leaseUntilMs: monotonicMs() + leaseMs,
      promotedAtMs: this.promotedAtMs,
      clockOffsetMs,
    });
  }

  /** Adds a store; `measured: null` leaves it without a measurement. */
  addStore(name: string, setup: StoreSetup = {}): void {
    const { threshold = 1, measured = {}, metrics = {} } = setup;
    const own = storeLocation(name, this.#addSlot(threshold));
    const others = Object.entries(metrics).map(([metric, of]) => {
      const { threshold: ofMetric = 1, mode = 'enforce', value = 0.5 } = of;
      const location = { name: metric, slot: this.#addSlot(ofMetric), mode };
      this.#measureSlot(location.slot, { value, ...of.measured }, of.host);
      return location;
    });
    this.#stores.push({ ...own, metrics: [...own.metrics, ...others] });
    this.handler.setStores(this.#stores);
    if (measured !== null) this.measure(name, measured);
  }

  #addSlot(threshold: number): number {
    const slot = this.#slots++;
    this.board.publishSettings(slot, { generation: GENERATION, threshold, maxAgeMs: MAX_AGE_MS });
    return slot;
  }

  /** Of the store's own metric. */
  measure(name: string, measured: Partial<Measurement>, host?: string): void {
    this.#measureSlot(this.#stores.find((store) => store.name === name)!.slot, measured, host);
  }

  #measureSlot(slot: number, measured: Partial<Measurement>, host = ''): void {
    const measurement = {
      generation: GENERATION,
      term: TERM,
      state: MetricState.ok,
      value: 0.43,
      readAtMs: monotonicMs(),
      lastHealthyMs: monotonicMs(),
      sinceMs: monotonicMs(),
      errorText: '',
      ...measured,
    };
    this.board.publishMeasurement(slot, measurement, encodeHost(host));
  }

  stop(): void {
    this.engine.close();
  }
}

function engineOf(name: HttpEngine, context: EngineContext, tls: ListenTlsSettings | null): Engine {
  if (name === 'node') return new NodeEngine(context, tls);
  return tls === null ? new UwsEngine(context) : new UwsTlsEngine(context, tls);
}
