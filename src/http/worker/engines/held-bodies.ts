/**
 * The long bodies that clients have not taken yet. Clients that share a body share its memory; one
 * that takes it slowly holds it, and others ask for newer ones meanwhile: hence a bound.
 */
import { LARGE_BODY_BYTES } from '../response.js';

export const HELD_BYTES_MAX = 64 * 1024 * 1024;

/** A body that is not taken within this is cut off. */
export const TRANSFER_MS_MAX = 60_000;

export class HeldBodies {
  readonly #bytesMax: number;
  /** How many clients take each. */
  readonly #clients = new Map<Buffer, number>();
  #bytes = 0;

  constructor(bytesMax = HELD_BYTES_MAX) {
    this.#bytesMax = bytesMax;
  }

  static isLarge(body: string | Buffer): body is Buffer {
    return typeof body !== 'string' && body.length >= LARGE_BODY_BYTES;
  }

  /** False: there is no room. A body that has all the room to itself always has. */
  hold(body: Buffer): boolean {
    const clients = this.#clients.get(body) ?? 0;
    if (clients === 0) {
      if (this.#bytes > 0 && this.#bytes + body.length > this.#bytesMax) return false;
      this.#bytes += body.length;
    }
    this.#clients.set(body, clients + 1);
    return true;
  }

  release(body: Buffer): void {
    const clients = this.#clients.get(body)! - 1;
    if (clients > 0) {
      this.#clients.set(body, clients);
      return;
    }
    this.#clients.delete(body);
    this.#bytes -= body.length;
  }
}
