/**
 * Connections that have not said yet which node they are.
 *
 * The port is open to anyone on the network: a stranger may send little, stay briefly, and shares a
 * small number of places with all others. A peer needs one round trip to greet, so it gets in even
 * when all places are taken by connections that drip bytes: the oldest stranger leaves first.
 */
import type { Socket } from 'node:net';

/** From the connection to the hello, whatever arrives meanwhile. */
const GREETING_TIMEOUT_MS = 1000;

/** Strangers of all addresses. */
const STRANGERS_MAX = 64;

/** Strangers of one address: more than the nodes of a cluster behind one address have. */
const STRANGERS_PER_ADDRESS_MAX = 16;

/** Why a stranger had to leave. */
export type StrangerFault = 'timeout' | 'room';

interface Stranger {
  readonly address: string;
  readonly deadline: NodeJS.Timeout;
}

export class UnidentifiedConnections {
  /** Oldest first. */
  readonly #places = new Map<Socket, Stranger>();

  constructor(private readonly onExpelled: (address: string, fault: StrangerFault) => void) {}

  get sockets(): Socket[] {
    return [...this.#places.keys()];
  }

  /** Makes room first, if need be. The stranger leaves by itself when it closes. */
  add(socket: Socket, address: string): void {
    const ofAddress = [...this.#places].filter(([, stranger]) => stranger.address === address);
    if (ofAddress.length >= STRANGERS_PER_ADDRESS_MAX) {
      this.#expel(ofAddress[0]![0], 'room');
    } else if (this.#places.size >= STRANGERS_MAX) {
      const [oldest] = this.#places.keys();
      this.#expel(oldest!, 'room');
    }
    const deadline = setTimeout(() => this.#expel(socket, 'timeout'), GREETING_TIMEOUT_MS);
    this.#places.set(socket, { address, deadline });
    socket.on('close', () => this.remove(socket));
  }

  /** It has named itself, or is closed. */
  remove(socket: Socket): void {
    clearTimeout(this.#places.get(socket)?.deadline);
    this.#places.delete(socket);
  }

  #expel(socket: Socket, fault: StrangerFault): void {
    const { address } = this.#places.get(socket)!;
    this.remove(socket);
    socket.destroy();
    this.onExpelled(address, fault);
  }
}
