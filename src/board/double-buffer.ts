/**
 * A group of fields in shared memory with one writer and any number of readers, none of which ever
 * waits for another: a sequence lock (as Linux's seqlock) over two buffers.
 *
 * The parity of a sequence word selects the valid buffer. The writer fills the other one and then
 * increments the sequence; a reader that finds the sequence unchanged after its reading has read
 * one whole publication. A lock would not do: a thread that is killed while it holds one blocks all
 * others. Here a writer that is killed half-way leaves the sequence and the valid buffer as they
 * were, and the next writer fills the same spare buffer again.
 *
 * Every access is an `Atomics` operation: these are sequentially consistent (ECMAScript, "Memory
 * Model"); plain accesses would be ordered like this on some processors only.
 */
import { ok as assert } from 'node:assert';

/** Words of one group: its sequence number and both buffers. */
export function groupWords(bufferWords: number): number {
  return 1 + 2 * bufferWords;
}

/** Offset of the buffer that the writer may fill. */
export function spareBuffer(words: Int32Array, groupAt: number, bufferWords: number): number {
  return bufferOf(groupAt, bufferWords, Atomics.load(words, groupAt) + 1);
}

/** Makes the spare buffer the valid one. */
export function publishSpare(words: Int32Array, groupAt: number): void {
  Atomics.store(words, groupAt, Atomics.load(words, groupAt) + 1);
}

/** Offset of the buffer that is valid at that sequence number, which may wrap. */
export function bufferOf(groupAt: number, bufferWords: number, sequence: number): number {
  return groupAt + 1 + (sequence & 1) * bufferWords;
}

const halves = new Int32Array(2);
const whole = new Float64Array(halves.buffer);

/** Stores a number of 64 bits in two words. Not atomic by itself: the group makes it so. */
export function storeNumber(words: Int32Array, at: number, value: number): void {
  whole[0] = value;
  Atomics.store(words, at, halves[0]!);
  Atomics.store(words, at + 1, halves[1]!);
}

export function loadNumber(words: Int32Array, at: number): number {
  halves[0] = Atomics.load(words, at);
  halves[1] = Atomics.load(words, at + 1);
  return whole[0]!;
}

/** Longest text that can be stored. */
const SCRATCH_BYTES = 4_096;

const textBytes = new Uint8Array(SCRATCH_BYTES);
const textWords = new Int32Array(textBytes.buffer);
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * Stores as many whole characters as fit in `bytesMax` (a multiple of 4) and returns their number
 * of bytes.
 */
export function storeText(words: Int32Array, at: number, text: string, bytesMax: number): number {
  assert(bytesMax % 4 === 0 && bytesMax <= SCRATCH_BYTES, 'a text has whole words');
  const { written } = encoder.encodeInto(text, textBytes.subarray(0, bytesMax));
  for (let word = 0; word * 4 < written; word++) Atomics.store(words, at + word, textWords[word]!);
  return written;
}

/** A text that is stored many times: it is encoded once. */
export class EncodedText {
  static readonly EMPTY = new EncodedText('');
  readonly words: Int32Array;
  /** Of UTF-8. */
  readonly bytes: number;

  /** Cut to as many whole characters as fit in `bytesMax`. */
  constructor(text: string, bytesMax = SCRATCH_BYTES) {
    const bytes = new Uint8Array(Math.ceil(Math.min(bytesMax, 3 * text.length) / 4) * 4);
    this.bytes = encoder.encodeInto(text, bytes).written;
    this.words = new Int32Array(bytes.buffer);
  }

  /** There must be room for all its words. */
  store(words: Int32Array, at: number): void {
    for (let word = 0; word * 4 < this.bytes; word++) {
      Atomics.store(words, at + word, this.words[word]!);
    }
  }
}

/**
 * Copies a text of that many bytes out of shared memory. `copiedText` decodes it, once the sequence
 * has shown that the reading was whole.
 */
export function copyText(words: Int32Array, at: number, bytes: number): void {
  for (let word = 0; word * 4 < bytes; word++) textWords[word] = Atomics.load(words, at + word);
}

export function copiedText(bytes: number): string {
  return decoder.decode(textBytes.subarray(0, bytes));
}
