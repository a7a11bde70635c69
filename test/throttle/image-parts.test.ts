/** A state in parts, which another thread puts together again. */
import { expect } from 'chai';
import { ArrivingState } from '../../src/http/worker/arriving-state.js';
import { NO_EXPIRY } from '../../src/throttle/commands.js';
import { PART_ROWS, partsOf } from '../../src/throttle/image-parts.js';
import { EMPTY_IMAGE, type StateImage, ThrottleState } from '../../src/throttle/state.js';

const T = 1_800_000_000_000;

function largeImage(): StateImage {
  const rows = <Entry>(prefix: string, count: number, entry: Entry) =>
    Array.from({ length: count }, (_, row) => [`${prefix}${row}`, entry] as const);
  return {
    clusterId: 'c1',
    level: 1,
    sweptAtMs: T,
    throttledApps: rows('app', 3 * PART_ROWS + 1, { expireAtMs: NO_EXPIRY, ratio: 0.5 }),
    skippedHosts: rows('Host', PART_ROWS, { expireAtMs: T + 1, note: { atMs: T, owner: 'ada' } }),
    exemptedApps: [],
    thresholds: rows('mysql/', 7, { expireAtMs: T + 2, value: 3 }),
    recentCommands: [],
  };
}

describe('a state in parts', () => {
  it('has no part of many rows, and is the same when they are added', () => {
    const image = largeImage();
    const { rows, last } = partsOf(image);
    const counts = [...rows, last].map(
      (part) => part.throttledApps.length + part.skippedHosts.length + part.thresholds.length,
    );
    expect(Math.max(...counts)).to.equal(PART_ROWS);
    const state = new ThrottleState();
    const arriving = new ArrivingState(state);
    for (const part of rows) arriving.add(part);
    arriving.complete(last);
    expect(state.image()).to.deep.equal(image);
    expect(state.entryBytes).to.deep.equal(restored(image).entryBytes);
  });

  it('is one part when it is small', () => {
    const image = { ...EMPTY_IMAGE, thresholds: largeImage().thresholds };
    expect(partsOf(image)).to.deep.equal({ rows: [], last: image });
  });

  it('changes nothing until it is whole, and begins with nothing of the state before', () => {
    const state = restored({
      ...EMPTY_IMAGE,
      exemptedApps: [['before', { expireAtMs: T + 1 }]],
    });
    const before = state.image();
    const arriving = new ArrivingState(state);
    for (const image of [largeImage(), { ...largeImage(), throttledApps: [] }]) {
      const { rows, last } = partsOf(image);
      for (const part of rows) arriving.add(part);
      if (image.throttledApps.length > 0) expect(state.image()).to.deep.equal(before);
      arriving.complete(last);
      expect(state.image()).to.deep.equal(image);
    }
  });
});

function restored(image: StateImage): ThrottleState {
  const state = new ThrottleState();
  state.restore(image);
  return state;
}
