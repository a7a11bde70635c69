/**
 * Streams the newest snapshot to followers that are behind the log (dissertation 5.1): a window of
 * chunks, acknowledged in order, resumed where it stopped.
 */
import type { PeerMessage, SnapshotAck } from '../codec/messages.js';
import type { NodeId, SnapshotMeta } from '../core/types.js';
import type { RaftStorage } from '../driver-types.js';

/**
 * Chunks in flight to one follower: limits memory on both sides, and leaves room for heartbeats in
 * between.
 */
const WINDOW_CHUNKS = 4;

/**
 * Times that a chunk is sent again before the stream is aborted. The core then asks for a new one.
 */
const RETRIES_MAX = 5;

interface Stream {
  readonly to: NodeId;
  /** Of the leader when the stream began. */
  readonly term: number;
  meta: SnapshotMeta;
  chunkCount: number;
  /** The follower has all before this one. `0 <= acknowledged <= sent <= chunkCount`. */
  acknowledged: number;
  sent: number;
  idleTicks: number;
  retries: number;
}

export interface SnapshotSenderHooks {
  send(to: NodeId, message: PeerMessage): void;
  ended(to: NodeId, delivered: boolean): void;
  failed(error: Error): void;
}

export class SnapshotSender {
  readonly #streams = new Map<NodeId, Stream>();

  constructor(
    private readonly storage: Pick<RaftStorage, 'newestSnapshot' | 'readChunk'>,
    private readonly retryTicks: number,
    private readonly hooks: SnapshotSenderHooks,
  ) {}

  /** Replaces a stream to the same follower. */
  start(to: NodeId, term: number): void {
    const newest = this.storage.newestSnapshot();
    if (newest === null) {
      this.hooks.ended(to, false);
      return;
    }
    const { meta, chunkCount } = newest;
    const progress = { acknowledged: 0, sent: 0, idleTicks: 0, retries: 0 };
    const stream: Stream = { to, term, meta, chunkCount, ...progress };
    this.#streams.set(to, stream);
    this.#advance(stream);
  }

  acknowledged(from: NodeId, { snapshotIndex, nextSequence }: SnapshotAck): void {
    const stream = this.#streams.get(from);
    if (stream === undefined || stream.meta.index !== snapshotIndex) return;
    if (nextSequence >= stream.chunkCount) {
      this.#end(stream, true);
      return;
    }
    if (nextSequence > stream.acknowledged) {
      stream.idleTicks = 0;
      stream.retries = 0;
    }
    // Less than before: the follower has restarted. The missing chunks are sent again when the
    // retry is due.
    stream.acknowledged = nextSequence;
    stream.sent = Math.max(stream.sent, nextSequence);
    this.#advance(stream);
  }

  tick(): void {
    for (const stream of this.#streams.values()) {
      stream.idleTicks += 1;
      if (stream.idleTicks < this.retryTicks) continue;
      stream.idleTicks = 0;
      stream.retries += 1;
      if (stream.retries > RETRIES_MAX) {
        this.#end(stream, false);
      } else {
        stream.sent = stream.acknowledged;
        this.#advance(stream);
      }
    }
  }

  /** This node lost leadership: drops all streams. */
  clear(): void {
    this.#streams.clear();
  }

  #advance(stream: Stream): void {
    const end = Math.min(stream.acknowledged + WINDOW_CHUNKS, stream.chunkCount);
    while (stream.sent < end) this.#sendChunk(stream, stream.sent++);
  }

  #sendChunk(stream: Stream, sequence: number): void {
    const { meta, chunkCount, term, to } = stream;
    this.storage.readChunk(meta.index, sequence, (error, chunk) => {
      if (this.#streams.get(to) !== stream) return;
      if (error !== null) {
        this.hooks.failed(error);
      } else if (chunk === null) {
        // A newer snapshot has taken its place.
        this.start(to, term);
      } else {
        this.hooks.send(to, {
          kind: 'snapshotChunk',
          term,
          snapshotIndex: meta.index,
          snapshotTerm: meta.term,
          sequence,
          chunkCount,
          chunk,
        });
      }
    });
  }

  #end(stream: Stream, delivered: boolean): void {
    this.#streams.delete(stream.to);
    this.hooks.ended(stream.to, delivered);
  }
}
