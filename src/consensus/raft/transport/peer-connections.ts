/**
 * The accepted connection of each peer.
 *
 * A new one takes the place of an older one that may be half-open: of the same run of the node, or
 * silent. An older one that is alive, and of another run, is of another node with the same name (a
 * cloned machine). If the newer took its place, the two would cut each other for ever; so the older
 * one stays, and the other is refused with the addresses of both.
 */
import type { Socket } from 'node:net';
import { formatAddress } from '../../../base/address.js';
import { monotonicMs } from '../../../base/clock.js';
import type { Hello } from '../codec/handshake.js';
import type { NodeId } from '../core/types.js';

/** A peer pings several times in that time. */
const ALIVE_MS = 2000;

interface PeerConnection {
  readonly socket: Socket;
  readonly instance: number;
  readonly remoteAddress: string;
  readonly endpoint: string;
  heardAtMs: number;
}

export class PeerConnections {
  readonly #connections = new Map<NodeId, PeerConnection>();
  /** Of connections that are closed. */
  readonly #heardAtMs = new Map<NodeId, number>();

  get sockets(): Socket[] {
    return [...this.#connections.values()].map(({ socket }) => socket);
  }

  /** `monotonicMs()` when anything of the peer arrived last; null: nothing has. */
  heardAtMs(peer: NodeId): number | null {
    return this.#connections.get(peer)?.heardAtMs ?? this.#heardAtMs.get(peer) ?? null;
  }

  /** Why another node of this name keeps its connection; null: no other is connected. */
  refusalOf(socket: Socket, { from, instance }: Hello): string | null {
    const older = this.#connections.get(from);
    if (older === undefined || monotonicMs() - older.heardAtMs > ALIVE_MS) return null;
    // The first release does not send the number of its run.
    const isSameRun =
      instance === 0 || older.instance === 0
        ? older.remoteAddress === socket.remoteAddress
        : older.instance === instance;
    if (isSameRun) return null;
    return (
      `two nodes have the name ${from}: one at ${older.endpoint}, one at ${endpointOf(socket)}; ` +
      'the first stays connected'
    );
  }

  /** Takes the place of an older connection, which is closed. */
  add(socket: Socket, { from, instance }: Hello): void {
    this.#connections.get(from)?.socket.destroy();
    const connection = {
      socket,
      instance,
      remoteAddress: `${socket.remoteAddress}`,
      endpoint: endpointOf(socket),
      heardAtMs: monotonicMs(),
    };
    this.#connections.set(from, connection);
    socket.on('data', () => {
      connection.heardAtMs = monotonicMs();
    });
    socket.on('close', () => {
      if (this.#connections.get(from) !== connection) return;
      this.#connections.delete(from);
      this.#heardAtMs.set(from, connection.heardAtMs);
    });
  }
}

function endpointOf({ remoteAddress, remotePort }: Socket): string {
  return formatAddress({ host: `${remoteAddress}`, port: remotePort ?? 0 });
}
