/**
 * Frames on their way into one socket. Bounded: when the peer takes too little, the oldest are
 * dropped, which Raft tolerates.
 */
import type { Socket } from 'node:net';

/**
 * Bytes that wait outside the socket. Above what the core and a snapshot have under way to one
 * follower.
 */
const WAITING_BYTES_MAX = 16 * 1024 * 1024;

export class SendQueue {
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #isCorked = false;

  constructor(private readonly socket: Socket) {
    socket.on('drain', () => this.#drain());
  }

  /** Frames of one turn of the loop leave in one write to the system. */
  put(frame: Buffer): void {
    if (this.#waiting.length === 0 && !this.socket.writableNeedDrain) {
      this.#write(frame);
      return;
    }
    this.#waiting.push(frame);
    this.#waitingBytes += frame.length;
    while (this.#waitingBytes > WAITING_BYTES_MAX) {
      this.#waitingBytes -= this.#waiting.shift()!.length;
    }
  }

  #drain(): void {
    while (this.#waiting.length > 0 && !this.socket.writableNeedDrain) {
      const frame = this.#waiting.shift()!;
      this.#waitingBytes -= frame.length;
      this.#write(frame);
    }
  }

  #write(frame: Buffer): void {
    if (!this.#isCorked) {
      this.#isCorked = true;
      this.socket.cork();
      process.nextTick(() => {
        this.#isCorked = false;
        this.socket.uncork();
      });
    }
    this.socket.write(frame);
  }
}
