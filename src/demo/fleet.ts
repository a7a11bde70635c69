/** A fleet of simulated MySQL servers in a child process, seen from its owner. */
import { fileURLToPath } from 'node:url';
import type { Cell, Fault, SimulatedServerOptions } from './simulated-mysql.js';
import { Subprocess } from './subprocess.js';

export interface ServerChange {
  /** Index of the server in the fleet. */
  readonly server: number;
  readonly value?: Cell;
  readonly fault?: Fault;
}

export interface FleetAddress {
  readonly host: string;
  readonly port: number;
}

export interface FleetStatistics {
  /** Queries executed since the start, by all servers. */
  readonly queries: number;
  /** Connections accepted since the start, by all servers. */
  readonly accepted: number;
  /** Connections open now. */
  readonly connections: number;
  /** CPU time of the process since its start, microseconds. */
  readonly cpuMicros: number;
}

/** The calls to the process of the fleet. */
export interface FleetProtocol {
  start(servers: readonly SimulatedServerOptions[]): FleetAddress[];
  /** Returns `monotonicMs()` of the moment when all changes were in effect. */
  change(changes: readonly ServerChange[]): number;
  statistics(): FleetStatistics;
}

const ENTRY = fileURLToPath(new URL('./fleet-process.js', import.meta.url));

export class Fleet {
  readonly #process = new Subprocess<FleetProtocol>(ENTRY, 'the simulated servers');
  #addresses: readonly FleetAddress[] = [];

  /** Resolves when all servers listen. */
  static async start(servers: readonly SimulatedServerOptions[]): Promise<Fleet> {
    const fleet = new Fleet();
    try {
      fleet.#addresses = await fleet.#process.call('start', [servers]);
    } catch (thrown) {
      await fleet.stop();
      throw thrown;
    }
    return fleet;
  }

  private constructor() {}

  /** In the order in which the servers were given. */
  get addresses(): readonly FleetAddress[] {
    return this.#addresses;
  }

  /** Each as `host:port`. */
  get hosts(): string[] {
    return this.#addresses.map(({ host, port }) => `${host}:${port}`);
  }

  /** Resolves with `monotonicMs()` of the moment when all changes were in effect. */
  change(changes: readonly ServerChange[]): Promise<number> {
    return this.#process.call('change', [changes]);
  }

  statistics(): Promise<FleetStatistics> {
    return this.#process.call('statistics', []);
  }

  stop(): Promise<void> {
    return this.#process.stop();
  }
}
