/** The parts of the service that are built from many settings: both pools of threads, consensus. */
import { hostname } from 'node:os';
import { version } from '../base/version.js';
import type { Board } from '../board/board.js';
import type { ConnectionCounts } from '../board/connection-counts.js';
import { MySQLConsensus } from '../consensus/mysql/consensus.js';
import { RaftConsensus } from '../consensus/raft/consensus.js';
import type {
  Consensus,
  ConsensusObserver,
  LoginTrial,
  NodeDescription,
  StateMachine,
} from '../contracts/consensus.js';
import { HttpPool, type HttpPoolOptions } from '../http/main/pool.js';
import type { DiagnosticsHub } from '../publish/main/diagnostics-hub.js';
import { ProbePool } from '../stores/main/pool.js';
import type { ThrottleState } from '../throttle/state.js';
import type { ServiceOptions } from './options.js';

const PROBE_WORKER = new URL('../../workers/probe.js', import.meta.url);

/** What both pools of threads are given. */
export interface PoolContext {
  readonly options: ServiceOptions;
  readonly board: Board;
  readonly diagnostics: DiagnosticsHub;
  readonly connections: ConnectionCounts;
}

export function createProbePool({ options, board, diagnostics }: PoolContext): ProbePool {
  const { settings, log, logOptions } = options;
  return new ProbePool({
    board: board.memory,
    threads: settings.probeWorkers,
    workerFile: PROBE_WORKER,
    log: logOptions,
    logger: log,
    memcache: settings.memcache,
    diagnostics,
  });
}

export function createHttpPool(
  { options, board, diagnostics, connections }: PoolContext,
  state: ThrottleState,
  handlers: Pick<HttpPoolOptions, 'handleRequest' | 'refused' | 'unknownToken'>,
): HttpPool {
  const { settings, log, logOptions, failed } = options;
  return new HttpPool({
    engine: settings.httpEngine,
    listenPort: settings.listenPort,
    listenAddress: settings.listenAddress,
    listenTls: settings.listenTls,
    door: settings.door,
    workers: settings.httpWorkers,
    board: board.memory,
    stores: [],
    appRules: settings.appRules,
    access: settings.access,
    memcache: settings.memcache,
    image: () => state.image(),
    ...handlers,
    log,
    workerLog: logOptions,
    diagnostics,
    connections: connections.memory,
    profiling: settings.profiling,
    failed,
  });
}

/**
 * Elects the leader and replicates the commands: the MySQL backend if it is set, else Raft.
 * `loginTrial` answers the questions of a leader.
 */
export function createConsensus(
  { settings, forceNewCluster, config, log }: ServiceOptions,
  state: StateMachine,
  observer: ConsensusObserver,
  loginTrial: LoginTrial,
): Consensus {
  const { consensus, listenPort, domain, shareDomain } = settings;
  const release = version();
  const description = (): NodeDescription => ({
    version: release,
    configHash: config.report().hash,
    listenPort,
  });
  if (consensus.kind === 'raft') {
    const raft = { ...consensus, forceNewCluster };
    return new RaftConsensus(raft, state, observer, log, { description, loginTrial });
  }
  const identity = { serviceId: `${hostname()}:${listenPort}`, domain, shareDomain };
  return new MySQLConsensus({ settings: consensus, identity, state, observer, log, description });
}
