/** A pool of HTTP workers; the test takes the place of main. */
import { pino } from 'pino';
import { monotonicMs } from '../../src/base/clock.js';
import { LOG_LEVELS } from '../../src/base/log.js';
import { Board } from '../../src/board/board.js';
import { ConnectionCounts } from '../../src/board/connection-counts.js';
import type { MainRequest, MainResponse } from '../../src/contracts/http.js';
import { HttpPool } from '../../src/http/main/pool.js';
import type { HttpPoolOptions } from '../../src/http/main/pool-options.js';
import { DiagnosticsHub } from '../../src/publish/main/diagnostics-hub.js';
import { OPEN_ACCESS } from '../../src/throttle/access.js';
import { NO_APP_RULES } from '../../src/throttle/app-rules.js';
import { type Command, NO_EXPIRY } from '../../src/throttle/commands.js';
import { MetricState } from '../../src/throttle/metric.js';
import { ThrottleState } from '../../src/throttle/state.js';
import { storeLocation } from './cluster-settings.js';

export class TestPool {
  readonly board = Board.create();
  readonly state = new ThrottleState();
  readonly diagnostics = new DiagnosticsHub();
  readonly connections = ConnectionCounts.create();
  readonly pool: HttpPool;
  respond: (request: MainRequest) => Promise<MainResponse> = async (request) => {
    if (request.kind === 'submit') await this.apply(request.command);
    return { status: 200, json: '{"StatusCode":200,"Message":"OK"}' };
  };

  constructor(options: Partial<HttpPoolOptions> = {}) {
    this.pool = new HttpPool({
      engine: 'uws',
      listenPort: 0,
      listenAddress: '',
      listenTls: null,
      door: { allowedHosts: [], allowedOrigins: [], adminListen: null },
      workers: 2,
      board: this.board.memory,
      stores: [storeLocation('main1', 0)],
      appRules: NO_APP_RULES,
      access: OPEN_ACCESS,
      memcache: { servers: [], path: 'freno', tls: null },
      image: () => this.state.image(),
      handleRequest: (request) => this.respond(request),
      refused: () => {},
      unknownToken: () => {},
      log: pino({ level: 'silent', customLevels: LOG_LEVELS }),
      workerLog: { level: 'error', stacks: true },
      diagnostics: this.diagnostics,
      connections: this.connections.memory,
      profiling: false,
      failed: (error) => {
        throw error;
      },
      ...options,
    });
    this.board.publishLeadership({
      leading: true,
      forced: true,
      ready: true,
      term: 1,
      leaseUntilMs: Number.POSITIVE_INFINITY,
      promotedAtMs: monotonicMs(),
      clockOffsetMs: null,
    });
    this.board.publishSettings(0, { generation: 1, threshold: 1, maxAgeMs: 600_000 });
    this.board.publishMeasurement(0, {
      generation: 1,
      term: 1,
      state: MetricState.ok,
      value: 0.5,
      readAtMs: monotonicMs(),
      lastHealthyMs: monotonicMs(),
      sinceMs: monotonicMs(),
      errorText: '',
    });
  }

  /** Like the replicated state: applies on main first, then in the workers. */
  apply(...commands: Command[]): Promise<void> {
    for (const command of commands) this.state.apply(command);
    return this.pool.apply(commands);
  }
}

export function throttle(key: string): Command {
  return { kind: 'throttleApp', atMs: Date.now(), key, expireAtMs: NO_EXPIRY, ratio: 1 };
}

export function unthrottle(key: string): Command {
  return { kind: 'unthrottleApp', atMs: Date.now(), key, everyStore: true };
}
