/**
 * Frames that wait for one socket. Bounded: when the peer reads too slowly the oldest are dropped.
 * Raft tolerates lost messages, and the newest are worth more: they carry the current term and
 * commit index.
 */
import type { Socket } from 'node:net';

/** More than the core and a snapshot have in flight to one follower. */
const QUEUED_BYTES_MAX = 16 * 1024 * 1024;

export class SendQueue {
  #queue: Buffer[] = [];
  #queuedBytes = 0;
  #isCorked = false;

  constructor(private readonly socket: Socket) {
    socket.on('drain', () => this.#drain());
  }

  /** Frames of one iteration of the event loop are one write to the system. */
  put(frame: Buffer): void {
    if (this.#queue.length === 0 && !this.socket.writableNeedDrain) {
      this.#write(frame);
      return;
    }
    this.#queue.push(frame);
    this.#queuedBytes += frame.length;
    while (this.#queuedBytes > QUEUED_BYTES_MAX) {
      this.#queuedBytes -= this.#queue.shift()!.length;
    }
  }

  #drain(): void {
    while (this.#queue.length > 0 && !this.socket.writableNeedDrain) {
      const frame = this.#queue.shift()!;
      this.#queuedBytes -= frame.length;
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
