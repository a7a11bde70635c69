/** The parts of the service that are built from many settings: the probe threads, consensus. */
import { hostname } from 'node:os';
import { version } from '../base/version.js';
import type {
  Consensus,
  ConsensusObserver,
  LoginTrial,
  NodeDescription,
  ReplaceableState,
  StateMachine,
} from '../contracts/consensus.js';
import { ProbePool } from '../stores/main/pool.js';
import type { ServiceFront } from './front.js';
import type { ServiceOptions } from './options.js';

const PROBE_WORKER = new URL('../../workers/probe.js', import.meta.url);

export function createProbePool(
  options: ServiceOptions,
  { board, diagnostics }: Pick<ServiceFront, 'board' | 'diagnostics'>,
): ProbePool {
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

/** `loginTrial` answers the questions of a leader. */
export type CreateConsensus = (
  state: StateMachine & ReplaceableState,
  observer: ConsensusObserver,
  loginTrial: LoginTrial,
) => Consensus;

/**
 * What elects the leader and replicates the commands: the MySQL backend if it is set, else Raft.
 * Only that is loaded, and at the start: a change of it needs a restart.
 */
export async function loadConsensus(options: ServiceOptions): Promise<CreateConsensus> {
  const { settings, forceNewCluster, config, log } = options;
  const { consensus, listenPort, domain, shareDomain } = settings;
  const release = version();
  const description = (): NodeDescription => ({
    version: release,
    configHash: config.report().hash,
    listenPort,
  });
  if (consensus.kind === 'raft') {
    const { RaftConsensus } = await import('../consensus/raft/consensus.js');
    const raft = { ...consensus, forceNewCluster };
    return (state, observer, loginTrial) =>
      new RaftConsensus(raft, state, observer, log, { description, loginTrial });
  }
  const { MySQLConsensus } = await import('../consensus/mysql/consensus.js');
  const identity = { serviceId: `${hostname()}:${listenPort}`, domain, shareDomain };
  return (state, observer) =>
    new MySQLConsensus({ settings: consensus, identity, state, observer, log, description });
}
