/**
 * The replicated state as a sequence of chunks, each encoded and decoded by itself, so that a large
 * state never blocks the event loop.
 */
import type { OperatorCommand } from '../../../throttle/commands.js';
import type { EntryNote, TableEntry, TableRow } from '../../../throttle/entry-table.js';
import { FEATURE_LEVEL_MAX, type FeatureLevel } from '../../../throttle/feature-level.js';
import type {
  ExemptedApp,
  SkippedHost,
  StateImage,
  ThresholdEntry,
  ThrottledApp,
} from '../../../throttle/state.js';
import { commandFromWire, commandToWire, end, limit, share } from './commands.js';
import { decodeUntrusted, exact, protocolError, wire } from './wire.js';

/**
 * Bytes of one chunk, at most. An entry larger than `CHUNK_BYTES_TARGET` has a chunk of its own.
 */
export const SNAPSHOT_CHUNK_BYTES_MAX = 1024 * 1024;

/** Chunks of one snapshot, at most: bounds the memory of a follower while one arrives. */
export const SNAPSHOT_CHUNKS_MAX = 65_536;

/** A chunk ends when its entries reach this size: about half a millisecond of encoding. */
const CHUNK_BYTES_TARGET = 64 * 1024;

/** Rough size of an entry besides its texts. */
const ENTRY_BYTES = 24;

type WireChunk = Parameters<typeof wire.StateChunk.encode>[0];
type WireNote = ReturnType<typeof wire.EntryNote.decode>;

/** Encodes an image chunk by chunk; at least one chunk. */
export function* encodeImage(image: StateImage): Generator<Uint8Array, void, void> {
  let chunk: WireChunk = firstChunkOf(image);
  let bytes = 0;
  let isFirst = true;
  for (const { sizeOf, count, add } of sectionsOf(image)) {
    let at = 0;
    while (at < count) {
      const start = at;
      while (at < count && bytes < CHUNK_BYTES_TARGET) bytes += sizeOf(at++);
      add(chunk, start, at);
      if (bytes < CHUNK_BYTES_TARGET) continue;
      yield wire.StateChunk.encode(chunk).finish();
      isFirst = false;
      chunk = {};
      bytes = 0;
    }
  }
  if (isFirst || bytes > 0) yield wire.StateChunk.encode(chunk).finish();
}

/** What the first chunk says of the whole state. */
function firstChunkOf({ level, sweptAtMs, clusterId }: StateImage): WireChunk {
  const head = level === 0 ? { clock: { sweptAtMs } } : { header: { sweptAtMs, level } };
  return { ...head, ...(clusterId === '' ? {} : { clusterId }) };
}

/** The rows of one table, as they go into chunks. */
interface Section {
  readonly count: number;
  /** Rough size of a row. */
  sizeOf(at: number): number;
  /** Puts the rows from `start` on, before `stop`, into a chunk. */
  add(chunk: WireChunk, start: number, stop: number): void;
}

function sectionsOf(image: StateImage): Section[] {
  const { throttledApps, skippedHosts, exemptedApps, thresholds, recentCommands } = image;
  return [
    section(throttledApps, rowBytes, (chunk, rows) => {
      chunk.throttledApps = rows.map(([key, { expireAtMs, ratio, note }]) => ({
        ...{ key, expireAtMs, ratio },
        ...noteToWire(note),
      }));
    }),
    section(skippedHosts, rowBytes, (chunk, rows) => {
      chunk.skippedHosts = rows.map(([host, { expireAtMs, note }]) => ({
        ...{ host, expireAtMs },
        ...noteToWire(note),
      }));
    }),
    section(exemptedApps, rowBytes, (chunk, rows) => {
      chunk.exemptedApps = rows.map(([key, { expireAtMs, note }]) => ({
        ...{ key, expireAtMs },
        ...noteToWire(note),
      }));
    }),
    section(thresholds, rowBytes, (chunk, rows) => {
      chunk.thresholds = rows.map(([key, { value, expireAtMs, note }]) => ({
        ...{ key, value, expireAtMs },
        ...noteToWire(note),
      }));
    }),
    section(recentCommands, commandBytes, (chunk, commands) => {
      chunk.recentCommands = commands.map(commandToWire);
    }),
  ];
}

function section<Row>(
  rows: readonly Row[],
  sizeOf: (row: Row) => number,
  put: (chunk: WireChunk, rows: readonly Row[]) => void,
): Section {
  return {
    count: rows.length,
    sizeOf: (at) => sizeOf(rows[at]!),
    add: (chunk, start, stop) => put(chunk, rows.slice(start, stop)),
  };
}

function rowBytes([name, { note }]: TableRow<TableEntry>): number {
  return ENTRY_BYTES + textBytes(name) + (note === undefined ? 0 : noteBytes(note));
}

function commandBytes(command: OperatorCommand): number {
  const name = 'key' in command ? command.key : command.host;
  return ENTRY_BYTES + textBytes(name) + textBytes(command.client ?? '') + noteBytes(command);
}

function noteBytes({ reason = '', owner = '' }: Partial<EntryNote>): number {
  return ENTRY_BYTES + textBytes(reason) + textBytes(owner);
}

/** A UTF-16 unit is at most three bytes in UTF-8. */
function textBytes(text: string): number {
  return text.length * 3;
}

function noteToWire(note: EntryNote | undefined): { note?: EntryNote } {
  return note === undefined ? {} : { note };
}

/** Assembles an image from its chunks, in their order. */
export class ImageAssembly {
  /** Null: the first chunk is missing. */
  #sweptAtMs: number | null = null;
  #clusterId = '';
  #level: FeatureLevel = 0;
  readonly #throttledApps: Array<TableRow<ThrottledApp>> = [];
  readonly #skippedHosts: Array<TableRow<SkippedHost>> = [];
  readonly #exemptedApps: Array<TableRow<ExemptedApp>> = [];
  readonly #thresholds: Array<TableRow<ThresholdEntry>> = [];
  readonly #recentCommands: OperatorCommand[] = [];

  /** Throws `PROTOCOL` for anything that `encodeImage` does not produce. */
  add(bytes: Uint8Array): void {
    const chunk = decodeUntrusted('a chunk of a snapshot', () => wire.StateChunk.decode(bytes));
    const head = chunk.header ?? chunk.clock;
    if ((head == null) !== (this.#sweptAtMs !== null)) {
      throw protocolError('the chunks of a snapshot are out of order');
    }
    if (head != null) {
      this.#sweptAtMs = exact(head.sweptAtMs ?? 0, 'sweptAtMs');
      this.#level = level(chunk.header?.level ?? 0);
      this.#clusterId = chunk.clusterId ?? '';
    }
    for (const { key, expireAtMs, ratio, note } of chunk.throttledApps ?? []) {
      const app = { ...expiry(expireAtMs), ratio: share(ratio ?? 0), ...noteFromWire(note) };
      this.#throttledApps.push([key ?? '', app]);
    }
    for (const { host, expireAtMs, note } of chunk.skippedHosts ?? []) {
      this.#skippedHosts.push([host ?? '', { ...expiry(expireAtMs), ...noteFromWire(note) }]);
    }
    for (const { key, expireAtMs, note } of chunk.exemptedApps ?? []) {
      const app = { expireAtMs: end(expireAtMs), ...noteFromWire(note) };
      this.#exemptedApps.push([key ?? '', app]);
    }
    for (const { key, value, expireAtMs, note } of chunk.thresholds ?? []) {
      const entry = { value: limit(value ?? 0), expireAtMs: end(expireAtMs) };
      this.#thresholds.push([key ?? '', { ...entry, ...noteFromWire(note) }]);
    }
    for (const recent of chunk.recentCommands ?? []) {
      const command = commandFromWire(recent, () => wire.Command.encode(recent).finish());
      if (command.kind !== 'identifyCluster') this.#recentCommands.push(command);
    }
  }

  image(): StateImage {
    if (this.#sweptAtMs === null) throw protocolError('a snapshot without its first chunk');
    return {
      clusterId: this.#clusterId,
      level: this.#level,
      sweptAtMs: this.#sweptAtMs,
      throttledApps: this.#throttledApps,
      skippedHosts: this.#skippedHosts,
      exemptedApps: this.#exemptedApps,
      thresholds: this.#thresholds,
      recentCommands: this.#recentCommands,
    };
  }
}

/** A state that needs more than this release knows would lose what it does not know of. */
function level(stated: number): FeatureLevel {
  if (stated >= 0 && stated <= FEATURE_LEVEL_MAX) return stated as FeatureLevel;
  throw protocolError(`a snapshot of level ${stated}: a newer release wrote it`);
}

function expiry(expireAtMs: number | null | undefined): { expireAtMs: number } {
  return { expireAtMs: exact(expireAtMs ?? 0, 'expireAtMs') };
}

function noteFromWire(said: WireNote | null | undefined): { note?: EntryNote } {
  if (said == null) return {};
  const { atMs, reason, owner } = said;
  return {
    note: {
      atMs: exact(atMs ?? 0, 'atMs'),
      ...(reason != null && { reason }),
      ...(owner != null && { owner }),
    },
  };
}
