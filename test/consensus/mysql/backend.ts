/**
 * Shared by the tests of the MySQL backend: a server with a user for freno, nodes that are stopped
 * after each test, and their log.
 */
import type { Context } from 'mocha';
import { pino } from 'pino';
import { LOG_LEVELS, type Logger } from '../../../src/base/log.js';
import type { BackendSettings } from '../../../src/config/settings.js';
import type { BackendTimes } from '../../../src/consensus/mysql/options.js';
import { MariaDb, needMariaDb } from '../../support/mariadb.js';
import { BackendTestNode, type NodeOptions } from './node.js';

export const PASSWORD = 'correct-horse-battery';

/** Nothing expires or times out, also on a busy machine. */
const LONG_TIMEOUTS: BackendTimes = {
  electionIntervalMs: 200,
  takeoverSeconds: 20,
  leaseMs: 19_000,
  healthIntervalMs: 300,
  stateIntervalMs: 200,
  connectTimeoutMs: 10_000,
  statementTimeoutMs: 10_000,
  connectionMaxAgeMs: 60_000,
};

/** For tests of an unresponsive server. */
export const SHORT_TIMEOUTS: BackendTimes = {
  ...LONG_TIMEOUTS,
  connectTimeoutMs: 500,
  statementTimeoutMs: 400,
};

/** For tests of leases that expire. The database counts in whole seconds. */
export const FAST: BackendTimes = { ...SHORT_TIMEOUTS, takeoverSeconds: 2, leaseMs: 1_000 };

export class Backend {
  readonly lines: string[] = [];
  readonly log: Logger = pino(
    { level: 'debug', customLevels: LOG_LEVELS },
    { write: (line) => this.lines.push(line) },
  );
  #nodes: BackendTestNode[] = [];
  #server: MariaDb | undefined;

  get server(): MariaDb {
    if (this.#server === undefined) throw new Error('the server was not started');
    return this.#server;
  }

  get settings(): BackendSettings {
    return {
      kind: 'backend',
      host: this.server.host,
      port: this.server.port,
      schema: 'freno',
      user: 'freno',
      password: PASSWORD,
      passwordFile: '',
      serverPublicKeyFile: '',
      collation: '',
      tls: null,
    };
  }

  /**
   * For a `before` hook, which skips `suite` where MariaDB is not installed. `options` are the
   * server's.
   */
  async create(suite: Context, options: readonly string[] = []): Promise<void> {
    needMariaDb(suite);
    this.#server = await MariaDb.start(options);
    await this.server.run(
      'CREATE DATABASE freno',
      `CREATE USER freno@'%' IDENTIFIED BY '${PASSWORD}'`,
      "GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, INDEX ON freno.* TO freno@'%'",
    );
  }

  /** Creates an empty schema, as an operator does. */
  async reset(): Promise<void> {
    await this.server.run('DROP DATABASE freno', 'CREATE DATABASE freno', 'USE freno');
    this.lines.length = 0;
  }

  node(serviceId: string, options: Partial<NodeOptions> = {}): BackendTestNode {
    const node = new BackendTestNode({
      settings: this.settings,
      times: LONG_TIMEOUTS,
      log: this.log,
      serviceId,
      ...options,
    });
    this.#nodes.push(node);
    return node;
  }

  /** Started one after the other: the first one leads. */
  async nodes(serviceIds: readonly string[], times = LONG_TIMEOUTS): Promise<BackendTestNode[]> {
    const nodes = serviceIds.map((serviceId) => this.node(serviceId, { times }));
    for (const node of nodes) await node.consensus.start();
    return nodes;
  }

  async stopNodes(): Promise<void> {
    const nodes = this.#nodes;
    this.#nodes = [];
    await Promise.all(nodes.map((node) => node.consensus.stop()));
  }

  async remove(): Promise<void> {
    await this.stopNodes();
    await this.#server?.stop();
  }
}
