/** The addresses at which this node reaches its peers: connections from there may be of peers. */
import type { NodeId } from '../core/types.js';

export class PeerAddresses {
  /** Of each peer, at most one. */
  readonly #reached = new Map<NodeId, string>();

  /** The peer accepted a TCP connection at this address. */
  reached(peer: NodeId, address: string): void {
    this.#reached.set(peer, plainAddress(address));
  }

  has(address: string): boolean {
    return [...this.#reached.values()].includes(plainAddress(address));
  }
}

/** IPv4 as such on a socket of both families too. */
function plainAddress(address: string): string {
  return address.replace(/^::ffff:/, '');
}
