/**
 * What the service has before its other parts are loaded: the memory that the threads share, and
 * the HTTP threads, which load meanwhile. Both take as long, and the first answer needs both.
 */
import { Board } from '../board/board.js';
import { ConnectionLimit } from '../http/main/connection-limit.js';
import { HttpPool } from '../http/main/pool.js';
import type { HttpPoolOptions } from '../http/main/pool-options.js';
import { DiagnosticsHub } from '../publish/main/diagnostics-hub.js';
import { ThrottleState } from '../throttle/state.js';
import type { ServiceOptions } from './options.js';

/** What HTTP threads ask of the parts that are loaded later. */
export type FrontHandlers = Pick<HttpPoolOptions, 'handleRequest' | 'refused' | 'unknownToken'>;

export class ServiceFront {
  readonly board = Board.create();
  readonly state = new ThrottleState();
  readonly diagnostics = new DiagnosticsHub();
  readonly connections: ConnectionLimit;
  readonly http: HttpPool;
  /** Set before `http.start`: the threads ask for nothing before. */
  handlers: FrontHandlers | undefined;

  /** Creates the pool; its other threads start with `http.launch`. */
  constructor({ settings, firstHttpThread, log, logOptions, failed }: ServiceOptions) {
    this.connections = new ConnectionLimit(log);
    this.http = new HttpPool({
      engine: settings.httpEngine,
      listenPort: settings.listenPort,
      listenAddress: settings.listenAddress,
      listenTls: settings.listenTls,
      door: settings.door,
      workers: settings.httpWorkers,
      firstThread: firstHttpThread,
      board: this.board.memory,
      stores: [],
      appRules: settings.appRules,
      access: settings.access,
      memcache: settings.memcache,
      image: () => this.state.image(),
      handleRequest: (request) => this.handlers!.handleRequest(request),
      refused: (refusal) => this.handlers!.refused(refusal),
      unknownToken: (client) => this.handlers!.unknownToken(client),
      log,
      workerLog: logOptions,
      diagnostics: this.diagnostics,
      connections: this.connections.counts.memory,
      profiling: settings.profiling,
      failed,
    });
  }

  /** Ends the threads, when the service is not created. */
  async stop(): Promise<void> {
    await this.http.stop();
    this.diagnostics.stop();
  }
}
