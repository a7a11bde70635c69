/**
 * Detects damage in the middle of SQLite's write-ahead log. Recovery ends at the first frame whose
 * checksum is wrong, because a crash may have cut the last write short. Damage in the middle looks
 * the same to SQLite: it would silently discard all that was synced after it, votes and
 * acknowledged entries among them. Raft assumes that a node never forgets those, so this is checked
 * before SQLite opens the file. The format: https://www.sqlite.org/fileformat2.html#walformat
 */
import { readFile } from 'node:fs/promises';
import { DamagedLogError } from './errors.js';

const HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;

/** The last bit of the magic number says whether checksums are over big-endian words. */
const MAGIC = 0x377f0682;

/** Offsets in the header of the log, and in that of a frame. */
const PAGE_BYTES_AT = 8;
const SALTS_AT = 16;
const CHECKSUM_AT = 24;
const FRAME_COMMIT_AT = 4;
const FRAME_SALTS_AT = 8;
const FRAME_CHECKSUM_AT = 16;

/** `empty`: nothing, or no file. `short`: something follows its valid frames that is not one. */
export type WalCondition = 'empty' | 'short' | 'whole';

/**
 * Throws `DamagedLogError` when more than one transaction lies behind what is wrong: each is synced
 * before the next begins, so a crash cuts short only the last one. So does a header that is blank
 * before frames: SQLite syncs it before the first of them. Call it while the file is locked, and
 * before anything is written.
 */
export async function checkWriteAheadLog(path: string): Promise<WalCondition> {
  const bytes = await readIfExists(path);
  if (bytes === null || bytes.length < HEADER_BYTES || isBlank(bytes)) return 'empty';
  const log = new WriteAheadLog(bytes);
  if (!log.isHeaderValid) throw new DamagedLogError('its header is damaged', '-wal');
  const validFrames = log.validFrames();
  if (log.commitsFrom(validFrames) > 1) {
    throw new DamagedLogError('it is damaged in the middle', '-wal');
  }
  if (validFrames === 0) return 'empty';
  return log.isOver(validFrames) ? 'whole' : 'short';
}

class WriteAheadLog {
  readonly #bytes: Buffer;
  readonly #isBigEndian: boolean;
  readonly #frameBytes: number;
  readonly #frames: number;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.#isBigEndian = (bytes.readUInt32BE(0) & 1) === 1;
    this.#frameBytes = FRAME_HEADER_BYTES + bytes.readUInt32BE(PAGE_BYTES_AT);
    this.#frames = Math.floor((bytes.length - HEADER_BYTES) / this.#frameBytes);
  }

  get isHeaderValid(): boolean {
    const isOurs = (this.#bytes.readUInt32BE(0) & ~1) === MAGIC;
    return isOurs && this.#matches(this.#sum(0, CHECKSUM_AT, [0, 0]), CHECKSUM_AT);
  }

  /** Valid frames from the first on: each checksum continues that of the frame before. */
  validFrames(): number {
    let sums = this.#sum(0, CHECKSUM_AT, [0, 0]);
    for (let frame = 0; frame < this.#frames; frame++) {
      const at = this.#frameAt(frame);
      sums = this.#sum(at, at + FRAME_SALTS_AT, sums);
      sums = this.#sum(at + FRAME_HEADER_BYTES, at + this.#frameBytes, sums);
      if (!this.#isOfThisLog(at) || !this.#matches(sums, at + FRAME_CHECKSUM_AT)) return frame;
    }
    return this.#frames;
  }

  /**
   * Transactions that end in `firstFrame` or later. Frames of an earlier use of the file have other
   * salts.
   */
  commitsFrom(firstFrame: number): number {
    let commits = 0;
    for (let frame = firstFrame; frame < this.#frames; frame++) {
      const at = this.#frameAt(frame);
      const isCommit = this.#bytes.readUInt32BE(at + FRAME_COMMIT_AT) !== 0;
      if (isCommit && this.#isOfThisLog(at)) commits++;
    }
    return commits;
  }

  /** Whether nothing of this log begins after so many frames. */
  isOver(frames: number): boolean {
    const at = this.#frameAt(frames);
    if (at + FRAME_SALTS_AT + 8 > this.#bytes.length) return at >= this.#bytes.length;
    return !this.#isOfThisLog(at) && !isBlank(this.#bytes.subarray(at, at + FRAME_HEADER_BYTES));
  }

  #frameAt(frame: number): number {
    return HEADER_BYTES + frame * this.#frameBytes;
  }

  #isOfThisLog(frameAt: number): boolean {
    const at = frameAt + FRAME_SALTS_AT;
    return this.#bytes.compare(this.#bytes, SALTS_AT, SALTS_AT + 8, at, at + 8) === 0;
  }

  #sum(from: number, to: number, [before0, before1]: Sums): Sums {
    const bytes = this.#bytes;
    let sum0 = before0;
    let sum1 = before1;
    for (let at = from; at < to; at += 8) {
      const word0 = this.#isBigEndian ? bytes.readUInt32BE(at) : bytes.readUInt32LE(at);
      const word1 = this.#isBigEndian ? bytes.readUInt32BE(at + 4) : bytes.readUInt32LE(at + 4);
      sum0 = (sum0 + word0 + sum1) >>> 0;
      sum1 = (sum1 + word1 + sum0) >>> 0;
    }
    return [sum0, sum1];
  }

  #matches([sum0, sum1]: Sums, at: number): boolean {
    return this.#bytes.readUInt32BE(at) === sum0 && this.#bytes.readUInt32BE(at + 4) === sum1;
  }
}

type Sums = readonly [number, number];

async function readIfExists(path: string): Promise<Buffer | null> {
  try {
    return await readFile(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

/** As a file is that was made, and of which nothing was written before the machine failed. */
function isBlank(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0);
}
