/**
 * The current behaviour of a simulated server: its value, its dialect, its fault. The owner of the
 * server changes it, its sessions read it.
 */

import { type Cell, handshake } from './packets.js';
import {
  type Dialect,
  queryResult,
  type ReplicationChannel,
  SERVER_VERSION,
} from './query-results.js';

/** How a server misbehaves. */
export type SimulatedFault =
  | { readonly kind: 'none' }
  /**
   * Accepts connections and reads nothing, like a stopped process. Handles what has arrived
   * meanwhile when the fault ends.
   */
  | { readonly kind: 'hang' }
  /** Closes each connection at its next command, and new ones at once. */
  | { readonly kind: 'close' }
  /** Closes all connections and its port. */
  | { readonly kind: 'refuse' }
  /** Responds to each command after that time. */
  | { readonly kind: 'slow'; readonly delayMs: number }
  /** Responds to each command with that error. */
  | { readonly kind: 'error'; readonly code: number; readonly message: string };

export const NO_FAULT: SimulatedFault = { kind: 'none' };

/** Cached results per value: clients repeat a handful of statements. */
const CACHED_RESULTS_MAX = 32;

export class Behaviour {
  readonly #cachedResults = new Map<string, Buffer>();
  #value: Cell;
  #channels: readonly ReplicationChannel[] | null = null;

  fault: SimulatedFault = NO_FAULT;
  /** Queries executed and connections accepted since the start. */
  queries = 0;
  connections = 0;

  constructor(
    value: Cell,
    private readonly dialect: Dialect,
  ) {
    this.#value = value;
  }

  set value(value: Cell) {
    this.#value = value;
    this.#cachedResults.clear();
  }

  /** Null: one channel, with the value as its lag. */
  set channels(channels: readonly ReplicationChannel[] | null) {
    this.#channels = channels;
    this.#cachedResults.clear();
  }

  greeting(): Buffer {
    return handshake(SERVER_VERSION[this.dialect], ++this.connections);
  }

  /** The packets of the result of a statement. */
  result(sql: string): Buffer {
    this.queries++;
    let packets = this.#cachedResults.get(sql);
    if (packets === undefined) {
      packets = queryResult(sql, this.#value, this.dialect, this.#channels);
      if (this.#cachedResults.size < CACHED_RESULTS_MAX) this.#cachedResults.set(sql, packets);
    }
    return packets;
  }
}
