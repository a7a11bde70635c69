/** Bounds on what clients can make grow: counters, recent apps, requests to main. */
import { expect } from 'chai';
import {
  type MainRequest,
  type NumberedRequest,
  OTHER,
  RECENT_APPS_MAX,
  RECENT_MS,
  type RecentApp,
} from '../../src/contracts/http.js';
import { mergeRecentApps } from '../../src/http/main/merge-recent-apps.js';
import { CheckCounters } from '../../src/http/worker/counters.js';
import { MainClient } from '../../src/http/worker/main-client.js';
import { RecentApps } from '../../src/http/worker/recent-apps.js';
import { checkCount, checksOf, httpStatistics } from '../support/statistics.js';

const NOW = 1_800_000_000_000;

const DAY_MS = 24 * 60 * 60_000;

describe('CheckCounters', () => {
  function countsOf(counters: CheckCounters): Record<string, number> {
    const entries = [...counters.counts()].map((count) => [
      `${count.app} ${count.storeName}`,
      checksOf(count),
    ]);
    return Object.fromEntries(entries) as Record<string, number>;
  }

  it('counts checks by status', () => {
    const counters = new CheckCounters();
    for (const status of [200, 200, 404, 417, 429, 500] as const) {
      counters.of('a', 's', true).add(status, 1, false);
    }
    expect([...counters.counts()]).to.deep.equal([
      checkCount('a', 's', { ok: 2, notFound: 1, denied: 1, exceeded: 1, internalError: 1 }),
    ]);
  });

  it('ranks pairs of app and store by their first check', () => {
    const counters = new CheckCounters();
    for (const [app, store] of ['a s', 'b s', 'a t'].map((pair) => pair.split(' '))) {
      counters.of(app!, store!, true).add(200, 1, false);
    }
    const ranks = [...counters.counts()].map(({ app, storeName, rank }) => [app, storeName, rank]);
    expect(ranks).to.deep.equal([
      ['a', 's', 0],
      ['b', 's', 1],
      ['a', 't', 2],
    ]);
  });

  it('counts apps beyond the bound under one name, and known apps under their own', () => {
    const counters = new CheckCounters({ appsMax: 2, unconfiguredStoresMax: 9, pairsMax: 99 });
    for (const app of ['a', 'b', 'c', 'd', 'a']) counters.of(app, 's', true).add(200, 1, false);
    expect(countsOf(counters)).to.deep.equal({ 'a s': 2, 'b s': 1, [`${OTHER} s`]: 2 });
  });

  it('counts unknown stores beyond the bound under one name, configured ones not', () => {
    const counters = new CheckCounters({ appsMax: 9, unconfiguredStoresMax: 2, pairsMax: 99 });
    for (const store of ['x', 'y', 'z', 'x']) counters.of('a', store, false).add(404, 1, false);
    counters.of('a', 'main1', true).add(200, 1, false);
    expect(countsOf(counters)).to.deep.equal({
      'a x': 2,
      'a y': 1,
      [`a ${OTHER}`]: 1,
      'a main1': 1,
    });
  });

  it('counts the stores of an app together when there are too many pairs', () => {
    const counters = new CheckCounters({ appsMax: 9, unconfiguredStoresMax: 9, pairsMax: 3 });
    for (const app of ['a', 'b']) {
      for (const store of ['s1', 's2', 's3']) counters.of(app, store, true).add(200, 1, false);
    }
    expect(countsOf(counters)).to.deep.equal({
      'a s1': 1,
      'a s2': 1,
      'a s3': 1,
      [`b ${OTHER}`]: 3,
    });
  });

  it('counts apps and stores with names beyond the limit under one name', () => {
    const counters = new CheckCounters();
    const [fits, beyond] = ['ä😀'.repeat(64), '世'.repeat(129)];
    for (const name of [fits, beyond]) {
      counters.of(name, 's', true).add(200, 1, false);
      counters.of('a', name, false).add(404, 1, false);
    }
    expect(countsOf(counters)).to.deep.equal({
      [`${fits} s`]: 1,
      [`a ${fits}`]: 1,
      [`${OTHER} s`]: 1,
      [`a ${OTHER}`]: 1,
    });
  });

  for (const character of ['n', '世']) {
    it(`bounds the bytes of names such as ${character}, and counts the others together`, () => {
      const bytesMax = 100_000;
      const counters = new CheckCounters({ bytesMax });
      for (let app = 0; app < 2_000; app++) {
        const name = `${app}${character.repeat(120)}`;
        counters.of(name, 's', true).add(200, 1, false);
        counters.of('a', name, false).add(404, 1, false);
      }
      const counts = [...counters.counts()];
      const bytes = counts.reduce(
        (sum, { app, storeName }) => sum + Buffer.byteLength(`${app}${storeName}`),
        0,
      );
      expect(bytes).to.be.within(bytesMax * 0.3, bytesMax);
      expect(counts.reduce((sum, count) => sum + checksOf(count), 0)).to.equal(4_000);
    });
  }

  it('has room again for the names of stores that are gone', () => {
    const counters = new CheckCounters({ bytesMax: 400 });
    for (let round = 0; round < 20; round++) {
      counters.of('app', `store${round}`, true).add(200, 1, false);
      expect(countsOf(counters)).to.deep.equal({ [`app store${round}`]: 1 });
      counters.forgetStores(new Set([`store${round}`]));
    }
  });

  it('bounds the number of counts for 100,000 apps', () => {
    const counters = new CheckCounters();
    for (let app = 0; app < 100_000; app++) counters.of(`app${app}`, 's', true).add(200, 1, false);
    const counts = [...counters.counts()];
    expect(counts).to.have.length(10_001);
    expect(counts.find(({ app }) => app === OTHER)?.ok).to.equal(90_000);
  });
});

describe('RecentApps', () => {
  it('can be pulled to their end while new ones come without end', () => {
    const apps = new RecentApps(100);
    for (let at = 0; at < 100; at++) apps.record(`app-${at}`, 1, NOW);
    let pulled = 0;
    for (const _entry of apps.entries()) {
      pulled++;
      if (pulled > 1_000) break;
      for (let at = 0; at < 3; at++) apps.record(`new-${pulled}-${at}`, 1, NOW);
    }
    expect(pulled).to.equal(100);
  });

  const names = (recent: RecentApps): string[] =>
    [...recent.entries()].map(({ app, client }) => `${app}/${client}`).sort();

  it('holds the latest time of each app from each client', () => {
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

  it('evicts the oldest entries, except apps that have checked again since', () => {
    const recent = new RecentApps(10);
    for (let app = 0; app < 10; app++) recent.record(`app${app}`, 'x', NOW + app);
    recent.record('app0', 'x', NOW + 100);
    recent.record('new', 'x', NOW + 100);
    expect(names(recent)).to.include.members(['app0/x', 'app2/x', 'new/x']);
    expect(names(recent)).not.to.include('app1/x');
    expect(recent.size).to.equal(10);
  });

  it('evicts an entry even when all apps have checked again', () => {
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

  it('bounds the bytes of its names, and keeps the latest', () => {
    const recent = new RecentApps(1_000, 10_000);
    for (let app = 0; app < 500; app++) recent.record(`${app}${'世'.repeat(100)}`, 'x', NOW + app);
    const listed = names(recent);
    const bytes = listed.reduce((sum, name) => sum + Buffer.byteLength(name), 0);
    expect(bytes - listed.length).to.be.within(8_000, 10_000);
    expect(names(recent).some((name) => name.startsWith('499'))).to.equal(true);
  });

  it('bounds the number of recent apps and holds the newest of 100,000', () => {
    const recent = new RecentApps();
    for (let app = 0; app < 100_000; app++) recent.record(`app${app}`, app, NOW + app);
    expect(recent.size).to.be.within(RECENT_APPS_MAX * 0.9, RECENT_APPS_MAX);
    expect([...recent.entries()].length).to.equal(recent.size);
    const oldest = Math.min(...[...recent.entries()].map((entry) => entry.checkedAtUnixMs));
    expect(oldest).to.be.at.least(NOW + 100_000 - RECENT_APPS_MAX);
  });

  it('knows for a day whether an app has checked, any app, or one of its group', () => {
    const apps = new RecentApps();
    expect(apps.hasSeen('*', '', NOW)).to.equal(false);
    apps.record('gh-ost:orders:42', 'c1', NOW);
    expect(apps.hasSeen('gh-ost:orders:42', '', NOW)).to.equal(true);
    expect(apps.hasSeen('gh-ost', '', NOW)).to.equal(false);
    for (const app of ['gh-ost', 'gh-ost:orders', '*']) {
      expect(apps.hasSeen(app, ':', NOW), app).to.equal(true);
      expect(apps.hasSeen(app, ':', NOW + RECENT_MS), app).to.equal(false);
    }
    expect(apps.hasSeen('gh', ':', NOW)).to.equal(false);
    expect(apps.hasSeen('gh-ost:orders:4', ':', NOW)).to.equal(false);
  });

  describe('mergeRecentApps', () => {
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

    it('merges the latest time of each app over all workers', async () => {
      const merged = await merge([[at('a', NOW - 5), at('b', NOW - 9)], [at('a', NOW - 3)]], null);
      expect(merged).to.have.deep.members([at('a', NOW - 3), at('b', NOW - 9)]);
    });

    it('lists the apps of the last day, or of the last minutes', async () => {
      const ages = [0, 59_999, 60_000, 119_999, 120_000, DAY_MS - 1, DAY_MS];
      const worker = ages.map((age) => at(`age${age}`, NOW - age));
      const agesWithin = async (minutes: number | null): Promise<number[]> =>
        (await merge([worker], minutes)).map(({ checkedAtUnixMs }) => NOW - checkedAtUnixMs);
      expect(await agesWithin(null)).to.deep.equal(ages.slice(0, -1));
      expect(await agesWithin(1)).to.deep.equal(ages.slice(0, 4));
      expect(await agesWithin(1e9)).to.deep.equal(ages.slice(0, -1));
    });

    it('lists at most as many apps as one worker holds: the newest', async () => {
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

describe('MainClient', () => {
  const submit: MainRequest = {
    kind: 'submit',
    command: { kind: 'recoverHost', atMs: 0, host: 'h', client: '10.0.0.1' },
    appSeen: false,
  };

  it('sends the requests of one turn together and gives each its own response', async () => {
    const sent: Array<readonly NumberedRequest[]> = [];
    const client = new MainClient((requests) => sent.push(requests));
    const responses = [client.call({ kind: 'vars' }), client.call({ kind: 'cluster' })];
    await new Promise(setImmediate);
    expect(sent).to.have.length(1);
    const [[vars], [inventory]] = sent[0] as [NumberedRequest, NumberedRequest];
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

  it('responds 503 at once when too many requests are in flight', async () => {
    const client = new MainClient(() => {}, { inFlightMax: 2, timeoutMs: 60_000 });
    const waiting = [client.call({ kind: 'cluster' }), client.call({ kind: 'vars' })];
    expect((await client.call({ kind: 'vars' })).status).to.equal(503);
    client.close();
    expect((await Promise.all(waiting)).map(({ status }) => status)).to.deep.equal([503, 503]);
  });

  it('has places for commands, however many requests read', async () => {
    const client = new MainClient(() => {}, { inFlightMax: 2, timeoutMs: 60_000 });
    const waiting = ['vars', 'metrics', 'vars'] as const;
    const reading = waiting.map((kind) => client.call({ kind }));
    expect((await reading[2]!).status).to.equal(503);
    const commands = [client.call(submit), client.call(submit), client.call(submit)];
    expect((await commands[2]!).status).to.equal(503);
    client.close();
    expect((await commands[0]!).status).to.equal(504);
  });

  it('leaves places to others beside a client that asks too much', async () => {
    let refused = 0;
    const limits = { inFlightMax: 4, timeoutMs: 60_000 };
    const client = new MainClient(
      () => {},
      limits,
      () => {
        refused += 1;
      },
    );
    const greedy = [1, 2, 3].map(() => client.call(submit, 'greedy'));
    expect((await greedy[2]!).status).to.equal(503);
    const modest = client.call(submit, 'modest');
    expect(refused).to.equal(1);
    client.received([[0, { status: 200, json: '' }]]);
    expect((await greedy[0]!).status).to.equal(200);
    const again = client.call(submit, 'greedy');
    client.close();
    expect((await again).status).to.equal(504);
    expect((await modest).status).to.equal(504);
  });

  it('responds 504 to a change and 503 to a read when main does not respond in time', async () => {
    const client = new MainClient(() => {}, { inFlightMax: 9, timeoutMs: 20 });
    const [change, list] = await Promise.all([
      client.call(submit),
      client.call({ kind: 'readBarrier' }),
    ]);
    expect(change).to.include({ status: 504 });
    expect(JSON.parse(change.json).Message).to.contain('unknown');
    expect(list).to.include({ status: 503 });
    // Late responses are dropped, and later requests still get theirs.
    client.received([[0, { status: 200, json: 'late' }]]);
    const next = client.call({ kind: 'vars' });
    client.received([[2, { status: 200, json: 'in time' }]]);
    expect((await next).json).to.equal('in time');
    client.close();
  });

  it('waits longer for a profile without delaying the time-out of other requests', async () => {
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
