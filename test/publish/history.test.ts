/** What the leader keeps of the last minutes: values, thresholds, answers, and gaps. */
import { expect } from 'chai';
import { monotonicMs } from '../../src/base/clock.js';
import { Board } from '../../src/board/board.js';
import type { StoreLocation } from '../../src/contracts/http.js';
import { HistoryKeeper } from '../../src/publish/main/history/keeper.js';
import { HISTORY_SECONDS } from '../../src/publish/main/history/rings.js';
import { MetricState } from '../../src/throttle/metric.js';

const FIRST = 1_795_000_000;

interface ShownHistory {
  readonly From: string;
  readonly Points: number;
  readonly Metrics: ReadonlyArray<{ Values: Array<number | null>; Thresholds: unknown[] }>;
  readonly Answers: Readonly<Record<string, Array<number | null>>>;
}

describe('the history of the leader', () => {
  let board: Board;
  let stores: StoreLocation[];
  let answered: number[];
  let history: HistoryKeeper;

  function storeAt(name: string, slot: number): StoreLocation {
    return { name, slot, metrics: [{ name: 'lag', slot, mode: 'enforce' }] };
  }

  function lead(leading: boolean): void {
    board.publishLeadership({
      ...{ term: 1, leading, ready: true, forced: false, promotedAtMs: 0, clockOffsetMs: null },
      leaseUntilMs: leading ? Number.POSITIVE_INFINITY : 0,
    });
  }

  function measure(slot: number, value: number, threshold = 1): void {
    const maxAgeMs = Number.POSITIVE_INFINITY;
    board.publishSettings(slot, { generation: 1, threshold, maxAgeMs });
    const readAtMs = monotonicMs();
    board.publishMeasurement(slot, {
      ...{ generation: 1, term: 1, state: MetricState.ok, value, readAtMs },
      ...{ lastHealthyMs: readAtMs, sinceMs: readAtMs, errorText: '' },
    });
  }

  beforeEach(() => {
    board = Board.create(4);
    stores = [storeAt('main', 0)];
    answered = [0, 0, 0, 0, 0];
    history = new HistoryKeeper({
      ...{ board, stores: () => stores },
      answers: { answersOf: () => [...answered] },
    });
    lead(true);
  });

  const report = (seconds = 4, store = 'main'): ShownHistory =>
    JSON.parse(history.report(store, seconds)!) as ShownHistory;

  it('has a point for each second, and a gap where none was recorded', async () => {
    measure(0, 0.25);
    await history.record(FIRST);
    measure(0, 8.2, 5);
    await history.record(FIRST + 1);
    await history.record(FIRST + 3);
    const { From, Points, Metrics } = report(5);
    expect(From).to.equal(new Date((FIRST - 1) * 1_000).toISOString());
    expect(Points).to.equal(5);
    expect(Metrics[0]!.Values).to.deep.equal([null, 0.25, 8.2, null, 8.2]);
    expect(Metrics[0]!.Thresholds).to.deep.equal([
      [0, null],
      [1, 1],
      [2, 5],
      [3, null],
      [4, 5],
    ]);
  });

  it('has the answers of each second by status, once there are any', async () => {
    measure(0, 0.25);
    await history.record(FIRST);
    expect(report().Answers).to.deep.equal({});
    answered = [10, 0, 0, 3, 0];
    await history.record(FIRST + 1);
    answered = [10, 0, 0, 4, 0];
    await history.record(FIRST + 2);
    expect(report(3).Answers).to.deep.equal({ '200': [0, 10, 0], '429': [0, 3, 1] });
    // Counts wrap around.
    answered = [4_294_967_295, 0, 0, 4, 0];
    await history.record(FIRST + 3);
    answered = [4, 0, 0, 4, 0];
    await history.record(FIRST + 4);
    expect(report(1).Answers).to.deep.equal({ '200': [5] });
  });

  it('keeps nothing while this node does not lead', async () => {
    measure(0, 0.25);
    await history.record(FIRST);
    lead(false);
    await history.record(FIRST + 1);
    lead(true);
    await history.record(FIRST + 2);
    const [values] = report(3).Metrics.map(({ Values }) => Values);
    expect(values).to.deep.equal([0.25, null, 0.25]);
  });

  it('forgets what is older than fifteen minutes', async () => {
    measure(0, 0.25);
    await history.record(FIRST);
    await history.record(FIRST + HISTORY_SECONDS);
    const [values] = report(HISTORY_SECONDS).Metrics.map(({ Values }) => Values);
    expect(values!.filter((value) => value !== null)).to.have.length(1);
  });

  it('drops stores that are gone, and takes one in another slot for another', async () => {
    measure(0, 0.25);
    await history.record(FIRST);
    stores = [storeAt('main', 1), storeAt('other', 0)];
    measure(1, 0.5);
    await history.record(FIRST + 1);
    expect(report(2).Metrics[0]!.Values).to.deep.equal([null, 0.5]);
    expect(report(2, 'other').Metrics[0]!.Values).to.deep.equal([null, 0.25]);
    stores = [storeAt('other', 0)];
    await history.record(FIRST + 2);
    expect(history.report('main', 2)).to.equal(undefined);
  });

  it('holds 7,200 bytes for a metric, and 18,000 for a store that is asked', async () => {
    await history.record(FIRST);
    expect(history.bytes).to.equal(7_200);
    answered = [1, 0, 0, 0, 0];
    await history.record(FIRST + 1);
    expect(history.bytes).to.equal(7_200 + 18_000);
  });

  it('is not confused by a clock that is set back', async () => {
    measure(0, 0.25);
    await history.record(FIRST);
    measure(0, 0.5);
    await history.record(FIRST - 10);
    expect(report(1).Metrics[0]!.Values).to.deep.equal([0.25]);
  });
});
