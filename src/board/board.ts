/**
 * The board: the latest measurements and the leadership of this node, in memory that all threads
 * share. No other module touches that memory.
 *
 * HTTP workers answer checks from it without asking another thread: a message to main and back
 * would cost tens of microseconds and would wait behind everything else that main does. Writing and
 * reading take tens of nanoseconds and never wait. The `read…` methods fill the object that the
 * caller passes, so that a check allocates nothing for them.
 */
import { monotonicMs } from '../base/clock.js';
import { METRICS_MAX } from '../base/limits.js';
import type { Mutable } from '../base/mutable.js';
import { expiryTimeMs, type LeadershipView, NOT_LEADING } from '../throttle/leadership-view.js';
import type { Measurement, MetricState, StoreMetric } from '../throttle/metric.js';
import {
  bufferOf,
  copiedText,
  copyText,
  EncodedText,
  loadNumber,
  publishSpare,
  spareBuffer,
  storeNumber,
  storeText,
} from './double-buffer.js';
import {
  boardBytes,
  DOMAINS_BYTES_MAX,
  HOST_BYTES_MAX,
  holdAt,
  LEADERSHIP,
  LEADERSHIP_AT,
  LEADERSHIP_FLAG,
  MEASUREMENT,
  measurementAt,
  PEERS,
  peersAt,
  SETTINGS,
  settingsAt,
  TEXT_BYTES_MAX,
} from './layout.js';

export { TEXT_BYTES_MAX } from './layout.js';

/** Objects to read into; each thread keeps its own. */
export type LeadershipReading = Mutable<LeadershipView>;
export type StoreReading = Mutable<StoreMetric>;

export function emptyLeadershipReading(): LeadershipReading {
  return { ...NOT_LEADING };
}

export function emptyStoreReading(): StoreReading {
  return {
    currentGeneration: 0,
    threshold: 0,
    setThreshold: 0,
    setThresholdUntilMs: 0,
    maxAgeMs: 0,
    unhealthyAtPeersUntilMs: 0,
    generation: 0,
    term: 0,
    state: 0,
    value: 0,
    readAtMs: 0,
    lastHealthyMs: 0,
    sinceMs: 0,
    errorText: '',
  };
}

/** A host in the form that `publishMeasurement` takes: keep it, it is encoded once. */
export function encodeHost(address: string): EncodedText {
  return new EncodedText(address, HOST_BYTES_MAX);
}

/** The settings that judge the values of a slot. Generation 0 belongs to no store. */
export interface SlotSettings {
  readonly generation: number;
  readonly threshold: number;
  readonly maxAgeMs: number;
  /** The threshold that an operator has set, until a Unix time in milliseconds. */
  readonly set?: { readonly value: number; readonly expireAtMs: number } | undefined;
}

export class Board {
  readonly #words: Int32Array;
  readonly #holds: BigInt64Array;

  /** A new, empty board. */
  static create(slots = METRICS_MAX): Board {
    return new Board(new SharedArrayBuffer(boardBytes(slots)), slots);
  }

  /** `memory` is that of a board made by `create` with the same number of slots, in any thread. */
  constructor(
    readonly memory: SharedArrayBuffer,
    readonly slots = METRICS_MAX,
  ) {
    if (memory.byteLength !== boardBytes(slots)) {
      throw new RangeError(`a board of ${slots} slots has ${boardBytes(slots)} bytes`);
    }
    this.#words = new Int32Array(memory);
    this.#holds = new BigInt64Array(memory);
  }

  /** For main only. */
  publishLeadership(leadership: LeadershipView): void {
    const words = this.#words;
    const buffer = spareBuffer(words, LEADERSHIP_AT, LEADERSHIP.words);
    const flags =
      (leadership.leading ? LEADERSHIP_FLAG.leading : 0) |
      (leadership.forced ? LEADERSHIP_FLAG.forced : 0) |
      (leadership.ready ? LEADERSHIP_FLAG.ready : 0);
    Atomics.store(words, buffer + LEADERSHIP.flags, flags);
    storeNumber(words, buffer + LEADERSHIP.term, leadership.term);
    storeNumber(words, buffer + LEADERSHIP.leaseUntilMs, leadership.leaseUntilMs);
    storeNumber(words, buffer + LEADERSHIP.promotedAtMs, leadership.promotedAtMs);
    storeNumber(words, buffer + LEADERSHIP.clockOffsetMs, leadership.clockOffsetMs ?? 0);
    publishSpare(words, LEADERSHIP_AT);
  }

  readLeadership(into: LeadershipReading): LeadershipReading {
    const words = this.#words;
    let sequence: number;
    do {
      sequence = Atomics.load(words, LEADERSHIP_AT);
      const buffer = bufferOf(LEADERSHIP_AT, LEADERSHIP.words, sequence);
      const flags = Atomics.load(words, buffer + LEADERSHIP.flags);
      into.leading = (flags & LEADERSHIP_FLAG.leading) !== 0;
      into.forced = (flags & LEADERSHIP_FLAG.forced) !== 0;
      into.ready = (flags & LEADERSHIP_FLAG.ready) !== 0;
      into.term = loadNumber(words, buffer + LEADERSHIP.term);
      into.leaseUntilMs = loadNumber(words, buffer + LEADERSHIP.leaseUntilMs);
      into.promotedAtMs = loadNumber(words, buffer + LEADERSHIP.promotedAtMs);
      const clockOffsetMs = loadNumber(words, buffer + LEADERSHIP.clockOffsetMs);
      into.clockOffsetMs = clockOffsetMs === 0 ? null : clockOffsetMs;
    } while (Atomics.load(words, LEADERSHIP_AT) !== sequence);
    return into;
  }

  /** `expiryTimeMs` of the published leadership, now. */
  expiryTimeMs(): number {
    const leadership = this.readLeadership(emptyLeadershipReading());
    return expiryTimeMs(leadership, monotonicMs(), Date.now());
  }

  /** Equal to an earlier one as long as `readLeadership` would give the same. */
  leadershipVersion(): number {
    return Atomics.load(this.#words, LEADERSHIP_AT);
  }

  /**
   * For main only. A slot that changes its store drops what belonged to the store before: the hold
   * on low priority, and the health at peers.
   */
  publishSettings(slot: number, settings: SlotSettings): void {
    const words = this.#words;
    const group = settingsAt(this.#checked(slot));
    const valid = bufferOf(group, SETTINGS.words, Atomics.load(words, group));
    if (Atomics.load(words, valid + SETTINGS.generation) !== settings.generation) {
      Atomics.store(this.#holds, holdAt(slot) / 2, 0n);
      this.publishUnhealthyAtPeers(slot, 0);
    }
    const buffer = spareBuffer(words, group, SETTINGS.words);
    Atomics.store(words, buffer + SETTINGS.generation, settings.generation);
    storeNumber(words, buffer + SETTINGS.threshold, settings.threshold);
    storeNumber(words, buffer + SETTINGS.maxAgeMs, settings.maxAgeMs);
    storeNumber(words, buffer + SETTINGS.setThreshold, settings.set?.value ?? 0);
    storeNumber(words, buffer + SETTINGS.setThresholdUntilMs, settings.set?.expireAtMs ?? 0);
    publishSpare(words, group);
  }

  /**
   * For main only. `untilMs` as in `StoreMetric`; `domains`: those whose leaders report it, for
   * `readUnhealthyDomains`, cut at 128 bytes.
   */
  publishUnhealthyAtPeers(slot: number, untilMs: number, domains = ''): void {
    const words = this.#words;
    const group = peersAt(this.#checked(slot));
    const buffer = spareBuffer(words, group, PEERS.words);
    storeNumber(words, buffer + PEERS.unhealthyUntilMs, untilMs);
    const bytes =
      domains === '' ? 0 : storeText(words, buffer + PEERS.domains, domains, DOMAINS_BYTES_MAX);
    Atomics.store(words, buffer + PEERS.domainsBytes, bytes);
    publishSpare(words, group);
  }

  /** The domains as they were published last. */
  readUnhealthyDomains(slot: number): string {
    const group = peersAt(this.#checked(slot));
    const { words, domainsBytes, domains } = PEERS;
    return this.#readText(group, words, domainsBytes, domains, DOMAINS_BYTES_MAX);
  }

  /**
   * For the probe worker that owns the store. The error text is cut at 240 bytes. `host` is the one
   * that decided, as of `encodeHost`.
   */
  publishMeasurement(slot: number, measurement: Measurement, host = EncodedText.EMPTY): void {
    const words = this.#words;
    const group = measurementAt(this.#checked(slot));
    const buffer = spareBuffer(words, group, MEASUREMENT.words);
    Atomics.store(words, buffer + MEASUREMENT.generation, measurement.generation);
    Atomics.store(words, buffer + MEASUREMENT.state, measurement.state);
    storeNumber(words, buffer + MEASUREMENT.term, measurement.term);
    storeNumber(words, buffer + MEASUREMENT.value, measurement.value);
    storeNumber(words, buffer + MEASUREMENT.readAtMs, measurement.readAtMs);
    storeNumber(words, buffer + MEASUREMENT.lastHealthyMs, measurement.lastHealthyMs);
    storeNumber(words, buffer + MEASUREMENT.sinceMs, measurement.sinceMs);
    const bytes =
      measurement.errorText === ''
        ? 0
        : storeText(words, buffer + MEASUREMENT.text, measurement.errorText, TEXT_BYTES_MAX);
    Atomics.store(words, buffer + MEASUREMENT.textBytes, bytes);
    Atomics.store(words, buffer + MEASUREMENT.hostBytes, host.bytes);
    host.store(words, buffer + MEASUREMENT.host);
    publishSpare(words, group);
  }

  /** The host that decided the latest measurement of the slot; empty: none did. */
  readHost(slot: number): string {
    const group = measurementAt(this.#checked(slot));
    const { words, hostBytes, host } = MEASUREMENT;
    return this.#readText(group, words, hostBytes, host, HOST_BYTES_MAX);
  }

  readStore(slot: number, into: StoreReading): StoreReading {
    this.#checked(slot);
    this.#readSettings(settingsAt(slot), into);
    this.#readPeers(peersAt(slot), into);
    this.#readMeasurement(measurementAt(slot), into);
    return into;
  }

  /** The settings alone, into the fields that they have. */
  readSettings(slot: number, into: StoreReading): StoreReading {
    this.#readSettings(settingsAt(this.#checked(slot)), into);
    return into;
  }

  /** Equal to an earlier one as long as `readSettings` would give the same. */
  settingsVersion(slot: number): number {
    return Atomics.load(this.#words, settingsAt(this.#checked(slot)));
  }

  /**
   * Equal to an earlier one as long as `readStore` would give the same: a sum of sequence numbers,
   * none of which decreases.
   */
  storeVersion(slot: number): number {
    const words = this.#words;
    const settings = Atomics.load(words, settingsAt(this.#checked(slot)));
    return settings + Atomics.load(words, peersAt(slot)) + Atomics.load(words, measurementAt(slot));
  }

  /**
   * Holds low-priority apps off the store from `nowMs` (`monotonicMs()`), because a write of normal
   * priority has to wait. For any HTTP worker.
   */
  holdLowPriority(slot: number, nowMs: number): void {
    const microseconds = BigInt(Math.round(nowMs * 1000));
    Atomics.store(this.#holds, holdAt(this.#checked(slot)) / 2, microseconds);
  }

  /** `monotonicMs()` of the latest `holdLowPriority`; minus infinity when there is none. */
  lowPriorityHeldAtMs(slot: number): number {
    const microseconds = Atomics.load(this.#holds, holdAt(this.#checked(slot)) / 2);
    return microseconds === 0n ? Number.NEGATIVE_INFINITY : Number(microseconds) / 1000;
  }

  #readSettings(group: number, into: StoreReading): void {
    const words = this.#words;
    let sequence: number;
    do {
      sequence = Atomics.load(words, group);
      const buffer = bufferOf(group, SETTINGS.words, sequence);
      into.currentGeneration = Atomics.load(words, buffer + SETTINGS.generation);
      into.threshold = loadNumber(words, buffer + SETTINGS.threshold);
      into.maxAgeMs = loadNumber(words, buffer + SETTINGS.maxAgeMs);
      into.setThreshold = loadNumber(words, buffer + SETTINGS.setThreshold);
      into.setThresholdUntilMs = loadNumber(words, buffer + SETTINGS.setThresholdUntilMs);
    } while (Atomics.load(words, group) !== sequence);
  }

  #readPeers(group: number, into: StoreReading): void {
    const words = this.#words;
    let sequence: number;
    do {
      sequence = Atomics.load(words, group);
      const buffer = bufferOf(group, PEERS.words, sequence);
      into.unhealthyAtPeersUntilMs = loadNumber(words, buffer + PEERS.unhealthyUntilMs);
    } while (Atomics.load(words, group) !== sequence);
  }

  #readMeasurement(group: number, into: StoreReading): void {
    const words = this.#words;
    let sequence: number;
    let textBytes: number;
    do {
      sequence = Atomics.load(words, group);
      const buffer = bufferOf(group, MEASUREMENT.words, sequence);
      into.generation = Atomics.load(words, buffer + MEASUREMENT.generation);
      into.state = Atomics.load(words, buffer + MEASUREMENT.state) as MetricState;
      into.term = loadNumber(words, buffer + MEASUREMENT.term);
      into.value = loadNumber(words, buffer + MEASUREMENT.value);
      into.readAtMs = loadNumber(words, buffer + MEASUREMENT.readAtMs);
      into.lastHealthyMs = loadNumber(words, buffer + MEASUREMENT.lastHealthyMs);
      into.sinceMs = loadNumber(words, buffer + MEASUREMENT.sinceMs);
      textBytes = Math.min(Atomics.load(words, buffer + MEASUREMENT.textBytes), TEXT_BYTES_MAX);
      copyText(words, buffer + MEASUREMENT.text, textBytes);
    } while (Atomics.load(words, group) !== sequence);
    into.errorText = textBytes === 0 ? '' : copiedText(textBytes);
  }

  /** One text of a group: `bytesAt` and `textAt` are the offsets of its length and of itself. */
  #readText(
    group: number,
    bufferWords: number,
    bytesAt: number,
    textAt: number,
    bytesMax: number,
  ): string {
    const words = this.#words;
    let sequence: number;
    let bytes: number;
    do {
      sequence = Atomics.load(words, group);
      const buffer = bufferOf(group, bufferWords, sequence);
      bytes = Math.min(Atomics.load(words, buffer + bytesAt), bytesMax);
      copyText(words, buffer + textAt, bytes);
    } while (Atomics.load(words, group) !== sequence);
    return copiedText(bytes);
  }

  #checked(slot: number): number {
    if (!(slot >= 0 && slot < this.slots)) throw new RangeError(`no slot ${slot} on the board`);
    return slot;
  }
}
