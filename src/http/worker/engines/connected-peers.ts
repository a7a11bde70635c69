/**
 * The addresses of the open connections.
 *
 * To read the address of a peer from the native engine costs about as much as the rest of a check.
 * So it is not read while there is only one possible result: since the last moment without
 * connections, all that opened came from one address (a proxy, a single client).
 */
import type { ClientKey } from '../recent-apps.js';

export class ConnectedPeers {
  #open = 0;
  #solePeer: ClientKey | undefined;
  #hasSeveral = false;

  /** The peer of every open connection; undefined when there may be several. */
  get solePeer(): ClientKey | undefined {
    return this.#hasSeveral ? undefined : this.#solePeer;
  }

  get isEmpty(): boolean {
    return this.#open === 0;
  }

  opened(peer: ClientKey): void {
    this.#open++;
    if (this.#solePeer === undefined) this.#solePeer = peer;
    else if (this.#solePeer !== peer) this.#hasSeveral = true;
  }

  closed(): void {
    this.#open--;
    if (this.#open > 0) return;
    this.#solePeer = undefined;
    this.#hasSeveral = false;
  }
}
