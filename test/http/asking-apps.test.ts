/** Who asks, who waits and why: pairs of several workers as one list. */
import { expect } from 'chai';
import { monotonicMs } from '../../src/base/clock.js';
import type { AskingPair } from '../../src/contracts/http.js';
import { AskingApps } from '../../src/http/main/asking-apps.js';
import type { RefusalReasons } from '../../src/http/main/refusal-reasons.js';
import { Count } from '../../src/http/worker/counters.js';
import type { JudgedMetric } from '../../src/throttle/judgement.js';
import { httpStatistics } from '../support/statistics.js';

const EVERYTHING = { limit: 100, store: '', app: '' };
const MINUTE_MS = 60_000;

interface ShownApps {
  readonly Total: number;
  readonly Apps: ReadonlyArray<Record<string, unknown>>;
}

describe('the waits of an app', () => {
  it('last from the first refusal to the next 200', () => {
    const count = new Count('a', 's', 0);
    count.add(200, 1_000, false);
    expect(count.waitingSinceMs).to.equal(0);
    count.add(429, 2_000, false);
    count.add(429, 5_000, true);
    expect(count).to.include({ waitingSinceMs: 2_000, longestWaitMs: 3_000, lastStatus: 429 });
    expect(count.isLowPriority).to.equal(true);
    count.add(200, 6_000, false);
    expect(count).to.include({ waitingSinceMs: 0, longestWaitMs: 4_000, seenAtMs: 6_000 });
  });

  it('end when it stops asking', () => {
    const count = new Count('a', 's', 0);
    count.add(429, 1_000, false);
    count.add(429, 2_000 + MINUTE_MS, false);
    expect(count).to.include({ waitingSinceMs: 2_000 + MINUTE_MS, longestWaitMs: 0 });
  });
});

describe('a client that waits for one check', () => {
  it('asks all the time', () => {
    const count = new Count('a', 's', 0);
    const metric = { name: 'lag' } as JudgedMetric;
    const refusal = { status: 429, value: 2, threshold: 1, message: '', metric } as const;
    count.isAwaited(refusal, 1_000, false);
    count.isAwaited(refusal, 9_000, false);
    expect(count).to.include({ waitingSinceMs: 1_000, seenAtMs: 9_000, lastMetric: 'lag' });
    expect(count.exceeded).to.equal(0);
    count.add(200, 10_000, false);
    expect(count).to.include({ waitingSinceMs: 0, longestWaitMs: 9_000, ok: 1 });
  });
});

describe('the apps that ask', () => {
  let nowMs: number;
  let workers: AskingPair[][];
  let apps: AskingApps;

  beforeEach(() => {
    nowMs = monotonicMs();
    workers = [];
    apps = newApps();
  });

  function newApps(): AskingApps {
    const reasons = { membersOf: () => ['"Why":"lag"'] } as unknown as RefusalReasons;
    const collect = async () => workers.map((asking) => httpStatistics({ asking }));
    return new AskingApps({ collect }, reasons, () => true);
  }

  function pair(app: string, given: Partial<AskingPair> = {}): AskingPair {
    return {
      ...{ app, storeName: 'main', seenAtMs: nowMs, waitingSinceMs: 0, longestWaitMs: 0 },
      wentOnAtMs: given.waitingSinceMs === undefined ? (given.seenAtMs ?? nowMs) : 0,
      ...{ lastStatus: 200, lastMetric: '', isLowPriority: false, ok: 1, refused: 0 },
      ...given,
    };
  }

  const report = async (selection = EVERYTHING): Promise<ShownApps> =>
    JSON.parse(await apps.report(selection)) as ShownApps;

  it('come with the longest wait first', async () => {
    const waits = (ms: number) => ({ waitingSinceMs: nowMs - ms, lastStatus: 429, refused: 1 });
    workers = [
      [pair('goes on'), pair('short', waits(1_000)), pair('long', { ...waits(9_000), ok: 0 })],
    ];
    const { Total, Apps } = await report();
    expect(Total).to.equal(3);
    expect(Apps.map(({ App }) => App)).to.deep.equal(['long', 'short', 'goes on']);
    expect(Apps[0]).to.include({ Store: 'mysql/main', Why: 'lag', WaitShare: 1, LastStatus: 429 });
    expect(Apps[0]!.WaitingSeconds).to.be.closeTo(9, 1);
    expect(Apps[2]).not.to.have.any.keys('Why', 'WaitingSeconds', 'LongestWaitSeconds');
  });

  it('go on when any worker has let them since', async () => {
    const refused = { waitingSinceMs: nowMs - 9_000, lastStatus: 429, refused: 3 };
    workers = [
      [pair('a', { ...refused, seenAtMs: nowMs - 10 })],
      [pair('a', { seenAtMs: nowMs - 5_000 })],
    ];
    const [app] = (await report()).Apps;
    expect(app!.WaitingSeconds).to.be.closeTo(5, 1);
  });

  it('wait since their last 200 although another worker refused them before', async () => {
    const refused = { lastStatus: 429, refused: 1 };
    const long = { seenAtMs: nowMs - 50_000, waitingSinceMs: nowMs - 55_000 };
    const short = { waitingSinceMs: nowMs - 1_000, wentOnAtMs: nowMs - 2_000 };
    workers = [[pair('a', { ...refused, ...long })], [pair('a', { ...refused, ...short })]];
    for (const _order of ['as given', 'reversed']) {
      const [app] = (await report()).Apps;
      expect(app!.WaitingSeconds).to.be.closeTo(2, 1);
      workers.reverse();
      apps = newApps();
    }
  });

  it('begin a new wait when they have stopped asking, also at another worker', async () => {
    const refused = { lastStatus: 429, refused: 1 };
    const before = { seenAtMs: nowMs - 9 * MINUTE_MS, waitingSinceMs: nowMs - 9 * MINUTE_MS };
    const after = { waitingSinceMs: nowMs - 3_000 };
    workers = [[pair('a', { ...refused, ...before })], [pair('a', { ...refused, ...after })]];
    for (const _order of ['as given', 'reversed']) {
      expect((await report()).Apps[0]!.WaitingSeconds).to.be.closeTo(3, 1);
      workers.reverse();
      apps = newApps();
    }
  });

  it('wait since the first refusal of any worker', async () => {
    const refused = { lastStatus: 429, refused: 1 };
    const first = { seenAtMs: nowMs - 8_000, waitingSinceMs: nowMs - 9_000 };
    const second = { waitingSinceMs: nowMs - 3_000 };
    workers = [[pair('a', { ...refused, ...first })], [pair('a', { ...refused, ...second })]];
    expect((await report()).Apps[0]!.WaitingSeconds).to.be.closeTo(9, 1);
  });

  it('are ranked without holding the thread, however many they are', async () => {
    workers = [Array.from({ length: 10_000 }, (_, index) => pair(`app-${index}`))];
    await report();
    let turns = 0;
    let isDone = false;
    const count = (): void => {
      turns++;
      if (!isDone) setImmediate(count);
    };
    setImmediate(count);
    await report({ ...EVERYTHING, limit: 10_000 });
    isDone = true;
    // Each run that is sorted is a turn of its own.
    expect(turns).to.be.greaterThan(9);
  });

  it('do not wait when they were refused only once', async () => {
    const once = { seenAtMs: nowMs - 5_000, waitingSinceMs: nowMs - 5_000 };
    workers = [[pair('mistyped', { ...once, lastStatus: 404, ok: 0, refused: 1 })]];
    expect((await report()).Apps[0]).not.to.have.property('WaitingSeconds');
  });

  it('wait no more when they have stopped asking', async () => {
    const stopped = { seenAtMs: nowMs - 2 * MINUTE_MS, waitingSinceMs: nowMs - 3 * MINUTE_MS };
    workers = [[pair('a', { ...stopped, lastStatus: 429 })]];
    expect((await report()).Apps[0]).not.to.have.property('WaitingSeconds');
  });

  it('can be selected by name and by store, and are limited', async () => {
    workers = [[pair('etl-a'), pair('etl-b'), pair('other'), pair('etl-c', { storeName: 'two' })]];
    const names = async (selection: Partial<typeof EVERYTHING>): Promise<unknown[]> =>
      (await report({ ...EVERYTHING, ...selection })).Apps.map(({ App }) => App);
    expect(await names({ app: 'etl' })).to.have.members(['etl-a', 'etl-b', 'etl-c']);
    expect(await names({ store: 'mysql/two' })).to.deep.equal(['etl-c']);
    const limited = await report({ ...EVERYTHING, limit: 2 });
    expect(limited.Total).to.equal(4);
    expect(limited.Apps).to.have.length(2);
  });
});
