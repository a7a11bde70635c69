/**
 * Connections that have not said yet which node they are.
 *
 * The port is open to anyone on the network: a stranger may send little, stay briefly, and shares a
 * small number of places with all others. A peer needs one round trip to greet, so it gets in even
 * when all places are taken by connections that drip bytes: the oldest stranger leaves first.
 *
 * A host that opens connections without end makes the oldest leave within less than a round trip.
 * So connections from the addresses of peers do not share these places.
 */
import type { Socket } from 'node:net';
import type { PeerAddresses } from './peer-addresses.js';

/** From the connection to the hello, whatever arrives meanwhile. */
const GREETING_TIMEOUT_MS = 1000;

/** Strangers of all addresses but those of peers. */
const STRANGERS_MAX = 64;

/** Strangers of one address: more than the nodes of a cluster behind one address have. */
const STRANGERS_PER_ADDRESS_MAX = 16;

/** Why a stranger had to leave. */
export type StrangerFault = 'timeout' | 'room';

interface Stranger {
  readonly address: string;
  /** It has come from the address of a peer. */
  readonly isReserved: boolean;
  readonly deadline: NodeJS.Timeout;
}

export class UnidentifiedConnections {
  /** Oldest first. */
  readonly #places = new Map<Socket, Stranger>();

  constructor(
    private readonly peers: PeerAddresses,
    private readonly onExpelled: (address: string, fault: StrangerFault) => void,
  ) {}

  get sockets(): Socket[] {
    return [...this.#places.keys()];
  }

  /** Makes room first, if need be. The stranger leaves by itself when it closes. */
  add(socket: Socket, address: string): void {
    const isReserved = this.peers.has(address);
    const places = [...this.#places];
    const ofAddress = places.filter(([, stranger]) => stranger.address === address);
    const shared = places.filter(([, stranger]) => !stranger.isReserved);
    if (ofAddress.length >= STRANGERS_PER_ADDRESS_MAX) {
      this.#expel(ofAddress[0]![0], 'room');
    } else if (!isReserved && shared.length >= STRANGERS_MAX) {
      this.#expel(shared[0]![0], 'room');
    }
    const deadline = setTimeout(() => this.#expel(socket, 'timeout'), GREETING_TIMEOUT_MS);
    this.#places.set(socket, { address, isReserved, deadline });
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
