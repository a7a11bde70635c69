/** Cached readings of the board: never older than a full reading would be. */
import { expect } from 'chai';
import { Board, emptyStoreReading } from '../../src/board/board.js';
import { CachedLeadershipReader, CachedStoreReader } from '../../src/board/cached-reader.js';
import { type Measurement, MetricState } from '../../src/throttle/metric.js';

const measured: Measurement = {
  generation: 1,
  term: 3,
  state: MetricState.ok,
  value: 0.25,
  readAtMs: 1000,
  lastHealthyMs: 1000,
  sinceMs: 1000,
  errorText: '',
};

describe('a cached reading of the board', () => {
  let board: Board;
  let cached: CachedStoreReader;

  beforeEach(() => {
    board = Board.create(2);
    cached = new CachedStoreReader(board, 1);
  });

  function expectCurrent(): void {
    expect(cached.current()).to.deep.equal(board.readStore(1, emptyStoreReading()));
  }

  it('shows each publication of a store: settings, health at peers, measurements', () => {
    expectCurrent();
    board.publishSettings(1, { generation: 1, threshold: 2, maxAgeMs: 5000 });
    expectCurrent();
    board.publishUnhealthyAtPeers(1, 77);
    expectCurrent();
    board.publishMeasurement(1, measured);
    expectCurrent();
    board.publishMeasurement(1, { ...measured, state: MetricState.error, errorText: 'refused' });
    expectCurrent();
    expect(cached.current().errorText).to.equal('refused');
  });

  it('does not change with publications of another store', () => {
    board.publishMeasurement(1, measured);
    cached.current();
    board.publishMeasurement(0, { ...measured, value: 9 });
    expectCurrent();
  });

  it('reads a store only once for each publication', () => {
    let readings = 0;
    const readStore = board.readStore.bind(board);
    board.readStore = (slot, into) => {
      readings++;
      return readStore(slot, into);
    };
    for (let value = 0; value < 3; value++) {
      board.publishMeasurement(1, { ...measured, value });
      for (let look = 0; look < 3; look++) expect(cached.current().value).to.equal(value);
    }
    expect(readings).to.equal(3);
  });

  it('shows a lease that was extended and a leadership that was lost', () => {
    const leadership = new CachedLeadershipReader(board);
    const leading = {
      leading: true,
      forced: false,
      ready: true,
      term: 4,
      leaseUntilMs: 100,
      promotedAtMs: 50,
      clockOffsetMs: null,
    };
    expect(leadership.current().leading).to.equal(false);
    for (const published of [
      leading,
      { ...leading, leaseUntilMs: 200 },
      { ...leading, leading: false },
    ]) {
      board.publishLeadership(published);
      expect(leadership.current()).to.deep.equal(published);
      expect(leadership.current()).to.deep.equal(published);
    }
  });
});
