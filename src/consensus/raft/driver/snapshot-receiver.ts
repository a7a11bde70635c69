/**
 * Assembles a snapshot from the chunks that a leader sends. One at a time: a newer one, or one of
 * another leader, replaces it.
 */
import type { SnapshotChunk } from '../codec/messages.js';
import { ImageAssembly } from '../codec/snapshots.js';
import { protocolError } from '../codec/wire.js';
import type { NodeId } from '../core/types.js';
import type { EncodedSnapshot } from '../driver-types.js';

/**
 * Most bytes of one snapshot. The state is limited in entries; this limits what a broken peer can
 * make this node hold.
 */
const SNAPSHOT_BYTES_MAX = 384 * 1024 * 1024;

/** A whole snapshot: as bytes for the disk, and decoded. */
export interface ArrivedSnapshot extends EncodedSnapshot {
  readonly assembly: ImageAssembly;
}

interface Arriving {
  readonly from: NodeId;
  readonly first: SnapshotChunk;
  readonly chunks: Uint8Array[];
  readonly assembly: ImageAssembly;
  bytes: number;
}

export class SnapshotReceiver {
  #arriving: Arriving | null = null;

  /**
   * Returns the next wanted chunk, and the snapshot if this was its last chunk. Throws `PROTOCOL`,
   * and drops what had arrived.
   */
  receive(from: NodeId, chunk: SnapshotChunk): { next: number; arrived: ArrivedSnapshot | null } {
    const arriving = this.#continued(from, chunk);
    if (arriving === null) return { next: 0, arrived: null };
    if (chunk.sequence === arriving.chunks.length) this.#add(arriving, chunk.chunk);
    const next = arriving.chunks.length;
    if (next < chunk.chunkCount) return { next, arrived: null };
    this.#arriving = null;
    const { chunks, assembly } = arriving;
    const meta = { index: chunk.snapshotIndex, term: chunk.snapshotTerm };
    return { next, arrived: { meta, chunks, assembly } };
  }

  /** The snapshot to which the chunk belongs; null if its beginning is missing. */
  #continued(from: NodeId, chunk: SnapshotChunk): Arriving | null {
    const present = this.#arriving;
    if (present !== null && present.from === from && isSameSnapshot(present.first, chunk)) {
      return present;
    }
    if (chunk.sequence !== 0) return null;
    this.#arriving = { from, first: chunk, chunks: [], assembly: new ImageAssembly(), bytes: 0 };
    return this.#arriving;
  }

  #add(arriving: Arriving, chunk: Uint8Array): void {
    try {
      arriving.bytes += chunk.length;
      if (arriving.bytes > SNAPSHOT_BYTES_MAX) throw protocolError('a snapshot without end');
      arriving.assembly.add(chunk);
    } catch (error) {
      this.#arriving = null;
      throw error;
    }
    arriving.chunks.push(chunk);
  }
}

function isSameSnapshot(left: SnapshotChunk, right: SnapshotChunk): boolean {
  return (
    left.term === right.term &&
    left.snapshotIndex === right.snapshotIndex &&
    left.snapshotTerm === right.snapshotTerm &&
    left.chunkCount === right.chunkCount
  );
}
