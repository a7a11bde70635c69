/**
 * A thread of the board's torture test: writes or reads publications whose fields all carry the
 * same number.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { Board, emptyStoreReading, encodeHost, type StoreReading } from '../../src/board/board.js';
import { assertInvariants } from '../../src/board/invariants.js';
import { MetricState } from '../../src/throttle/metric.js';

/** A reader ends when it has seen all of these. */
export interface StopCondition {
  readonly reads: number;
  /** Readings that differ from the one before. */
  readonly changes: number;
  readonly writersKilled: number;
}

export interface TortureTask {
  readonly role: 'writer' | 'reader';
  readonly memory: SharedArrayBuffer;
  /** One word, counted up by the test. */
  readonly writersKilled: Int32Array;
  readonly stopCondition: StopCondition;
}

/** Checking the invariants takes about a hundred times as long as a reading. */
const INVARIANTS_EVERY = 1_000;

const { role, memory, writersKilled, stopCondition } = workerData as TortureTask;
const board = new Board(memory, 1);

if (role === 'writer') write();
else parentPort?.postMessage(read());

/** Endless: the test kills this thread in the middle of whatever it does. */
function write(): never {
  parentPort?.postMessage('writing');
  for (let n = 1; ; n = (n % 1_000_000) + 1) {
    board.publishSettings(0, {
      generation: n,
      threshold: n + 0.25,
      maxAgeMs: n * 5,
      set: { value: n + 0.125, expireAtMs: n * 11 },
    });
    board.publishUnhealthyAtPeers(0, n * 17, hostOf(n));
    const measurement = {
      generation: n,
      term: n,
      state: MetricState.error as MetricState,
      value: n + 0.5,
      readAtMs: n * 3,
      lastHealthyMs: n * 7,
      sinceMs: n * 13,
      errorText: n % 8 === 0 ? `${n}`.repeat(1 + (n % 5)) : '',
    };
    board.publishMeasurement(0, measurement, encodeHost(hostOf(n)));
  }
}

/**
 * Reads until the stop condition holds, and returns how many readings were torn. Throws when an
 * invariant of the board is broken.
 */
function read(): number {
  const reading = emptyStoreReading();
  let torn = 0;
  let changes = 0;
  let last = 0;
  for (let reads = 0; reads < stopCondition.reads || !hasSeenEnough(changes); reads++) {
    if (reads % INVARIANTS_EVERY === 0) assertInvariants(board);
    const n = board.readStore(0, reading).generation;
    if (n !== last) changes++;
    last = n;
    if (isMeasurementTorn(reading) || areSettingsTorn(reading)) torn++;
    for (const text of [board.readHost(0), board.readUnhealthyDomains(0)]) {
      if (text !== '' && text !== hostOf(Number.parseInt(text, 10))) torn++;
    }
  }
  return torn;
}

/** Its length differs from that of the host before. */
function hostOf(n: number): string {
  return `${n} `.repeat(1 + (n % 20)).trim();
}

function isMeasurementTorn(reading: StoreReading): boolean {
  const n = reading.generation;
  return (
    n !== 0 &&
    (reading.term !== n ||
      reading.value !== n + 0.5 ||
      reading.readAtMs !== n * 3 ||
      reading.lastHealthyMs !== n * 7 ||
      reading.sinceMs !== n * 13 ||
      reading.errorText !== (n % 8 === 0 ? `${n}`.repeat(1 + (n % 5)) : ''))
  );
}

function areSettingsTorn(reading: StoreReading): boolean {
  const n = reading.currentGeneration;
  return (
    n !== 0 &&
    (reading.threshold !== n + 0.25 ||
      reading.maxAgeMs !== n * 5 ||
      reading.setThreshold !== n + 0.125 ||
      reading.setThresholdUntilMs !== n * 11)
  );
}

function hasSeenEnough(changes: number): boolean {
  return (
    changes >= stopCondition.changes &&
    Atomics.load(writersKilled, 0) >= stopCondition.writersKilled
  );
}
