/**
 * The replicated state as a sequence of chunks, each encoded and decoded by itself, so that a large
 * state never blocks the event loop.
 */
import type { AppKey } from '../../../throttle/commands.js';
import type { StateImage, ThrottledApp } from '../../../throttle/state.js';
import { share } from './proposals.js';
import { decodeUntrusted, exact, protocolError, wire } from './wire.js';

/**
 * Bytes of one chunk, at most. An entry larger than `CHUNK_BYTES_TARGET` has a chunk of its own.
 */
export const SNAPSHOT_CHUNK_BYTES_MAX = 1024 * 1024;

/** Chunks of one snapshot, at most: bounds the memory of a follower while one arrives. */
export const SNAPSHOT_CHUNKS_MAX = 65_536;

/** A chunk ends when its entries reach this size: about half a millisecond of encoding. */
const CHUNK_BYTES_TARGET = 64 * 1024;

/** Rough size of an entry besides its name. */
const ENTRY_BYTES = 24;

/** Encodes an image chunk by chunk; at least one chunk. */
export function* encodeImage(image: StateImage): Generator<Uint8Array, void, void> {
  const { throttledApps, skippedHosts } = image;
  let app = 0;
  let host = 0;
  let isFirst = true;
  do {
    const appEnd = sliceEnd(throttledApps, app, 0);
    const hostEnd =
      appEnd < throttledApps.length ? host : sliceEnd(skippedHosts, host, appEnd - app);
    yield wire.StateChunk.encode({
      ...(isFirst ? firstChunkOf(image) : {}),
      throttledApps: throttledApps
        .slice(app, appEnd)
        .map(([key, { expireAtMs, ratio }]) => ({ key, expireAtMs, ratio })),
      skippedHosts: skippedHosts
        .slice(host, hostEnd)
        .map(([name, expireAtMs]) => ({ host: name, expireAtMs })),
    }).finish();
    isFirst = false;
    app = appEnd;
    host = hostEnd;
  } while (app < throttledApps.length || host < skippedHosts.length);
}

/** What the first chunk says of the whole state. */
function firstChunkOf({ sweptAtMs, clusterId }: StateImage) {
  return { clock: { sweptAtMs }, ...(clusterId === '' ? {} : { clusterId }) };
}

/**
 * The end of the chunk that begins with `rows[start]` and has `taken` entries of the other table.
 */
function sliceEnd(
  rows: ReadonlyArray<readonly [string, unknown]>,
  start: number,
  taken: number,
): number {
  let bytes = taken * ENTRY_BYTES;
  let end = start;
  while (end < rows.length && bytes < CHUNK_BYTES_TARGET) {
    // A UTF-16 unit is at most three bytes in UTF-8.
    bytes += ENTRY_BYTES + rows[end]![0].length * 3;
    end += 1;
  }
  return end;
}

/** Assembles an image from its chunks, in their order. */
export class ImageAssembly {
  /** Null: the first chunk is missing. */
  #sweptAtMs: number | null = null;
  #clusterId = '';
  readonly #throttledApps: Array<readonly [AppKey, ThrottledApp]> = [];
  readonly #skippedHosts: Array<readonly [string, number]> = [];

  /** Throws `PROTOCOL` for anything that `encodeImage` does not produce. */
  add(bytes: Uint8Array): void {
    const chunk = decodeUntrusted('a chunk of a snapshot', () => wire.StateChunk.decode(bytes));
    if ((chunk.clock == null) !== (this.#sweptAtMs !== null)) {
      throw protocolError('the chunks of a snapshot are out of order');
    }
    if (chunk.clock != null) {
      this.#sweptAtMs = exact(chunk.clock.sweptAtMs ?? 0, 'sweptAtMs');
      this.#clusterId = chunk.clusterId ?? '';
    }
    for (const { key, expireAtMs, ratio } of chunk.throttledApps ?? []) {
      const app = { expireAtMs: exact(expireAtMs ?? 0, 'expireAtMs'), ratio: share(ratio ?? 0) };
      this.#throttledApps.push([key ?? '', app]);
    }
    for (const { host, expireAtMs } of chunk.skippedHosts ?? []) {
      this.#skippedHosts.push([host ?? '', exact(expireAtMs ?? 0, 'expireAtMs')]);
    }
  }

  image(): StateImage {
    if (this.#sweptAtMs === null) throw protocolError('a snapshot without its first chunk');
    return {
      clusterId: this.#clusterId,
      sweptAtMs: this.#sweptAtMs,
      throttledApps: this.#throttledApps,
      skippedHosts: this.#skippedHosts,
    };
  }
}
