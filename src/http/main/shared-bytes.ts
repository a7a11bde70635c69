/** A long body in memory that it shares with the HTTP workers: a message would copy it at once. */
import { TimeSlice } from '../../base/time-slice.js';

/** In UTF-8, written in time slices. */
export async function sharedBytes(pieces: readonly string[]): Promise<SharedArrayBuffer> {
  const slice = new TimeSlice();
  const chunks: Buffer[] = [];
  for (const piece of pieces) {
    chunks.push(Buffer.from(piece, 'utf8'));
    if (slice.isOver) await slice.yield();
  }
  const shared = new SharedArrayBuffer(chunks.reduce((sum, { length }) => sum + length, 0));
  const bytes = new Uint8Array(shared);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
    if (slice.isOver) await slice.yield();
  }
  return shared;
}
