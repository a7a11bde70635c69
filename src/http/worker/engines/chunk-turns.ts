/** Long bodies are sent in chunks, so many of them in a turn of the event loop. */
import { SharedTurns } from '../../../base/shared-turns.js';

/** In one go. */
export const CHUNK_BYTES = 64 * 1024;

/** Chunks of one turn, of all bodies: well under 5 ms. */
const CHUNKS_PER_TURN = 8;

export function chunkTurns(): SharedTurns {
  return new SharedTurns(CHUNKS_PER_TURN);
}
