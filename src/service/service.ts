/** The service: its threads and parts, put together, started and stopped in order. */
import { hostname } from 'node:os';
import type { FrenoError } from '../base/errors.js';
import type { Logger, LogOptions } from '../base/log.js';
import { version } from '../base/version.js';
import { Board } from '../board/board.js';
import type { ServiceSettings } from '../config/settings.js';
import { MySQLConsensus } from '../consensus/mysql/consensus.js';
import { ShareDomain } from '../consensus/mysql/share-domain.js';
import { RaftConsensus } from '../consensus/raft/consensus.js';
import type { Consensus, ConsensusObserver, StateMachine } from '../contracts/consensus.js';
import type { ClusterSettings } from '../contracts/stores.js';
import { MainRpc } from '../http/main/main-rpc.js';
import { HttpPool } from '../http/main/pool.js';
import { DiagnosticsHub } from '../publish/main/diagnostics-hub.js';
import { Metrics } from '../publish/main/metrics/metrics.js';
import { Vars } from '../publish/main/vars/vars.js';
import { Inventory } from '../stores/main/inventory.js';
import { ProbePool } from '../stores/main/pool.js';
import { ThrottleState } from '../throttle/state.js';
import { Leadership } from './leadership.js';
import { BoardPeerHealth } from './peer-health.js';
import { ReplicatedState } from './replicated-state.js';

const PROBE_WORKER = new URL('../../workers/probe.js', import.meta.url);

export interface ServiceOptions {
  readonly settings: ServiceSettings;
  readonly clusters: readonly ClusterSettings[];
  /** This node considers itself leader, whatever consensus says. */
  readonly forceLeadership: boolean;
  readonly log: Logger;
  readonly logOptions: LogOptions;
  /** Called when the service, once started, cannot go on in this process: stop it then. */
  readonly failed: (error: FrenoError) => void;
}

export class Service {
  readonly #options: ServiceOptions;
  readonly #diagnostics = new DiagnosticsHub();
  readonly #probes: ProbePool;
  readonly #inventory: Inventory;
  readonly #leadership: Leadership;
  readonly #consensus: Consensus;
  readonly #shareDomain: ShareDomain;
  readonly #http: HttpPool;
  readonly #vars: Vars;
  /** Settles when every part has started or failed to. */
  #starting: Promise<unknown> = Promise.resolve();
  #stopped: Promise<void> | undefined;

  /**
   * Puts the parts together and starts the probe threads; nothing probes or listens before `start`.
   */
  constructor(options: ServiceOptions) {
    const { settings, log, logOptions } = options;
    const board = Board.create();
    const state = new ThrottleState();
    this.#options = options;
    this.#probes = new ProbePool({
      board: board.memory,
      threads: settings.probeWorkers,
      workerFile: PROBE_WORKER,
      log: logOptions,
      logger: log,
      memcache: settings.memcache,
      diagnostics: this.#diagnostics,
    });
    this.#inventory = new Inventory({ board, prober: this.#probes, logger: log });
    this.#http = new HttpPool({
      engine: settings.httpEngine,
      listenPort: settings.listenPort,
      workers: settings.httpWorkers,
      board: board.memory,
      stores: [],
      memcache: settings.memcache,
      image: () => state.image(),
      answer: (question) => control.answer(question),
      log,
      workerLog: logOptions,
      diagnostics: this.#diagnostics,
      profiling: settings.profiling,
      failed: options.failed,
    });
    this.#leadership = new Leadership(
      board,
      this.#inventory,
      this.#inventory,
      options.forceLeadership,
    );
    const replicated = new ReplicatedState(state, this.#http, this.#inventory);
    this.#consensus = consensusOf(settings, replicated, this.#leadership, log);
    this.#shareDomain = new ShareDomain({
      status: () => this.#consensus.status(),
      peerHealth: new BoardPeerHealth(board, () => this.#inventory.stores()),
      log,
    });
    this.#vars = new Vars({
      http: this.#http,
      probes: this.#probes,
      board,
      stores: () => this.#inventory.stores(),
      state,
      consensus: this.#consensus,
      backend: settings.consensus.kind === 'raft' ? 'raft' : 'mysql',
    });
    const metrics = new Metrics({
      http: this.#http,
      probes: this.#probes,
      threads: this.#diagnostics,
      inventory: this.#inventory,
      board,
      stores: () => this.#inventory.stores(),
      state,
      consensus: this.#consensus,
      engine: () => this.#http.engine,
    });
    const control = new MainRpc({
      consensus: this.#consensus,
      http: this.#http,
      inventory: this.#inventory,
      vars: this.#vars,
      metrics,
      profiler: this.#diagnostics,
      log,
    });
  }

  /**
   * Resolves when the node listens and takes part in consensus. Rejects when it cannot: stop it
   * then.
   */
  async start(): Promise<void> {
    const { clusters, forceLeadership, log } = this.#options;
    if (forceLeadership) {
      log.warn(
        '--force-leadership: this node acts as leader whatever consensus says; no other may',
      );
    }
    this.#leadership.start();
    const assigned = this.#inventory.replaceClusters(clusters);
    this.#http.setStores(this.#inventory.stores());
    const starting = Promise.allSettled([this.#http.start(), this.#consensus.start(), assigned]);
    this.#starting = starting;
    const failure = (await starting).find((start) => start.status === 'rejected');
    if (failure !== undefined) throw failure.reason;
    if (this.#stopped !== undefined) return;
    this.#vars.start();
    this.#shareDomain.start();
    log.info(
      {
        version: version(),
        port: this.#http.port,
        engine: this.#http.engine,
        clusters: clusters.length,
      },
      'serving',
    );
  }

  /**
   * Other stores, thresholds, credentials or memcached servers from now on. Resolves when every
   * thread works by them.
   */
  async reconfigure(
    clusters: readonly ClusterSettings[],
    memcache: ServiceSettings['memcache'],
  ): Promise<void> {
    const assigned = this.#inventory.replaceClusters(clusters);
    await Promise.all([assigned, this.#http.setStores(this.#inventory.stores())]);
    // Not before: when the clusters are refused, nothing has changed.
    this.#http.setMemcache(memcache);
    this.#probes.setMemcache(memcache);
  }

  /**
   * Hands leadership over, answers what is in flight, ends all threads. Rejects with `THREAD_HUNG`
   * when one is left over.
   */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    await this.#starting;
    this.#vars.stop();
    this.#shareDomain.stop();
    await this.#consensus.stop();
    this.#leadership.stop();
    this.#inventory.stop();
    await Promise.all([this.#http.stop(), this.#probes.stop()]);
    this.#diagnostics.stop();
  }
}

/** Who decides on leadership and commands: the MySQL backend where there is one, else Raft. */
function consensusOf(
  { consensus, listenPort, domain, shareDomain }: ServiceSettings,
  state: StateMachine,
  observer: ConsensusObserver,
  log: Logger,
): Consensus {
  if (consensus.kind === 'raft') return new RaftConsensus(consensus, state, observer, log);
  const identity = { serviceId: `${hostname()}:${listenPort}`, domain, shareDomain };
  return new MySQLConsensus({ settings: consensus, identity, state, observer, log });
}
