/**
 * What a simulated server answers now: its value, its dialect, its fault. Its owner changes it, its
 * sessions read it.
 */

import { type Cell, handshake } from './packets.js';
import { answer, type Dialect, SERVER_VERSION } from './query-results.js';

/** How a server misbehaves. */
export type SimulatedFault =
  | { readonly kind: 'none' }
  /**
   * Accepts connections and reads nothing, like a stopped process; answers what has come meanwhile
   * when lifted.
   */
  | { readonly kind: 'hang' }
  /** Closes each connection at its next command, and new ones at once. */
  | { readonly kind: 'close' }
  /** Closes all connections and its port. */
  | { readonly kind: 'refuse' }
  /** Answers each command after that time. */
  | { readonly kind: 'slow'; readonly delayMs: number }
  /** Answers each command with that error. */
  | { readonly kind: 'error'; readonly code: number; readonly message: string };

export const NO_FAULT: SimulatedFault = { kind: 'none' };

/** Prepared answers kept per value: clients repeat a handful of statements. */
const PREPARED_MAX = 32;

export class Behaviour {
  readonly #prepared = new Map<string, Buffer>();
  #value: Cell;

  fault: SimulatedFault = NO_FAULT;
  /** Queries answered and connections accepted since the start. */
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
    this.#prepared.clear();
  }

  greeting(): Buffer {
    return handshake(SERVER_VERSION[this.dialect], ++this.connections);
  }

  /** The packets that answer a statement. */
  answer(sql: string): Buffer {
    this.queries++;
    let packets = this.#prepared.get(sql);
    if (packets === undefined) {
      packets = answer(sql, this.#value, this.dialect);
      if (this.#prepared.size < PREPARED_MAX) this.#prepared.set(sql, packets);
    }
    return packets;
  }
}
