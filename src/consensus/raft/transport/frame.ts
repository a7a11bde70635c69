/** Frames on a stream: a u32 big-endian length and as many bytes. */
import { FrenoError } from '../../../base/errors.js';

/**
 * Bytes of a frame's body, at most. Far more than senders need: the largest are an append of the
 * core and a chunk of a snapshot. It bounds what a peer can make this node buffer.
 */
export const FRAME_BYTES_MAX = 8 * 1024 * 1024;

const HEADER_BYTES = 4;

/** Header and body in one buffer, so that a frame is one write. */
export function frameOf(body: Uint8Array): Buffer {
  if (body.length === 0 || body.length > FRAME_BYTES_MAX) {
    throw new FrenoError('PROTOCOL', `a frame of ${body.length} bytes cannot be sent`);
  }
  const frame = Buffer.allocUnsafe(HEADER_BYTES + body.length);
  frame.writeUInt32BE(body.length, 0);
  frame.set(body, HEADER_BYTES);
  return frame;
}

/**
 * Splits a stream into frames. The bodies alias the chunks of the stream: copy what outlives the
 * call. Buffers at most one incomplete frame.
 */
export class FrameReader {
  #chunks: Buffer[] = [];
  /** Sum of the lengths of `#chunks`. */
  #bufferedBytes = 0;
  /** A frame can be complete only when `#bufferedBytes` reaches this. */
  #wantedBytes = HEADER_BYTES;

  constructor(
    private readonly onFrame: (body: Buffer) => void,
    /** May change between frames: less is allowed before the hello. */
    public bodyBytesMax: number,
  ) {}

  /**
   * Calls `onFrame` for each frame that `chunk` completes. Throws `PROTOCOL` for a length out of
   * bounds; the stream cannot be read further.
   */
  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#bufferedBytes += chunk.length;
    if (this.#bufferedBytes < this.#wantedBytes) return;

    const buffer = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks);
    let offset = 0;
    this.#wantedBytes = HEADER_BYTES;
    while (buffer.length - offset >= HEADER_BYTES) {
      const end = offset + HEADER_BYTES + this.#bodyBytes(buffer, offset);
      if (end > buffer.length) {
        this.#wantedBytes = end - offset;
        break;
      }
      this.onFrame(buffer.subarray(offset + HEADER_BYTES, end));
      offset = end;
    }
    const rest = buffer.subarray(offset);
    this.#chunks = rest.length > 0 ? [rest] : [];
    this.#bufferedBytes = rest.length;
  }

  #bodyBytes(buffer: Buffer, offset: number): number {
    const length = buffer.readUInt32BE(offset);
    if (length === 0 || length > this.bodyBytesMax) {
      throw new FrenoError('PROTOCOL', `a frame claims ${length} bytes`);
    }
    return length;
  }
}
