/** The messages between the owner of a fleet of simulated servers and the process they run in. */
import type { Cell, Fault, SimulatedServerOptions } from './simulated-mysql.js';

export interface ServerChange {
  /** Index of the server in the fleet. */
  readonly server: number;
  readonly value?: Cell;
  readonly fault?: Fault;
}

export interface FleetStatistics {
  readonly queries: number;
  readonly connections: number;
  /** CPU time of the process since its start, microseconds. */
  readonly cpuMicros: number;
}

export type ToFleet =
  | {
      readonly kind: 'start';
      readonly id: number;
      readonly servers: readonly SimulatedServerOptions[];
    }
  | { readonly kind: 'change'; readonly id: number; readonly changes: readonly ServerChange[] }
  | { readonly kind: 'statistics'; readonly id: number };

export interface FleetAddress {
  readonly host: string;
  readonly port: number;
}

export type FromFleet =
  | { readonly kind: 'started'; readonly id: number; readonly addresses: readonly FleetAddress[] }
  /** `atMs`: `monotonicMs()` when all the changes were in force. */
  | { readonly kind: 'changed'; readonly id: number; readonly atMs: number }
  | { readonly kind: 'statistics'; readonly id: number; readonly statistics: FleetStatistics }
  | { readonly kind: 'failed'; readonly id: number; readonly message: string };
