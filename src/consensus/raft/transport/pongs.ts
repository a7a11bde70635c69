/**
 * The pings that a node sends back on a connection from a peer.
 *
 * They are what a peer is owed there, and bounded: one for all pings that arrived together, and a
 * peer that does not read them is closed. They also go out while a long message arrives: behind it,
 * on a thin link, the peer's ping waits for seconds, and the peer would take the link for cut.
 */
import type { Socket } from 'node:net';
import { monotonicMs } from '../../../base/clock.js';
import { encodePing } from '../codec/handshake.js';
import { protocolError } from '../codec/wire.js';
import { frameOf } from './frame.js';

/** Bytes that wait for the peer to read, beside those in the buffers of the system. */
const UNREAD_BYTES_MAX = 4 * 1024;

/** Longer than between two pings of a peer, so that an idle link has no more traffic. */
const PROGRESS_INTERVAL_MS = 700;

export class Pongs {
  readonly #frame: Buffer;
  #isDue = false;
  #sentAtMs = monotonicMs();

  constructor(
    private readonly socket: Socket,
    isChecksummed: boolean,
  ) {
    this.#frame = frameOf(encodePing(), isChecksummed);
  }

  /** A ping has arrived. */
  pinged(): void {
    this.#isDue = true;
  }

  /**
   * Call when all of what arrived together is read. Throws `PROTOCOL` when the peer never reads.
   */
  flush(): void {
    const nowMs = monotonicMs();
    if (!this.#isDue && nowMs - this.#sentAtMs < PROGRESS_INTERVAL_MS) return;
    this.#isDue = false;
    this.#sentAtMs = nowMs;
    if (this.socket.writableLength > UNREAD_BYTES_MAX) {
      throw protocolError('it sends pings, and does not read the responses');
    }
    this.socket.write(this.#frame);
  }
}
