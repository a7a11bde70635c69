/** One life of a Raft node: its disk, its peers and its driver, from opening to closing. */
import { monotonicMs } from '../../base/clock.js';
import type { Logger } from '../../base/log.js';
import type { StateMachine } from '../../contracts/consensus.js';
import { Raft } from './core/raft.js';
import { RaftDriver } from './driver/driver.js';
import type { DriverEnvironment, DriverObserver } from './driver-types.js';
import { LockoutStore } from './lockout-store.js';
import { MachineAdapter } from './machine.js';
import type { RaftMeter } from './meter.js';
import {
  coreConfig,
  driverOptions,
  isAlone,
  type RaftOptions,
  startTicksOf,
  tickMsOf,
} from './options.js';
import { SqliteStorage } from './storage/sqlite.js';
import { Ticker } from './ticker.js';
import { noTransport, TcpTransport } from './transport/tcp.js';

const ownEnvironment: Omit<DriverEnvironment, 'unixMs'> = {
  nowMs: monotonicMs,
  random: Math.random,
  // After the poll phase of this turn: all that had arrived has been delivered.
  soon: (callback) => setImmediate(callback),
};

interface Parts {
  readonly driver: RaftDriver;
  readonly storage: SqliteStorage;
  readonly ticker: Ticker;
  readonly lockout: LockoutStore;
  readonly transport: { stop(): Promise<void> };
}

export class RaftNode {
  readonly #parts: Parts;

  private constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** `unixMs` is this node's wall clock. Rejects with `CONFIG` or `RESOURCE`. */
  static async open(
    options: RaftOptions,
    stateMachine: StateMachine,
    observer: DriverObserver,
    meter: RaftMeter,
    log: Logger,
    unixMs: () => number,
  ): Promise<RaftNode> {
    const settings = coreConfig(options);
    const environment = { ...ownEnvironment, unixMs };
    const identity = { clusterName: options.clusterName, node: options.advertise };
    const opened = await SqliteStorage.open(options.dataDir, identity, log);
    const { storage, initial, lockoutMs: storedLockoutMs } = opened;
    try {
      const failed = (error: Error): void => {
        driver.stop();
        observer.failed(error);
      };
      const machine = new MachineAdapter(stateMachine, failed);
      await machine.restoreFrom(storage);
      const config = { ...settings, startTicks: startTicksOf(options, storedLockoutMs) };
      const lockout = new LockoutStore(storage, storedLockoutMs, config.lockoutMs, failed);
      await lockout.begin();
      const core = new Raft(config, initial, environment.random);
      const transport = isAlone(options)
        ? noTransport
        : new TcpTransport(
            {
              self: options.advertise,
              clusterName: options.clusterName,
              bind: options.bind,
              peers: config.nodes.filter((node) => node !== options.advertise),
            },
            {
              receive: (from, body) => driver.receive(from, body),
              unreachable: (peer) => driver.unreachable(peer),
            },
            log,
          );
      const measured = meter.measured(storage);
      const parts = { core, storage: measured, transport, machine, environment, observer };
      const driver: RaftDriver = new RaftDriver(driverOptions(options), parts);
      const ticker = new Ticker(tickMsOf(options), () => driver.tick());
      await transport.start();
      ticker.start();
      lockout.outlast();
      // Nobody else could be leading: no need to wait for an election time-out.
      if (isAlone(options)) driver.campaign();
      return new RaftNode({ driver, storage, ticker, transport, lockout });
    } catch (error) {
      await storage.close();
      throw error;
    }
  }

  get driver(): RaftDriver {
    return this.#parts.driver;
  }

  async close(): Promise<void> {
    const { driver, storage, ticker, transport, lockout } = this.#parts;
    ticker.stop();
    lockout.stop();
    driver.stop();
    await transport.stop();
    await storage.close();
  }
}
