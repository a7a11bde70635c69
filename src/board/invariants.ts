/**
 * What must hold of the board at any time, while writers publish and after one was killed: checked
 * by the tests, under load too. What is read here is read like a check reads it, so a torn reading
 * shows as a broken invariant.
 */
import { ok as assert } from 'node:assert';
import { MetricState } from '../throttle/metric.js';
import {
  type Board,
  emptyLeadershipReading,
  emptyStoreReading,
  type LeadershipReading,
  type StoreReading,
} from './board.js';
import { bufferOf, groupWords } from './double-buffer.js';
import {
  boardBytes,
  holdAt,
  LEADERSHIP,
  LEADERSHIP_AT,
  MEASUREMENT,
  measurementAt,
  PEERS,
  peersAt,
  SETTINGS,
  settingsAt,
  TEXT_BYTES_MAX,
} from './layout.js';

const STATES: ReadonlySet<number> = new Set(Object.values(MetricState));

/** Throws an `AssertionError` that names the slot and what does not hold. */
export function assertInvariants(board: Board): void {
  assertLayout(board);
  assertLeadership(board.readLeadership(emptyLeadershipReading()));
  const reading = emptyStoreReading();
  for (let slot = 0; slot < board.slots; slot++) {
    assertStore(slot, board.readStore(slot, reading));
    const heldAtMs = board.lowPriorityHeldAtMs(slot);
    assert(heldAtMs === Number.NEGATIVE_INFINITY || heldAtMs > 0, `slot ${slot}: held at a time`);
  }
}

/** Groups follow each other without overlap, and end with the memory. */
function assertLayout(board: Board): void {
  const words = new Int32Array(board.memory);
  assertGroup(words, LEADERSHIP_AT, LEADERSHIP.words, holdAt(0));
  for (let slot = 0; slot < board.slots; slot++) {
    assert(holdAt(slot) % 2 === 0, `slot ${slot}: the 64-bit atomic is aligned`);
    assert(holdAt(slot) + 2 <= settingsAt(slot), `slot ${slot}: the atomic has two words`);
    assertGroup(words, settingsAt(slot), SETTINGS.words, peersAt(slot));
    assertGroup(words, peersAt(slot), PEERS.words, measurementAt(slot));
    assertGroup(words, measurementAt(slot), MEASUREMENT.words, holdAt(slot + 1));
  }
  assert(words.byteLength === boardBytes(board.slots), 'the memory has the size of the layout');
}

/** Both buffers of a group are disjoint and lie inside it, wherever its sequence stands. */
function assertGroup(words: Int32Array, groupAt: number, bufferWords: number, endAt: number): void {
  const sequence = Atomics.load(words, groupAt);
  const valid = bufferOf(groupAt, bufferWords, sequence);
  const spare = bufferOf(groupAt, bufferWords, sequence + 1);
  assert(valid !== spare, `group at ${groupAt}: the writer fills the buffer that is not valid`);
  assert(Math.abs(valid - spare) >= bufferWords, `group at ${groupAt}: buffers are disjoint`);
  assert(Math.min(valid, spare) > groupAt, `group at ${groupAt}: no buffer holds the sequence`);
  assert(groupAt + groupWords(bufferWords) <= endAt, `group at ${groupAt}: ends before the next`);
}

function assertLeadership(view: LeadershipReading): void {
  assert(Number.isSafeInteger(view.term) && view.term >= 0, `term ${view.term} is a whole number`);
  assert(!Number.isNaN(view.leaseUntilMs), 'the lease ends at a time');
  assert(view.promotedAtMs >= 0, 'the promotion is a time');
  assert(
    view.clockOffsetMs === null || Number.isFinite(view.clockOffsetMs),
    'the offset is finite',
  );
  assert(!view.ready || view.leading || view.forced, 'only a node that acts is ready');
}

function assertStore(slot: number, metric: StoreReading): void {
  const at = `slot ${slot}`;
  assert(STATES.has(metric.state), `${at}: state ${metric.state} is known`);
  assert(metric.currentGeneration >= 0 && metric.generation >= 0, `${at}: generations are counts`);
  assert(
    Number.isSafeInteger(metric.term) && metric.term >= 0,
    `${at}: the term is a whole number`,
  );
  assert(metric.threshold >= 0 && metric.maxAgeMs >= 0, `${at}: settings are not negative`);
  assert(
    metric.setThreshold >= 0 && metric.setThresholdUntilMs >= 0,
    `${at}: a threshold is set until a time`,
  );
  assert(metric.unhealthyAtPeersUntilMs >= 0, `${at}: peers report until a time`);
  assert(metric.readAtMs >= 0 && metric.lastHealthyMs >= 0, `${at}: readings have times`);
  assert(
    metric.state !== MetricState.nothing || metric.generation === 0,
    `${at}: only a slot that was never measured has no state`,
  );
  const bytes = Buffer.byteLength(metric.errorText);
  assert(bytes <= TEXT_BYTES_MAX, `${at}: the error text has ${bytes} bytes`);
  assert(!metric.errorText.includes('\uFFFD'), `${at}: the error text is cut at a character`);
}
