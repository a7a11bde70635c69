/**
 * Frames on a stream: a u32 big-endian length and as many bytes. After a greeting in which both
 * sides know it, the last four are the CRC-32C (Castagnoli; RFC 3720, appendix B.4) of the others.
 *
 * The checksum of TCP has 16 bits and is often made by the network card, so that a letter changed
 * in memory, or by a device on the path, can pass. A follower would then store and apply another
 * command than the leader, and differ from it for good.
 */
import crc32c from 'crc-32/crc32c.js';
import { FrenoError } from '../../../base/errors.js';

/**
 * Bytes of a frame's body, at most. Far more than senders need: the largest are an append of the
 * core and a chunk of a snapshot. It bounds what a peer can make this node buffer.
 */
export const FRAME_BYTES_MAX = 8 * 1024 * 1024;

const HEADER_BYTES = 4;

const CHECKSUM_BYTES = 4;

/**
 * Chunks that are joined to one: a peer that sends a long frame byte by byte would cost a buffer
 * object for each.
 */
const JOINED_CHUNKS = 512;

/** A frame was changed between the two nodes. */
export class ChecksumError extends FrenoError {
  constructor(bytes: number) {
    super('PROTOCOL', `a frame of ${bytes} bytes has a wrong checksum: it was changed on the way`);
  }
}

/** What arrived is no frame. */
export class FrameError extends FrenoError {
  constructor(
    readonly kind: 'length' | 'HTTP' | 'TLS',
    message: string,
  ) {
    super('PROTOCOL', message);
  }
}

/** The first four bytes of an HTTP request or response. */
const HTTP_STARTS = [
  'GET ',
  'HEAD',
  'POST',
  'PUT ',
  'DELE',
  'OPTI',
  'CONN',
  'PATC',
  'PRI ',
  'HTTP',
];

/** A TLS record of a handshake or an alert, of any version (RFC 8446, section 5.1). */
function isTls(buffer: Buffer, offset: number): boolean {
  const type = buffer[offset];
  return (type === 0x16 || type === 0x15) && buffer[offset + 1] === 0x03;
}

/** The error for a length that no frame has: named, when it is the start of another protocol. */
function lengthError(buffer: Buffer, offset: number, length: number): FrameError {
  const isHttp = HTTP_STARTS.includes(buffer.toString('latin1', offset, offset + HEADER_BYTES));
  if (!isHttp && !isTls(buffer, offset)) {
    return new FrameError('length', `a frame claims ${length} bytes`);
  }
  const protocol = isHttp ? 'HTTP' : 'TLS';
  return new FrameError(
    protocol,
    `it sent ${protocol}, not a message of Raft: is this the other node's ListenPort?`,
  );
}

/** Header and body in one buffer, so that a frame is one write. */
export function frameOf(body: Uint8Array, isChecksummed = false): Buffer {
  if (body.length === 0 || body.length > FRAME_BYTES_MAX) {
    throw new FrenoError('PROTOCOL', `a frame of ${body.length} bytes cannot be sent`);
  }
  const length = body.length + (isChecksummed ? CHECKSUM_BYTES : 0);
  const frame = Buffer.allocUnsafe(HEADER_BYTES + length);
  frame.writeUInt32BE(length, 0);
  frame.set(body, HEADER_BYTES);
  if (isChecksummed) frame.writeInt32BE(crc32c.buf(body), HEADER_BYTES + body.length);
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
  /** At the end of `#chunks`, not joined yet. */
  #looseChunks = 0;
  /** A frame can be complete only when `#bufferedBytes` reaches this. */
  #wantedBytes = HEADER_BYTES;
  /** May change between frames: a greeting has no checksum. */
  isChecksummed = false;

  constructor(
    private readonly onFrame: (body: Buffer) => void,
    /** May change between frames: less is allowed before the hello. */
    public bodyBytesMax: number,
  ) {}

  /**
   * Calls `onFrame` for each frame that `chunk` completes. Throws `PROTOCOL` for a length out of
   * bounds or a wrong checksum; the stream cannot be read further.
   */
  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#bufferedBytes += chunk.length;
    if (this.#bufferedBytes < this.#wantedBytes) {
      this.#joinChunks();
      return;
    }

    const buffer = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks);
    let offset = 0;
    this.#wantedBytes = HEADER_BYTES;
    while (buffer.length - offset >= HEADER_BYTES) {
      const end = offset + HEADER_BYTES + this.#contentBytes(buffer, offset);
      if (end > buffer.length) {
        this.#wantedBytes = end - offset;
        break;
      }
      this.onFrame(this.#bodyOf(buffer.subarray(offset + HEADER_BYTES, end)));
      offset = end;
    }
    const rest = buffer.subarray(offset);
    this.#chunks = rest.length > 0 ? [rest] : [];
    this.#bufferedBytes = rest.length;
    this.#looseChunks = this.#chunks.length;
  }

  #joinChunks(): void {
    this.#looseChunks += 1;
    if (this.#looseChunks < JOINED_CHUNKS) return;
    this.#chunks.push(Buffer.concat(this.#chunks.splice(-this.#looseChunks)));
    this.#looseChunks = 0;
  }

  #contentBytes(buffer: Buffer, offset: number): number {
    const length = buffer.readUInt32BE(offset);
    const checksumBytes = this.isChecksummed ? CHECKSUM_BYTES : 0;
    if (length <= checksumBytes || length > this.bodyBytesMax + checksumBytes) {
      throw lengthError(buffer, offset, length);
    }
    return length;
  }

  /** Without the checksum, which is checked. */
  #bodyOf(content: Buffer): Buffer {
    if (!this.isChecksummed) return content;
    const body = content.subarray(0, content.length - CHECKSUM_BYTES);
    if (content.readInt32BE(body.length) !== crc32c.buf(body)) throw new ChecksumError(body.length);
    return body;
  }
}
