/** The service: its parts, started, reconfigured and stopped in order. */

import { isLoopback } from '../base/address.js';
import { version } from '../base/version.js';
import type { ServiceSettings } from '../config/settings.js';
import { ShareDomain } from '../consensus/mysql/share-domain.js';
import type { Consensus } from '../contracts/consensus.js';
import type { ClusterSettings } from '../contracts/stores.js';
import { AskingApps } from '../http/main/asking-apps.js';
import { CommandLog } from '../http/main/command-log.js';
import { CommandMatches } from '../http/main/command-matches.js';
import type { ConnectionLimit } from '../http/main/connection-limit.js';
import { MainRpc } from '../http/main/main-rpc.js';
import type { HttpPool } from '../http/main/pool.js';
import { RefusalReasons } from '../http/main/refusal-reasons.js';
import type { DiagnosticsHub } from '../publish/main/diagnostics-hub.js';
import { EventLog } from '../publish/main/events/event-log.js';
import { EventWatch } from '../publish/main/events/event-watch.js';
import { HistoryKeeper } from '../publish/main/history/keeper.js';
import { Metrics } from '../publish/main/metrics/metrics.js';
import { StoreHosts } from '../publish/main/store-hosts.js';
import { Vars } from '../publish/main/vars/vars.js';
import { Inventory } from '../stores/main/inventory.js';
import type { ProbePool } from '../stores/main/pool.js';
import { FitnessWatch } from './fitness-watch.js';
import type { ServiceFront } from './front.js';
import { Leadership } from './leadership.js';
import type { ServiceOptions } from './options.js';
import { type CreateConsensus, createProbePool } from './parts.js';
import { BoardPeerHealth } from './peer-health.js';
import { ReplicatedState } from './replicated-state.js';

export class Service {
  readonly #options: ServiceOptions;
  readonly #diagnostics: DiagnosticsHub;
  readonly #probes: ProbePool;
  readonly #inventory: Inventory;
  readonly #leadership: Leadership;
  readonly #consensus: Consensus;
  readonly #shareDomain: ShareDomain;
  readonly #http: HttpPool;
  readonly #connections: ConnectionLimit;
  readonly #vars: Vars;
  readonly #eventWatch: EventWatch;
  readonly #fitness: FitnessWatch;
  readonly #history: HistoryKeeper;
  readonly #mainRpc: MainRpc;
  /** Settles when every part has started or failed to. */
  #starting: Promise<unknown> = Promise.resolve();
  #stopped: Promise<void> | undefined;

  /** Creates the parts and the probe threads; none probes or listens before `start`. */
  constructor(options: ServiceOptions, front: ServiceFront, createConsensus: CreateConsensus) {
    const { settings, forceLeadership: forced, log } = options;
    const { board, state, connections } = front;
    this.#diagnostics = front.diagnostics;
    this.#connections = connections;
    this.#http = front.http;
    this.#options = options;

    this.#probes = createProbePool(options, front);
    const hostsCounted = (hosts: number) => connections.setHosts(hosts);
    this.#inventory = new Inventory({ board, prober: this.#probes, logger: log, hostsCounted });
    const inventory = this.#inventory;
    const stores = () => inventory.stores();

    const events = new EventLog(() => state.recentCommands());
    const commands = new CommandLog(
      log,
      events,
      (key, nowMs) => state.throttledApp(key, nowMs),
      () => this.#consensus.name,
    );
    // The pool passes requests to the RPC, which reports the pool's statistics.
    front.handlers = {
      handleRequest: (request) => this.#mainRpc.handle(request),
      refused: (refusal) => commands.refused(refusal),
      unknownToken: (client) => commands.unknownToken(client),
    };
    this.#leadership = new Leadership({ board, prober: inventory, stores: inventory, forced });
    const replicated = new ReplicatedState(state, this.#http, inventory);
    this.#consensus = createConsensus(replicated, this.#leadership, (asked) => {
      // A list that this node does not use may be old: the next question finds it read.
      inventory.refreshNow();
      return this.#probes.tryLogins(asked);
    });
    const consensus = this.#consensus;
    this.#shareDomain = new ShareDomain({
      status: () => consensus.status(),
      peerHealth: new BoardPeerHealth(board, stores),
      tls: settings.shareDomainTls,
      log,
    });

    const http = this.#http;
    const reported = { http, probes: this.#probes, board, stores, state, consensus };
    const backend = settings.consensus.kind === 'raft' ? 'raft' : 'mysql';
    this.#vars = new Vars({ ...reported, backend });
    const probes = this.#probes;
    this.#fitness = new FitnessWatch({ consensus, probes, inventory, events, log });
    const threads = this.#diagnostics;
    const metrics = new Metrics({
      ...reported,
      threads,
      inventory,
      fitness: this.#fitness,
      connections,
      config: options.config,
      engine: () => http.engine,
    });
    const isLeading = () => consensus.isLeading;
    const matches = new CommandMatches({ apps: http, hosts: inventory, stores, isLeading });
    this.#eventWatch = new EventWatch(events, { board, stores, consensus, config: options.config });
    const storeHosts = new StoreHosts({ describer: this.#probes, inventory, board, state });
    this.#history = new HistoryKeeper({ board, stores, answers: http.answers });
    const history = this.#history;
    const reports = { inventory, vars: this.#vars, metrics, events, storeHosts, history };
    const appSeparator = () => http.appSeparator;
    const reasons = new RefusalReasons({ board, state, stores, appSeparator });
    const apps = new AskingApps(http, reasons, isLeading);
    const sources = { consensus, http, ...reports, apps, commands, matches, log };
    this.#mainRpc = new MainRpc({ ...sources, profiler: this.#diagnostics });
  }

  /**
   * Resolves when the node listens and participates in consensus. Rejects when it cannot: the
   * caller then calls `stop`.
   */
  async start(): Promise<void> {
    const { settings, clusters, forceLeadership, log } = this.#options;
    if (forceLeadership) {
      log.warn(
        '--force-leadership: this node acts as leader whatever consensus reports; ' +
          'do not set it on another node',
      );
    }
    this.#warnOfOpenAccess();
    this.#leadership.start();
    const assigned = this.#inventory.replaceClusters(clusters);
    this.#http.setStores(this.#inventory.stores(), settings.appRules);
    const starting = Promise.allSettled([this.#http.start(), this.#consensus.start(), assigned]);
    this.#starting = starting;
    const failure = (await starting).find((start) => start.status === 'rejected');
    if (failure !== undefined) throw failure.reason;
    if (this.#stopped !== undefined) return;
    this.#connections.start();
    this.#vars.start();
    this.#eventWatch.start();
    if (!forceLeadership) this.#fitness.start();
    this.#history.start();
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

  #warnOfOpenAccess(): void {
    const { settings, log } = this.#options;
    const { access, listenAddress, door } = settings;
    // Where there is an address for operators, commands are answered there alone.
    const host = door.adminListen?.host ?? listenAddress;
    if (!access.anonymous.includes('control') || isLoopback(host)) return;
    log.warn(
      { port: door.adminListen?.port ?? settings.listenPort },
      'Access: every client that reaches the port may throttle any app and skip any host; ' +
        'docs/security.md says how to restrict that',
    );
  }

  /**
   * Replaces stores, thresholds, credentials, rules of apps, rights and memcached servers, and
   * reads the credentials of the peers again. Resolves when every thread uses the new ones.
   * Rejects, and changes nothing, when these or the clusters are refused.
   */
  async reconfigure(
    clusters: readonly ClusterSettings[],
    { appRules, access, memcache }: Pick<ServiceSettings, 'appRules' | 'access' | 'memcache'>,
  ): Promise<void> {
    await this.#consensus.readCredentialsAgain?.();
    const assigned = this.#inventory.replaceClusters(clusters);
    const http = this.#http;
    const known = http.setStores(this.#inventory.stores(), appRules);
    await Promise.all([assigned, known, http.setAccess(access)]);
    this.#probes.retryWithheld();
    // Only now: when the clusters are refused, nothing may have changed.
    await http.renewCertificate();
    this.#http.setMemcache(memcache);
    this.#probes.setMemcache(memcache);
  }

  /**
   * Hands leadership over, answers the checks in flight, ends all threads. Rejects with
   * `THREAD_HUNG` when a thread does not end.
   */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    await this.#starting;
    this.#connections.stop();
    this.#vars.stop();
    this.#eventWatch.stop();
    this.#fitness.stop();
    this.#history.stop();
    this.#shareDomain.stop();
    await this.#consensus.stop();
    this.#leadership.stop();
    this.#inventory.stop();
    await Promise.all([this.#http.stop(), this.#probes.stop()]);
    this.#diagnostics.stop();
  }
}
