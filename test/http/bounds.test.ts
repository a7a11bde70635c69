/** What clients can make grow is bounded: counters, recent apps, questions in flight. */
import { expect } from 'chai';
import { type MainRequest, RECENT_APPS_MAX, type RecentApp } from '../../src/contracts/http.js';
import { mergeRecentApps } from '../../src/http/main/merge-recent-apps.js';
import { CheckCounters, OTHER } from '../../src/http/worker/counters.js';
import { MainClient } from '../../src/http/worker/main-client.js';
import { RecentApps } from '../../src/http/worker/recent-apps.js';
import { checkCount, checksOf, httpStatistics } from '../support/statistics.js';

const NOW = 1_800_000_000_000;

const DAY_MS = 24 * 60 * 60_000;

describe('counters of checks', () => {
  function countsOf(counters: CheckCounters): Record<string, number> {
    const entries = [...counters.counts()].map((count) => [
      `${count.app} ${count.storeName}`,
      checksOf(count),
    ]);
    return Object.fromEntries(entries) as Record<string, number>;
  }

  it('count by status', () => {
    const counters = new CheckCounters();
    for (const status of [200, 200, 404, 417, 429, 500] as const) {
      counters.of('a', 's', true).add(status);
    }
    expect([...counters.counts()]).to.deep.equal([
      checkCount('a', 's', { ok: 2, notFound: 1, denied: 1, exceeded: 1, internalError: 1 }),
    ]);
  });

  it('tell in which order they were met', () => {
    const counters = new CheckCounters();
    for (const [app, store] of ['a s', 'b s', 'a t'].map((pair) => pair.split(' '))) {
      counters.of(app!, store!, true).add(200);
    }
    const ranks = [...counters.counts()].map(({ app, storeName, rank }) => [app, storeName, rank]);
    expect(ranks).to.deep.equal([
      ['a', 's', 0],
      ['b', 's', 1],
      ['a', 't', 2],
    ]);
  });

  it('count apps beyond the bound under one name, and go on counting those they know', () => {
    const counters = new CheckCounters({ appsMax: 2, unconfiguredStoresMax: 9, pairsMax: 99 });
    for (const app of ['a', 'b', 'c', 'd', 'a']) counters.of(app, 's', true).add(200);
    expect(countsOf(counters)).to.deep.equal({ 'a s': 2, 'b s': 1, [`${OTHER} s`]: 2 });
  });

  it('count unknown stores beyond the bound under one name, configured ones under their own', () => {
    const counters = new CheckCounters({ appsMax: 9, unconfiguredStoresMax: 2, pairsMax: 99 });
    for (const store of ['x', 'y', 'z', 'x']) counters.of('a', store, false).add(404);
    counters.of('a', 'main1', true).add(200);
    expect(countsOf(counters)).to.deep.equal({
      'a x': 2,
      'a y': 1,
      [`a ${OTHER}`]: 1,
      'a main1': 1,
    });
  });

  it('count an app’s stores beyond the bound of pairs under one name of that app', () => {
    const counters = new CheckCounters({ appsMax: 9, unconfiguredStoresMax: 9, pairsMax: 3 });
    for (const app of ['a', 'b']) {
      for (const store of ['s1', 's2', 's3']) counters.of(app, store, true).add(200);
    }
    expect(countsOf(counters)).to.deep.equal({
      'a s1': 1,
      'a s2': 1,
      'a s3': 1,
      [`b ${OTHER}`]: 3,
    });
  });

  it('stay within the bound for 100,000 apps', () => {
    const counters = new CheckCounters();
    for (let app = 0; app < 100_000; app++) counters.of(`app${app}`, 's', true).add(200);
    const counts = [...counters.counts()];
    expect(counts).to.have.length(10_001);
    expect(counts.find(({ app }) => app === OTHER)?.ok).to.equal(90_000);
  });
});

describe('recent apps', () => {
  const names = (recent: RecentApps): string[] =>
    [...recent.entries()].map(({ app, client }) => `${app}/${client}`).sort();

  it('know each app from each client, with its latest time', () => {
    const recent = new RecentApps();
    recent.record('a', 'x', NOW);
    recent.record('a', 'x', NOW + 5);
    recent.record('a', 0x0a00_0001, NOW);
    recent.record('b', 0xffff_fffe, NOW);
    expect([...recent.entries()]).to.deep.equal([
      { app: 'a', client: 'x', checkedAtUnixMs: NOW + 5 },
      { app: 'a', client: '10.0.0.1', checkedAtUnixMs: NOW },
      { app: 'b', client: '255.255.255.254', checkedAtUnixMs: NOW },
    ]);
  });

  it('let those go that came first when there is no room, but not who has checked again since', () => {
    const recent = new RecentApps(10);
    for (let app = 0; app < 10; app++) recent.record(`app${app}`, 'x', NOW + app);
    recent.record('app0', 'x', NOW + 100);
    recent.record('new', 'x', NOW + 100);
    expect(names(recent)).to.include.members(['app0/x', 'app2/x', 'new/x']);
    expect(names(recent)).not.to.include('app1/x');
    expect(recent.size).to.equal(10);
  });

  it('let one go also when all have checked again', () => {
    const recent = new RecentApps(10);
    for (const atMs of [NOW, NOW + 1]) {
      for (let app = 0; app < 10; app++) recent.record(`app${app}`, 'x', atMs);
    }
    recent.record('new', 'x', NOW + 2);
    expect(names(recent)).to.have.length(10);
    expect(names(recent)).to.include('new/x').and.not.to.include('app0/x');
    recent.record('newer', 'x', NOW + 3);
    expect(names(recent)).to.include.members(['new/x', 'newer/x']).and.not.to.include('app1/x');
  });

  it('stay within the bound for 100,000 apps, whose entries are the newest', () => {
    const recent = new RecentApps();
    for (let app = 0; app < 100_000; app++) recent.record(`app${app}`, app, NOW + app);
    expect(recent.size).to.be.within(RECENT_APPS_MAX * 0.9, RECENT_APPS_MAX);
    expect([...recent.entries()].length).to.equal(recent.size);
    const oldest = Math.min(...[...recent.entries()].map((entry) => entry.checkedAtUnixMs));
    expect(oldest).to.be.at.least(NOW + 100_000 - RECENT_APPS_MAX);
  });

  describe('merged over workers', () => {
    const at = (app: string, checkedAtUnixMs: number): RecentApp => ({
      app,
      client: 'x',
      checkedAtUnixMs,
    });
    const merge = (workers: RecentApp[][], lastMinutes: number | null): Promise<RecentApp[]> =>
      mergeRecentApps(
        workers.map((recentApps) => httpStatistics({ recentApps })),
        NOW,
        lastMinutes,
      );

    it('have the latest time of each', async () => {
      const merged = await merge([[at('a', NOW - 5), at('b', NOW - 9)], [at('a', NOW - 3)]], null);
      expect(merged).to.have.deep.members([at('a', NOW - 3), at('b', NOW - 9)]);
    });

    it('are of the last day, or of the last minutes', async () => {
      const ages = [0, 59_999, 60_000, 119_999, 120_000, DAY_MS - 1, DAY_MS];
      const worker = ages.map((age) => at(`age${age}`, NOW - age));
      const agesWithin = async (minutes: number | null): Promise<number[]> =>
        (await merge([worker], minutes)).map(({ checkedAtUnixMs }) => NOW - checkedAtUnixMs);
      expect(await agesWithin(null)).to.deep.equal(ages.slice(0, -1));
      expect(await agesWithin(1)).to.deep.equal(ages.slice(0, 4));
      expect(await agesWithin(1e9)).to.deep.equal(ages.slice(0, -1));
    });

    it('are at most as many as of one worker: the newest', async () => {
      const workers = [0, 1].map((worker) =>
        Array.from({ length: RECENT_APPS_MAX }, (_, index) =>
          at(`${worker}-${index}`, NOW - 2 * index - worker),
        ),
      );
      const merged = await merge(workers, null);
      expect(merged).to.have.length(RECENT_APPS_MAX);
      expect(Math.min(...merged.map((entry) => entry.checkedAtUnixMs))).to.equal(
        NOW - RECENT_APPS_MAX + 1,
      );
    });
  });
});

describe('questions to main', () => {
  const submit: MainRequest = {
    kind: 'submit',
    command: { kind: 'recoverHost', atMs: 0, host: 'h' },
  };

  it('go out together, once per turn, and each gets its own answer', async () => {
    const sent: Array<ReadonlyArray<readonly [number, MainRequest]>> = [];
    const client = new MainClient((requests) => sent.push(requests));
    const responses = [client.call({ kind: 'vars' }), client.call({ kind: 'inventory' })];
    await new Promise(setImmediate);
    expect(sent).to.have.length(1);
    const [[vars], [inventory]] = sent[0] as [[number, MainRequest], [number, MainRequest]];
    client.received([
      [inventory, { status: 200, json: 'inventory' }],
      [vars, { status: 200, json: 'vars' }],
      [999, { status: 200, json: 'no such request' }],
    ]);
    expect((await Promise.all(responses)).map(({ json }) => json)).to.deep.equal([
      'vars',
      'inventory',
    ]);
    client.close();
  });

  it('beyond the bound are answered 503 at once', async () => {
    const client = new MainClient(() => {}, { inFlightMax: 2, timeoutMs: 60_000 });
    const waiting = [client.call(submit), client.call({ kind: 'vars' })];
    expect((await client.call(submit)).status).to.equal(503);
    client.close();
    expect((await Promise.all(waiting)).map(({ status }) => status)).to.deep.equal([504, 503]);
  });

  it('without an answer in time are answered: 504 for a change, whose outcome is unknown, else 503', async () => {
    const client = new MainClient(() => {}, { inFlightMax: 9, timeoutMs: 20 });
    const [change, list] = await Promise.all([
      client.call(submit),
      client.call({ kind: 'readBarrier' }),
    ]);
    expect(change).to.include({ status: 504 });
    expect(JSON.parse(change.json).Message).to.contain('unknown');
    expect(list).to.include({ status: 503 });
    // The calls in flight are none again, and late responses are dropped.
    client.received([[0, { status: 200, json: 'late' }]]);
    const next = client.call({ kind: 'vars' });
    client.received([[2, { status: 200, json: 'in time' }]]);
    expect((await next).json).to.equal('in time');
    client.close();
  });

  it('that take a profile may take its time, and hold up the time-out of no other', async () => {
    const client = new MainClient(() => {}, { inFlightMax: 9, timeoutMs: 20 });
    const profile = { thread: 'main', seconds: 1 } as const;
    const response = client.call({ kind: 'profile', profile });
    expect((await client.call({ kind: 'vars' })).status).to.equal(503);
    expect((await client.call({ kind: 'vars' })).status).to.equal(503);
    client.received([[0, { status: 200, json: 'profile' }]]);
    expect((await response).json).to.equal('profile');
    client.close();
  });
});
