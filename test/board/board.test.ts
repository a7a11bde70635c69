/** The board: what is published is what is read, each slot by itself. */
import { expect } from 'chai';
import { Board, emptyLeadershipReading, emptyStoreReading } from '../../src/board/board.js';
import { LEADERSHIP_AT } from '../../src/board/layout.js';
import { type Measurement, MetricState } from '../../src/throttle/metric.js';

const measured: Measurement = {
  generation: 7,
  term: 3,
  state: MetricState.ok,
  value: 0.43,
  readAtMs: 123456.789,
  lastHealthyMs: 123000.5,
  errorText: '',
};

describe('the board', () => {
  it('is empty at first: no leader, no store, no mark', () => {
    const board = Board.create(4);
    expect(board.readLeadership(emptyLeadershipReading())).to.deep.equal(emptyLeadershipReading());
    expect(board.readStore(3, emptyStoreReading())).to.deep.equal(emptyStoreReading());
    expect(board.lowPriorityHeldAtMs(3)).to.equal(Number.NEGATIVE_INFINITY);
  });

  it('gives back what was published, through any view of its memory', () => {
    const board = Board.create(4);
    const elsewhere = new Board(board.memory, 4);
    const leadership = {
      leading: true,
      forced: false,
      ready: true,
      term: 2 ** 40,
      leaseUntilMs: 1e9 / 7,
      promotedAtMs: 1e9 / 9,
      clockOffsetMs: -1e9 / 7,
    };
    board.publishLeadership(leadership);
    board.publishSettings(2, { generation: 7, threshold: 1.5, maxAgeMs: 5000 });
    board.publishMeasurement(2, measured);
    expect(elsewhere.readLeadership(emptyLeadershipReading())).to.deep.equal(leadership);
    expect(elsewhere.readStore(2, emptyStoreReading())).to.deep.equal({
      ...measured,
      currentGeneration: 7,
      threshold: 1.5,
      maxAgeMs: 5000,
      unhealthyAtPeersUntilMs: 0,
    });
  });

  it('carries what peers say of a store, until another store takes its slot', () => {
    const board = Board.create(2);
    const untilMs = (): number => board.readStore(1, emptyStoreReading()).unhealthyAtPeersUntilMs;
    board.publishSettings(1, { generation: 1, threshold: 1, maxAgeMs: 5000 });
    board.publishUnhealthyAtPeers(1, 5000.125);
    expect(untilMs()).to.equal(5000.125);
    expect(board.readStore(0, emptyStoreReading()).unhealthyAtPeersUntilMs).to.equal(0);
    board.publishSettings(1, { generation: 1, threshold: 2, maxAgeMs: 5000 });
    expect(untilMs()).to.equal(5000.125);
    board.publishSettings(1, { generation: 2, threshold: 2, maxAgeMs: 5000 });
    expect(untilMs()).to.equal(0);
  });

  it('keeps slots apart', () => {
    const board = Board.create(4);
    for (let slot = 0; slot < 4; slot++)
      board.publishMeasurement(slot, { ...measured, value: slot });
    for (let slot = 0; slot < 4; slot++) {
      expect(board.readStore(slot, emptyStoreReading()).value).to.equal(slot);
    }
  });

  it('keeps an error in words, cut at a whole character when it is too long', () => {
    const board = Board.create(1);
    const errorText = 'é'.repeat(200);
    board.publishMeasurement(0, { ...measured, state: MetricState.error, errorText });
    expect(board.readStore(0, emptyStoreReading()).errorText).to.equal('é'.repeat(120));
    board.publishMeasurement(0, measured);
    expect(board.readStore(0, emptyStoreReading()).errorText).to.equal('');
  });

  it('carries an endless lease', () => {
    const board = Board.create(1);
    const endless = { ...emptyLeadershipReading(), leaseUntilMs: Number.POSITIVE_INFINITY };
    board.publishLeadership(endless);
    expect(board.readLeadership(emptyLeadershipReading())).to.deep.equal(endless);
  });

  it('goes on when the number of its publications no longer fits its word', () => {
    const board = Board.create(1);
    new Int32Array(board.memory)[LEADERSHIP_AT] = 2 ** 31 - 2;
    for (let term = 1; term <= 4; term++) {
      const published = { ...emptyLeadershipReading(), term };
      board.publishLeadership(published);
      expect(board.readLeadership(emptyLeadershipReading())).to.deep.equal(published);
    }
  });

  it('forgets the mark of a slot when another store takes it, and only then', () => {
    const board = Board.create(2);
    board.publishSettings(1, { generation: 1, threshold: 1, maxAgeMs: 5000 });
    board.holdLowPriority(1, 5000.125);
    expect(board.lowPriorityHeldAtMs(1)).to.equal(5000.125);
    board.publishSettings(1, { generation: 1, threshold: 2, maxAgeMs: 5000 });
    expect(board.lowPriorityHeldAtMs(1)).to.equal(5000.125);
    board.publishSettings(1, { generation: 2, threshold: 2, maxAgeMs: 5000 });
    expect(board.lowPriorityHeldAtMs(1)).to.equal(Number.NEGATIVE_INFINITY);
  });

  it('refuses a slot that it does not have, and memory of another size', () => {
    const board = Board.create(2);
    expect(() => board.holdLowPriority(2, 1)).to.throw(RangeError, 'no slot 2');
    expect(() => board.publishMeasurement(-1, measured)).to.throw(RangeError, 'no slot -1');
    expect(() => board.readStore(Number.NaN, emptyStoreReading())).to.throw(RangeError);
    expect(() => new Board(board.memory, 3)).to.throw(RangeError, 'a board of 3 stores');
  });
});
