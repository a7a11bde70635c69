/** The board: readers see what was published, each slot by itself. */
import { expect } from 'chai';
import {
  Board,
  emptyLeadershipReading,
  emptyStoreReading,
  encodeHost,
} from '../../src/board/board.js';
import { assertInvariants } from '../../src/board/invariants.js';
import { LEADERSHIP_AT, MEASUREMENT, measurementAt } from '../../src/board/layout.js';
import { type Measurement, MetricState } from '../../src/throttle/metric.js';

const measured: Measurement = {
  generation: 7,
  term: 3,
  state: MetricState.ok,
  value: 0.43,
  readAtMs: 123456.789,
  lastHealthyMs: 123000.5,
  sinceMs: 123000.5,
  errorText: '',
};

describe('the board', () => {
  const boards: Board[] = [];
  const createBoard = (slots: number): Board => {
    const board = Board.create(slots);
    boards.push(board);
    return board;
  };

  afterEach(() => {
    for (const board of boards.splice(0)) assertInvariants(board);
  });

  it('has no leader, no measurement and no hold at first', () => {
    const board = createBoard(4);
    expect(board.readLeadership(emptyLeadershipReading())).to.deep.equal(emptyLeadershipReading());
    expect(board.readStore(3, emptyStoreReading())).to.deep.equal(emptyStoreReading());
    expect(board.lowPriorityHeldAtMs(3)).to.equal(Number.NEGATIVE_INFINITY);
  });

  it('shows what was published through any view of its memory', () => {
    const board = createBoard(4);
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
    const set = { value: 0.25, expireAtMs: 1_800_000_000_123 };
    board.publishSettings(2, { generation: 7, threshold: 1.5, maxAgeMs: 5000, set });
    board.publishMeasurement(2, measured);
    expect(elsewhere.readLeadership(emptyLeadershipReading())).to.deep.equal(leadership);
    expect(elsewhere.readStore(2, emptyStoreReading())).to.deep.equal({
      ...measured,
      currentGeneration: 7,
      threshold: 1.5,
      setThreshold: 0.25,
      setThresholdUntilMs: 1_800_000_000_123,
      maxAgeMs: 5000,
      unhealthyAtPeersUntilMs: 0,
    });
  });

  it('keeps the health of a store at peers until another store takes the slot', () => {
    const board = createBoard(2);
    const untilMs = (): number => board.readStore(1, emptyStoreReading()).unhealthyAtPeersUntilMs;
    board.publishSettings(1, { generation: 1, threshold: 1, maxAgeMs: 5000 });
    board.publishUnhealthyAtPeers(1, 5000.125);
    expect(untilMs()).to.equal(5000.125);
    expect(board.readUnhealthyDomains(1)).to.equal('');
    board.publishUnhealthyAtPeers(1, 5000.125, 'east, west');
    expect(board.readUnhealthyDomains(1)).to.equal('east, west');
    expect(board.readStore(0, emptyStoreReading()).unhealthyAtPeersUntilMs).to.equal(0);
    board.publishSettings(1, { generation: 1, threshold: 2, maxAgeMs: 5000 });
    expect(untilMs()).to.equal(5000.125);
    board.publishSettings(1, { generation: 2, threshold: 2, maxAgeMs: 5000 });
    expect(untilMs()).to.equal(0);
    expect(board.readUnhealthyDomains(1)).to.equal('');
  });

  it('keeps the slots apart', () => {
    const board = createBoard(4);
    for (let slot = 0; slot < 4; slot++)
      board.publishMeasurement(slot, { ...measured, value: slot });
    for (let slot = 0; slot < 4; slot++) {
      expect(board.readStore(slot, emptyStoreReading()).value).to.equal(slot);
    }
  });

  it('cuts a list of domains that is too long at a whole character', () => {
    const board = createBoard(1);
    board.publishUnhealthyAtPeers(0, 1, 'é'.repeat(100));
    expect(board.readUnhealthyDomains(0)).to.equal('é'.repeat(64));
  });

  it('cuts an error text that is too long at a whole character', () => {
    const board = createBoard(1);
    const errorText = 'é'.repeat(200);
    board.publishMeasurement(0, { ...measured, state: MetricState.error, errorText });
    expect(board.readStore(0, emptyStoreReading()).errorText).to.equal('é'.repeat(120));
    board.publishMeasurement(0, measured);
    expect(board.readStore(0, emptyStoreReading()).errorText).to.equal('');
  });

  it('names the host that decided the latest measurement, cut at a whole character', () => {
    const board = createBoard(2);
    expect(board.readHost(1)).to.equal('');
    board.publishMeasurement(1, measured, encodeHost('db7.example:3306'));
    expect(board.readHost(1)).to.equal('db7.example:3306');
    expect(board.readHost(0)).to.equal('');
    board.publishMeasurement(1, measured, encodeHost('ü'.repeat(200)));
    expect(board.readHost(1)).to.equal('ü'.repeat(132));
    board.publishMeasurement(1, measured);
    expect(board.readHost(1)).to.equal('');
  });

  it('publishes a lease without an end', () => {
    const board = createBoard(1);
    const endless = { ...emptyLeadershipReading(), leaseUntilMs: Number.POSITIVE_INFINITY };
    board.publishLeadership(endless);
    expect(board.readLeadership(emptyLeadershipReading())).to.deep.equal(endless);
  });

  it('keeps publishing when the sequence number overflows its word', () => {
    const board = createBoard(1);
    new Int32Array(board.memory)[LEADERSHIP_AT] = 2 ** 31 - 2;
    for (let term = 1; term <= 4; term++) {
      const published = { ...emptyLeadershipReading(), term };
      board.publishLeadership(published);
      expect(board.readLeadership(emptyLeadershipReading())).to.deep.equal(published);
    }
  });

  it('drops the hold on low priority when another store takes the slot, and only then', () => {
    const board = createBoard(2);
    board.publishSettings(1, { generation: 1, threshold: 1, maxAgeMs: 5000 });
    board.holdLowPriority(1, 5000.125);
    expect(board.lowPriorityHeldAtMs(1)).to.equal(5000.125);
    board.publishSettings(1, { generation: 1, threshold: 2, maxAgeMs: 5000 });
    expect(board.lowPriorityHeldAtMs(1)).to.equal(5000.125);
    board.publishSettings(1, { generation: 2, threshold: 2, maxAgeMs: 5000 });
    expect(board.lowPriorityHeldAtMs(1)).to.equal(Number.NEGATIVE_INFINITY);
  });

  it('refuses a slot out of range, and memory of another size', () => {
    const board = createBoard(2);
    expect(() => board.holdLowPriority(2, 1)).to.throw(RangeError, 'no slot 2');
    expect(() => board.publishMeasurement(-1, measured)).to.throw(RangeError, 'no slot -1');
    expect(() => board.readStore(Number.NaN, emptyStoreReading())).to.throw(RangeError);
    expect(() => new Board(board.memory, 3)).to.throw(RangeError, 'a board of 3 slots');
  });

  it('reports a broken invariant with its slot', () => {
    const board = Board.create(2);
    board.publishMeasurement(1, { ...measured, state: 9 as MetricState });
    expect(() => assertInvariants(board)).to.throw('slot 1: state 9 is known');
    const cut = Board.create(1);
    cut.publishMeasurement(0, { ...measured, state: MetricState.error, errorText: 'éé' });
    const words = new Int32Array(cut.memory);
    const textBytesAt = measurementAt(0) + 1 + MEASUREMENT.words + MEASUREMENT.textBytes;
    words[textBytesAt] = 3;
    expect(() => assertInvariants(cut)).to.throw('slot 0: the error text is cut at a character');
  });
});
