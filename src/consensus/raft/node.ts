/**
 * A running Raft node: its disk, its peers and its driver, from `open` to `close`. After a failure
 * it is closed, and the next one opens the same disk (see `RaftConsensus`).
 */
import { monotonicMs } from '../../base/clock.js';
import type { Logger } from '../../base/log.js';
import type { RaftSettings } from '../../config/settings.js';
import type { LoginTrial, StateMachine } from '../../contracts/consensus.js';
import type { Command } from '../../throttle/commands.js';
import { ClusterIdentity } from './cluster-identity.js';
import type { KnownPeer } from './cluster-status.js';
import {
  FEATURE_FULL_REFUSAL,
  FEATURE_LOGIN_QUESTION,
  FEATURE_NODE_REPORT,
} from './codec/features.js';
import { decodeLoginMessage, isLoginMessage } from './codec/login-question.js';
import { decodeNodeReport, isNodeReport, type NodeReport } from './codec/node-report.js';
import { Raft } from './core/raft.js';
import type { NodeId } from './core/types.js';
import type { RaftCounters } from './counters.js';
import { RaftDriver } from './driver/driver.js';
import type { DriverEnvironment, DriverObserver } from './driver-types.js';
import { ElectionWatch } from './election-watch.js';
import { LockoutStore } from './lockout-store.js';
import { coreConfig, driverOptions, isAlone, startTicksOf, tickMsOf } from './options.js';
import { PeerFeatures, type UnreadableAt } from './peer-features.js';
import { PeerLogins } from './peer-logins.js';
import { PeerReports } from './peer-reports.js';
import { type PeerFaults, type Reach, reachOf } from './reach.js';
import { StateMachineAdapter } from './state-machine-adapter.js';
import { SqliteStorage } from './storage/sqlite.js';
import type { SyncedRecord } from './storage/synced-file.js';
import { Ticker } from './ticker.js';
import type { PeerCredentials } from './transport/peer-credentials.js';
import { noTransport, TcpTransport } from './transport/tcp.js';

const processEnvironment: Omit<DriverEnvironment, 'unixMs'> = {
  nowMs: monotonicMs,
  random: Math.random,
  // The check phase follows the poll phase: all that had arrived has been delivered.
  soon: (callback) => setImmediate(callback),
};

export interface RaftNodeOptions {
  readonly settings: RaftSettings;
  readonly stateMachine: StateMachine;
  readonly observer: DriverObserver;
  readonly counters: RaftCounters;
  readonly log: Logger;
  /** This node's wall clock. */
  readonly unixMs: () => number;
  /** What this node says of itself to its peers. */
  readonly report: () => NodeReport;
  /** Answers which stores this node can log in to. */
  readonly loginTrial: LoginTrial;
  /** What this process knows to be in the data directory; null: nothing. */
  readonly held: SyncedRecord | null;
  readonly credentials: PeerCredentials;
}

interface NodeParts {
  readonly driver: RaftDriver;
  readonly storage: SqliteStorage;
  readonly ticker: Ticker;
  readonly lockout: LockoutStore;
  readonly watch: ElectionWatch;
  readonly identity: ClusterIdentity;
  readonly features: PeerFeatures;
  readonly reports: PeerReports;
  readonly logins: PeerLogins;
  readonly counters: RaftCounters;
  readonly transport: {
    stop(): Promise<void>;
    peerFaults(): PeerFaults;
    heardAtMs(peer: NodeId): number | null;
  };
}

export class RaftNode {
  readonly #parts: NodeParts;

  private constructor(parts: NodeParts) {
    this.#parts = parts;
  }

  /** Rejects with `CONFIG` or `RESOURCE`. */
  static async open(options: RaftNodeOptions): Promise<RaftNode> {
    const { settings, stateMachine, observer, counters, log, unixMs, held, report, loginTrial } =
      options;
    const { advertise, bind, clusterName, dataDir, forceNewCluster } = settings;
    const baseConfig = coreConfig(settings);
    const environment = { ...processEnvironment, unixMs };
    const identity = { clusterName, node: advertise, nodes: baseConfig.nodes };
    const opened = await SqliteStorage.open(dataDir, identity, log, { forceNewCluster, held });
    const { storage, initial, storedLockoutMs } = opened;
    try {
      const failed = (error: Error): void => {
        driver.stop();
        observer.failed(error);
      };
      const machine = new StateMachineAdapter(stateMachine, failed);
      await machine.restoreFrom(storage);
      const config = { ...baseConfig, startTicks: startTicksOf(settings, storedLockoutMs) };
      const lockout = new LockoutStore(storage, storedLockoutMs, config.lockoutMs, failed);
      await lockout.raise();
      const core = new Raft(config, initial, environment.random);
      const peers = config.nodes.filter((node) => node !== advertise);
      const features = new PeerFeatures(peers, () => stateMachine.image().level);
      const identity = new ClusterIdentity({
        stored: opened.clusterId ?? '',
        replicated: () => stateMachine.image().clusterId,
        isLeading: () => driver.soft.role === 'leader',
        propose: (id) =>
          driver.submit({ kind: 'identifyCluster', atMs: unixMs(), clusterId: id }, () => {}),
        store: (id) => driver.storeClusterId(id),
        failed,
        log,
      });
      const transport = isAlone(settings)
        ? noTransport
        : new TcpTransport(
            {
              self: advertise,
              clusterName,
              bind,
              peers,
              counters: counters.peers,
              credentials: options.credentials,
              holdsData: () => driver.holdsData,
              clusterId: () => identity.id,
            },
            {
              receive: (from, body) => {
                if (isNodeReport(body)) reports.received(from, decodeNodeReport(body));
                else if (isLoginMessage(body)) logins.received(from, decodeLoginMessage(body));
                else driver.receive(from, body);
              },
              unreachable: (peer) => driver.unreachable(peer),
              greeted: (peer, said) => {
                if (said.holdsData) driver.clusterHoldsData();
                features.greeted(peer, said.features);
              },
            },
            log,
          );
      const timed = counters.timed(storage);
      const members = {
        canAllRead: (command: Command) => features.unreadableAt(command) === null,
        readsFull: (peer: NodeId) => features.isListed(peer, FEATURE_FULL_REFUSAL),
      };
      const parts = { core, storage: timed, transport, machine, environment, members, observer };
      const driver: RaftDriver = new RaftDriver(driverOptions(settings), parts);
      const ticker = new Ticker(tickMsOf(settings), () => driver.tick());
      const reports = new PeerReports({
        peers,
        isRead: (peer) => features.isListed(peer, FEATURE_NODE_REPORT),
        own: report,
        send: (to, body) => transport.send(to, body),
        unixMs,
      });
      const logins = new PeerLogins({
        peers,
        isRead: (peer) => features.isListed(peer, FEATURE_LOGIN_QUESTION),
        send: (to, body) => transport.send(to, body),
        trial: loginTrial,
        random: environment.random,
      });
      await transport.start();
      await storage.watch(failed);
      ticker.start();
      lockout.lowerWhenExpired();
      // There is no other node that could lead: no need to wait for an election time-out.
      if (isAlone(settings)) driver.campaign();
      const watch = new ElectionWatch({
        soft: () => driver.soft,
        peerFaults: () => transport.peerFaults(),
        log,
      });
      watch.start();
      identity.start();
      reports.start();
      const services = {
        storage,
        ticker,
        transport,
        lockout,
        watch,
        identity,
        reports,
        logins,
        counters,
      };
      return new RaftNode({ driver, features, ...services });
    } catch (error) {
      await storage.close();
      throw error;
    }
  }

  get driver(): RaftDriver {
    return this.#parts.driver;
  }

  /** As `PeerFeatures.unreadableAt`. */
  unreadableAt(command: Command): UnreadableAt | null {
    return this.#parts.features.unreadableAt(command);
  }

  get logins(): PeerLogins {
    return this.#parts.logins;
  }

  /** Which nodes it reaches now. */
  get reach(): Reach {
    return reachOf(this.#parts.transport.peerFaults());
  }

  /** What it knows of each peer now. */
  get knownPeers(): KnownPeer[] {
    const { transport, reports, counters } = this.#parts;
    return [...transport.peerFaults()].map(([node, fault]) => {
      const heardAtMs = transport.heardAtMs(node);
      const heardAgoMs = heardAtMs === null ? null : monotonicMs() - heardAtMs;
      const refused = counters.peers.refusalOf(node);
      return { node, received: reports.of(node), heardAgoMs, fault, refused };
    });
  }

  /** What its data directory holds at least. */
  get held(): SyncedRecord {
    return this.#parts.storage.held;
  }

  async close(): Promise<void> {
    const { driver, storage, ticker, transport, lockout, watch, identity, reports } = this.#parts;
    watch.stop();
    reports.stop();
    identity.stop();
    ticker.stop();
    lockout.stop();
    driver.stop();
    await transport.stop();
    await storage.close();
  }
}
