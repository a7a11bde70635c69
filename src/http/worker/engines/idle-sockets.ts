/**
 * The connections without a request in progress, the longest idle first: where there is no place
 * for another one, that one makes room. It has had its turn, and its client may connect again.
 */
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

export class IdleSockets {
  readonly #idle = new Set<Socket>();
  /** Responses that are not sent to their end, by connection. */
  readonly #unsent = new WeakMap<Socket, number>();

  opened(socket: Socket): void {
    this.#idle.add(socket);
    socket.once('close', () => this.#idle.delete(socket));
  }

  /** The connection is not idle until the response has ended. */
  requested(socket: Socket, response: ServerResponse): void {
    this.#idle.delete(socket);
    this.#unsent.set(socket, (this.#unsent.get(socket) ?? 0) + 1);
    response.once('close', () => {
      const unsent = this.#unsent.get(socket)! - 1;
      this.#unsent.set(socket, unsent);
      if (unsent === 0 && !socket.destroyed) this.#idle.add(socket);
    });
  }

  /** False: none is idle. `newcomer` is not closed. */
  closeLongestIdle(newcomer: Socket): boolean {
    for (const socket of this.#idle) {
      if (socket === newcomer) continue;
      this.#idle.delete(socket);
      socket.destroy();
      return true;
    }
    return false;
  }
}
