/** Leadership from consensus to the board, and when `/leader-check` may say 200. */
import { expect } from 'chai';
import { monotonicMs } from '../../src/base/clock.js';
import { Board, emptyLeadershipReading } from '../../src/board/board.js';
import { Leadership } from '../../src/service/leadership.js';
import { mayAct, mayLead } from '../../src/throttle/leadership-view.js';
import { MetricState } from '../../src/throttle/metric.js';
import { until } from '../support/until.js';

const SLOT = 0;
const GENERATION = 5;

/** A leadership over a board with one store, and the calls that it made. */
function setUp(forced = false, clockLapseMs = 60_000) {
  const board = Board.create(1);
  board.publishSettings(SLOT, { generation: GENERATION, threshold: 1, maxAgeMs: 5000 });
  const calls: string[] = [];
  const leadership = new Leadership({
    board,
    prober: { lead: (probing, term) => calls.push(`${probing ? 'probe' : 'stop'} ${term}`) },
    stores: { slots: () => [SLOT], refreshNow: () => calls.push('refresh') },
    forced,
    clockLapseMs,
  });
  leadership.start();
  return {
    leadership,
    calls,
    view: () => board.readLeadership(emptyLeadershipReading()),
    measure: (term: number, state: MetricState = MetricState.error) =>
      board.publishMeasurement(SLOT, {
        generation: GENERATION,
        term,
        state,
        value: 0,
        readAtMs: monotonicMs(),
        lastHealthyMs: 0,
        sinceMs: 0,
        errorText: 'no route to host',
      }),
  };
}

describe('leadership', () => {
  it('neither acts nor probes before consensus reports anything', () => {
    const { view, calls, leadership } = setUp();
    expect(mayAct(view(), monotonicMs())).to.equal(false);
    expect(calls).to.deep.equal([]);
    leadership.stop();
  });

  it('probes and refreshes the host lists on promotion, and acts until the lease ends', () => {
    const { view, calls, leadership } = setUp();
    leadership.leadershipChanged(true, 3);
    expect(calls).to.deep.equal(['probe 3', 'refresh']);
    expect(mayAct(view(), monotonicMs()), 'before any lease').to.equal(false);
    leadership.leaseExtended(monotonicMs() + 60_000, null);
    expect(mayAct(view(), monotonicMs())).to.equal(true);
    expect(mayAct(view(), monotonicMs() + 60_001), 'after the lease').to.equal(false);
    leadership.stop();
  });

  it('passes leader-check once every store has its first result or error of the term', async () => {
    const { view, leadership, measure } = setUp();
    leadership.leadershipChanged(true, 3);
    leadership.leaseExtended(Number.POSITIVE_INFINITY, null);
    measure(2);
    measure(3, MetricState.notCollected);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(
      mayLead(view(), monotonicMs()),
      'with a value of an earlier term, or with hosts unread',
    ).to.equal(false);
    measure(3);
    await until(() => view().ready);
    expect(mayLead(view(), monotonicMs())).to.equal(true);
    leadership.stop();
  });

  it('passes leader-check a second after the promotion, whatever is unread', async () => {
    const { view, leadership } = setUp();
    leadership.leadershipChanged(true, 3);
    leadership.leaseExtended(Number.POSITIVE_INFINITY, null);
    const { promotedAtMs } = view();
    await until(() => view().ready);
    // With room for a busy machine.
    expect(monotonicMs() - promotedAtMs).to.be.within(1000, 4000);
    leadership.stop();
  });

  it('stops acting at once when consensus reports it, even within its lease', () => {
    const { view, calls, leadership, measure } = setUp();
    leadership.leadershipChanged(true, 3);
    leadership.leaseExtended(Number.POSITIVE_INFINITY, null);
    measure(3);
    leadership.leadershipChanged(false, 4);
    expect(mayAct(view(), monotonicMs())).to.equal(false);
    expect(view()).to.deep.include({ ready: false, term: 4, promotedAtMs: 0 });
    expect(calls.at(-1)).to.equal('stop 4');
    leadership.leaseExtended(Number.POSITIVE_INFINITY, null);
    expect(mayAct(view(), monotonicMs()), 'by a late report of a lease').to.equal(false);
    expect(view().leaseUntilMs).to.equal(0);
  });

  it('uses the clock that comes with the lease, also after it lost leadership', () => {
    const { view, leadership } = setUp();
    leadership.leadershipChanged(true, 3);
    expect(view().clockOffsetMs).to.equal(null);
    leadership.leaseExtended(monotonicMs() + 60_000, 1.8e12);
    expect(view().clockOffsetMs).to.equal(1.8e12);
    leadership.leadershipChanged(false, 4);
    expect(view().clockOffsetMs).to.equal(1.8e12);
    leadership.stop();
  });

  it('uses the clock that its leader states, also when it leads until the first lease', () => {
    const { view, leadership } = setUp();
    leadership.clockHeard(1.7e12);
    expect(view()).to.deep.include({ leading: false, clockOffsetMs: 1.7e12 });
    leadership.leadershipChanged(true, 3);
    expect(view().clockOffsetMs).to.equal(1.7e12);
    leadership.leaseExtended(monotonicMs() + 60_000, 1.8e12);
    leadership.clockHeard(1.7e12);
    expect(view().clockOffsetMs, 'while it leads').to.equal(1.8e12);
    leadership.leadershipChanged(false, 4);
    leadership.clockHeard(1.6e12);
    expect(view().clockOffsetMs).to.equal(1.6e12);
    leadership.stop();
  });

  it('uses its own clock after it has heard of no other for long', async () => {
    const { view, leadership } = setUp(false, 20);
    leadership.clockHeard(1.7e12);
    expect(view().clockOffsetMs).to.equal(1.7e12);
    await until(() => view().clockOffsetMs === null);
    leadership.stop();
  });

  it('does not take over the lease of an earlier leadership', () => {
    const { view, leadership } = setUp();
    leadership.leadershipChanged(true, 3);
    leadership.leaseExtended(Number.POSITIVE_INFINITY, null);
    leadership.leadershipChanged(false, 4);
    leadership.leadershipChanged(true, 5);
    expect(mayAct(view(), monotonicMs())).to.equal(false);
    leadership.stop();
  });

  it('acts as forced leader whatever consensus reports, and probes under each term', async () => {
    const { view, calls, leadership, measure } = setUp(true);
    expect(mayAct(view(), monotonicMs())).to.equal(true);
    leadership.leadershipChanged(false, 7);
    expect(calls).to.deep.equal(['probe 0', 'refresh', 'probe 7', 'refresh']);
    measure(7);
    await until(() => view().ready);
    expect(mayLead(view(), monotonicMs())).to.equal(true);
    leadership.stop();
  });
});
