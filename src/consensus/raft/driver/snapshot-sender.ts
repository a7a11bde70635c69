/**
 * Streams the newest snapshot to followers that are behind the log: a window of chunks,
 * acknowledged in order, resumed where it stopped. The window follows what the link takes.
 */
import type { PeerMessage, SnapshotAck } from '../codec/messages.js';
import type { NodeId, SnapshotMeta } from '../core/types.js';
import type { RaftStorage } from '../driver-types.js';

/**
 * Chunks in flight to one follower: limits memory on both sides, and leaves room for
 * heartbeats in between. A thin link has one at a time, so that heartbeats do not queue for long.
 */
const WINDOW_CHUNKS_MAX = 4;

/**
 * What an acknowledgement may take, as a share of the retry interval: the window grows when it is
 * faster than the one, and shrinks when it is slower than the other.
 */
const FAST_SHARE = 1 / 16;
const SLOW_SHARE = 1 / 4;

/** A chunk is lost, rather than late, after so many times what the last one took. */
const LATE_FACTOR = 4;

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
  /** Chunks that may be in flight: 1 to `WINDOW_CHUNKS_MAX`. */
  window: number;
  /** Since the last progress. */
  idleTicks: number;
  /** What the last progress took. */
  paceTicks: number;
  retries: number;
}

export interface SnapshotSenderHooks {
  send(to: NodeId, message: PeerMessage): void;
  ended(to: NodeId, delivered: boolean): void;
  failed(error: Error): void;
}

export class SnapshotSender {
  readonly #streams = new Map<NodeId, Stream>();
  /** Streams that were given up: the next to the same follower goes on from there. */
  readonly #abandoned = new Map<NodeId, Stream>();

  constructor(
    private readonly storage: Pick<RaftStorage, 'newestSnapshot' | 'readChunk'>,
    private readonly retryTicks: number,
    private readonly hooks: SnapshotSenderHooks,
  ) {}

  /** Whether a snapshot is being sent. */
  get isSending(): boolean {
    return this.#streams.size > 0;
  }

  /** Replaces a stream to the same follower, and goes on where one of the same snapshot ended. */
  start(to: NodeId, term: number): void {
    const newest = this.storage.newestSnapshot();
    if (newest === null) {
      this.hooks.ended(to, false);
      return;
    }
    const { meta, chunkCount } = newest;
    const before = this.#streams.get(to) ?? this.#abandoned.get(to);
    this.#abandoned.delete(to);
    const isSame = before?.term === term && before.meta.index === meta.index;
    const acknowledged = isSame ? before.acknowledged : 0;
    const stream: Stream = {
      ...{ to, term, meta, chunkCount, acknowledged },
      sent: acknowledged,
      window: before === undefined ? WINDOW_CHUNKS_MAX : 1,
      idleTicks: 0,
      paceTicks: before?.paceTicks ?? 0,
      retries: 0,
    };
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
    if (nextSequence > stream.acknowledged) this.#progressed(stream);
    // Less than before: the follower has restarted. The missing chunks are sent again when
    // the retry is due.
    stream.acknowledged = nextSequence;
    stream.sent = Math.max(stream.sent, nextSequence);
    this.#advance(stream);
  }

  #progressed(stream: Stream): void {
    stream.paceTicks = stream.idleTicks;
    if (stream.idleTicks <= this.retryTicks * FAST_SHARE) {
      stream.window = Math.min(stream.window * 2, WINDOW_CHUNKS_MAX);
    } else if (stream.idleTicks >= this.retryTicks * SLOW_SHARE) {
      stream.window = Math.max(1, stream.window >> 1);
    }
    stream.idleTicks = 0;
    stream.retries = 0;
  }

  tick(): void {
    for (const stream of this.#streams.values()) {
      stream.idleTicks += 1;
      if (stream.idleTicks < Math.max(this.retryTicks, stream.paceTicks * LATE_FACTOR)) continue;
      stream.idleTicks = 0;
      stream.window = 1;
      stream.retries += 1;
      if (stream.retries > RETRIES_MAX) {
        this.#abandoned.set(stream.to, stream);
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
    this.#abandoned.clear();
  }

  #advance(stream: Stream): void {
    const end = Math.min(stream.acknowledged + stream.window, stream.chunkCount);
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
