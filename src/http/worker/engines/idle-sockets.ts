/**
 * The connections without a request in progress: where there is no place for another one, the one
 * that is idle longest makes room. First those that never had a request, so that clients which
 * only connect do not cost a load balancer the connections it uses.
 */
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

export class IdleSockets {
  /** Both with the longest idle first. */
  readonly #neverAsked = new Set<Socket>();
  readonly #idle = new Set<Socket>();
  /** Responses that are not sent to their end, by connection. */
  readonly #unsent = new WeakMap<Socket, number>();

  opened(socket: Socket): void {
    this.#neverAsked.add(socket);
    socket.once('close', () => this.#leave(socket));
  }

  /** The connection is not idle until the response has ended. */
  requested(socket: Socket, response: ServerResponse): void {
    this.#leave(socket);
    this.#unsent.set(socket, (this.#unsent.get(socket) ?? 0) + 1);
    response.once('close', () => {
      const unsent = this.#unsent.get(socket)! - 1;
      this.#unsent.set(socket, unsent);
      if (unsent === 0 && !socket.destroyed) this.#idle.add(socket);
    });
  }

  /** False: none is idle. `newcomer` is not closed. */
  closeLongestIdle(newcomer: Socket): boolean {
    const socket = firstOther(this.#neverAsked, newcomer) ?? firstOther(this.#idle, newcomer);
    if (socket === undefined) return false;
    this.#leave(socket);
    socket.destroy();
    return true;
  }

  #leave(socket: Socket): void {
    this.#neverAsked.delete(socket);
    this.#idle.delete(socket);
  }
}

function firstOther(sockets: Set<Socket>, newcomer: Socket): Socket | undefined {
  for (const socket of sockets) if (socket !== newcomer) return socket;
  return undefined;
}
