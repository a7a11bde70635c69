/** The pool of HTTP workers: every change reaches all of them, and the pool stops in order. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect } from 'chai';
import { FrenoError } from '../../src/base/errors.js';
import { HttpThread } from '../../src/http/main/http-thread.js';
import { NO_APP_RULES } from '../../src/throttle/app-rules.js';
import { PART_ROWS } from '../../src/throttle/image-parts.js';
import { EMPTY_IMAGE } from '../../src/throttle/state.js';
import { storeLocation } from '../support/cluster-settings.js';
import { failureOf } from '../support/failure.js';
import { fetchJson, fetchOnce } from '../support/http-client.js';
import { ENGINES } from '../support/http-front.js';
import { TestPool, throttle, unthrottle } from '../support/http-pool.js';
import { checksOf } from '../support/statistics.js';
import { until } from '../support/until.js';

/** Enough connections that the kernel gives some to each of two workers. */
const CONNECTIONS = 24;

async function statuses(port: number, path: string): Promise<Set<number>> {
  const responses = Array.from({ length: CONNECTIONS }, () => fetchOnce(port, path));
  return new Set((await Promise.all(responses)).map(({ status }) => status));
}

for (const engine of ENGINES) {
  describe(`the HTTP pool on the ${engine} engine`, () => {
    let test: TestPool;

    beforeEach(async () => {
      test = new TestPool({ engine });
      await test.pool.start();
    });

    afterEach(() => test.pool.stop());

    it('responds to checks from the board that main shares', async () => {
      expect(await statuses(test.pool.port, '/check/app/mysql/main1')).to.deep.equal(
        new Set([200]),
      );
    });

    it('resolves apply when every worker has the command', async () => {
      await test.apply(throttle('archive'));
      expect(await statuses(test.pool.port, '/check/archive/mysql/main1')).to.deep.equal(
        new Set([417]),
      );
    });

    it('resolves settled when a lone worker has acknowledged the commands', async () => {
      const lone = new TestPool({ engine, workers: 1 });
      await lone.pool.start();
      void lone.apply(throttle('archive'));
      await lone.pool.settled();
      expect(await statuses(lone.pool.port, '/check/archive/mysql/main1')).to.deep.equal(
        new Set([417]),
      );
      await lone.pool.stop();
    });

    it('keeps the order of commands that are applied in one turn', async () => {
      const last = [throttle('a'), unthrottle('a'), throttle('b'), throttle('a'), unthrottle('b')];
      await Promise.all(last.map((command) => test.apply(command)));
      expect(await statuses(test.pool.port, '/check/a/mysql/main1')).to.deep.equal(new Set([417]));
      expect(await statuses(test.pool.port, '/check/b/mysql/main1')).to.deep.equal(new Set([200]));
    });

    it('replaces the whole state of every worker on restore', async () => {
      const applied = test.apply(throttle('gone'));
      test.state.restore({
        ...EMPTY_IMAGE,
        throttledApps: [['restored', { expireAtMs: 0, ratio: 1 }]],
      });
      await Promise.all([applied, test.pool.restore(test.state.image())]);
      const { port } = test.pool;
      expect(await statuses(port, '/check/gone/mysql/main1')).to.deep.equal(new Set([200]));
      expect(await statuses(port, '/check/restored/mysql/main1')).to.deep.equal(new Set([417]));
    });

    it('replaces a state of many parts in every worker, with what follows behind it', async () => {
      const throttledApps = Array.from(
        { length: 3 * PART_ROWS },
        (_, app) => [`app${app}`, { expireAtMs: 0, ratio: 1 }] as const,
      );
      test.state.restore({ ...EMPTY_IMAGE, throttledApps });
      const restored = test.pool.restore(test.state.image());
      await Promise.all([restored, test.apply(unthrottle('app1'), throttle('late'))]);
      const { port } = test.pool;
      for (const app of ['app0', `app${3 * PART_ROWS - 1}`, 'late']) {
        expect(await statuses(port, `/check/${app}/mysql/main1`)).to.deep.equal(new Set([417]));
      }
      expect(await statuses(port, '/check/app1/mysql/main1')).to.deep.equal(new Set([200]));
    });

    it('gives a state of many parts to the workers that start', async () => {
      const late = new TestPool({ engine });
      const many = Array.from({ length: 3 * PART_ROWS }, (_, app) => throttle(`app${app}`));
      for (const command of many) late.state.apply(command);
      await late.pool.start();
      const last = `/check/app${many.length - 1}/mysql/main1`;
      expect(await statuses(late.pool.port, last)).to.deep.equal(new Set([417]));
      await late.pool.stop();
    });

    it('knows which apps have checked, whichever worker answered them', async () => {
      await fetchOnce(test.pool.port, '/check/seen/mysql/main1');
      // The node engine has one worker, which is the one that received the command.
      const isElsewhere = engine === 'uws';
      expect(await test.pool.hasSeenElsewhere('seen')).to.equal(isElsewhere);
      expect(await test.pool.hasSeenElsewhere('*')).to.equal(isElsewhere);
      expect(await test.pool.hasSeenElsewhere('unseen')).to.equal(false);
    });

    it('resolves setStores when every worker has the stores', async () => {
      await test.pool.setStores([storeLocation('other', 0)], NO_APP_RULES);
      expect(await statuses(test.pool.port, '/check/a/mysql/other')).to.deep.equal(new Set([200]));
      expect(await statuses(test.pool.port, '/check/a/mysql/main1')).to.deep.equal(new Set([404]));
    });

    it('sends new memcached servers to the workers', async () => {
      test.pool.setMemcache({ servers: ['cache:11211'], path: 'x', tls: null });
      // Messages keep their order: the acknowledgement of a later one covers this one.
      await test.pool.setStores([], NO_APP_RULES);
      expect(await fetchJson(test.pool.port, '/config/memcache')).to.deep.equal({
        MemcacheServers: ['cache:11211'],
        MemcachePath: 'x',
      });
    });

    it('responds to a control request when every worker has the change', async () => {
      const { port } = test.pool;
      expect((await fetchOnce(port, '/throttle-app/archive')).status).to.equal(200);
      expect(await statuses(port, '/check/archive/mysql/main1')).to.deep.equal(new Set([417]));
      expect(await fetchJson(port, '/throttled-apps')).to.have.property('archive');
    });

    it('collects the statistics of all workers', async () => {
      await statuses(test.pool.port, '/check/app/mysql/main1');
      await statuses(test.pool.port, '/check/app/mysql/nosuch');
      const checks = (await test.pool.collect('checks')).flatMap((worker) => worker.checks);
      const sum = (name: string): number =>
        checks
          .filter(({ storeName }) => storeName === name)
          .reduce((total, count) => total + checksOf(count), 0);
      expect(sum('main1')).to.equal(CONNECTIONS);
      expect(sum('nosuch')).to.equal(CONNECTIONS);
      const recent = (await test.pool.collect('recentApps')).flatMap((worker) => worker.recentApps);
      expect(new Set(recent.map(({ app, client }) => `${app}/${client}`))).to.deep.equal(
        new Set(['app/127.0.0.1']),
      );
    });

    it('responds to requests in flight before it stops', async () => {
      let respondNow = (): void => {};
      const received = new Promise<void>((resolve) => {
        test.respond = () =>
          new Promise((respond) => {
            respondNow = () => respond({ status: 200, json: '"late"' });
            resolve();
          });
      });
      const response = fetchOnce(test.pool.port, '/raft/leader');
      await received;
      const stopped = test.pool.stop();
      setTimeout(respondNow, 100);
      expect(await response).to.include({ status: 200, body: '"late"\n' });
      await stopped;
    });

    it('refuses connections once stopped', async () => {
      await test.pool.stop();
      const refused = await fetchOnce(test.pool.port, '/lb-check').catch((error) => error.code);
      expect(refused).to.equal('ECONNREFUSED');
    });

    it('resolves apply at once when it has stopped', async () => {
      await test.pool.stop();
      await test.apply(throttle('archive'));
      expect(await test.pool.collect('checks')).to.deep.equal([]);
    });
  });
}

describe('the start of an HTTP pool', () => {
  it('rejects with the key when the port is taken', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, resolve));
    const address = other.address();
    const listenPort = typeof address === 'object' && address !== null ? address.port : 0;
    const { pool } = new TestPool({ listenPort });
    const error: unknown = await pool.start().catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(FrenoError);
    expect((error as FrenoError).code).to.equal('RESOURCE');
    expect((error as FrenoError).message).to.contain(
      `ListenPort: cannot listen on port ${listenPort}`,
    );
    await new Promise((resolve) => other.close(resolve));
  });

  it('rejects when another freno listens on the port, though it shares it', async () => {
    const first = new TestPool({ workers: 2 });
    await first.pool.start();
    const second = new TestPool({ workers: 2, listenPort: first.pool.port });
    const error: unknown = await second.pool.start().catch((reason: unknown) => reason);
    expect((error as FrenoError).code).to.equal('RESOURCE');
    await first.pool.stop();
  });

  it('reports at the start why its threads could not be launched before', async () => {
    const first = new TestPool({ workers: 1 });
    await first.pool.start();
    const second = new TestPool({ workers: 1, listenPort: first.pool.port });
    second.pool.launch();
    await first.pool.settled();
    const error: unknown = await second.pool.start().catch((reason: unknown) => reason);
    expect((error as FrenoError).code).to.equal('RESOURCE');
    await first.pool.stop();
  });

  it('serves from the thread that was there before it', async () => {
    const firstThread = new HttpThread(0);
    const { pool } = new TestPool({ workers: 1, firstThread });
    await pool.start();
    expect((await fetchOnce(pool.port, '/lb-check')).status).to.equal(200);
    expect(firstThread.hasEnded).to.equal(false);
    await pool.stop();
    expect(firstThread.hasEnded).to.equal(true);
  });

  it('starts a thread in the place of one that has ended before it', async () => {
    const firstThread = new HttpThread(0);
    await firstThread.worker.terminate();
    const { pool } = new TestPool({ workers: 1, firstThread });
    await pool.start();
    expect((await fetchOnce(pool.port, '/lb-check')).status).to.equal(200);
    await pool.stop();
  });

  it('gives its threads the state of the start, not that of the launch', async () => {
    const { pool, state } = new TestPool({ workers: 1 });
    pool.launch();
    // Its threads load after those, and as long; it drains before it stops.
    const other = new TestPool({ workers: 1 });
    await other.pool.start();
    await other.pool.stop();
    const early = fetchOnce(pool.port, '/lb-check');
    const outcome = await early.then(
      () => 'answered',
      () => 'refused',
    );
    state.apply(throttle('archive'));
    void pool.setStores([storeLocation('later', 0)], NO_APP_RULES);
    await pool.start();
    const throttled = await fetchOnce(pool.port, '/check/archive/mysql/later');
    const free = await fetchOnce(pool.port, '/check/other/mysql/later');
    await pool.stop();
    expect([outcome, throttled.status, free.status]).to.deep.equal(['refused', 417, 200]);
  });

  it('ends threads that were launched and never started', async () => {
    const { pool, diagnostics } = new TestPool({ workers: 2 });
    pool.launch();
    await until(() => pool.port !== 0);
    await pool.stop();
    await failureOf(fetchOnce(pool.port, '/lb-check'));
    diagnostics.stop();
  });

  it('starts on the port of a pool that has just stopped', async () => {
    const first = new TestPool({ workers: 1 });
    await first.pool.start();
    await fetchOnce(first.pool.port, '/lb-check');
    await first.pool.stop();
    const second = new TestPool({ workers: 1, listenPort: first.pool.port });
    await second.pool.start();
    expect((await fetchOnce(second.pool.port, '/lb-check')).status).to.equal(200);
    await second.pool.stop();
  });

  it('has one worker on the node engine, whatever is configured', async () => {
    const test = new TestPool({ engine: 'node', workers: 4 });
    await test.pool.start();
    expect(await test.pool.collect('checks')).to.have.length(1);
    await test.pool.stop();
  });

  it('uses uWebSockets with engine auto where the module loads', async () => {
    const test = new TestPool({ engine: 'auto' });
    await test.pool.start();
    expect(test.pool.engine).to.equal('uws');
    await test.pool.stop();
  });
});

describe('an HTTP pool where the native module does not load', () => {
  const preload = new URL('./no-native-preload.js', import.meta.url).href;

  function startWith(engine: string): { child: ChildProcess; reports: unknown[] } {
    const child = fork(new URL('./pool-driver.js', import.meta.url), [engine], {
      execArgv: ['--import', preload],
    });
    const reports: unknown[] = [];
    child.on('message', (message) => reports.push(message));
    return { child, reports };
  }

  it('falls back to the node engine with one warning when the engine is auto', async () => {
    const { child, reports } = startWith('auto');
    while (reports.length < 2) await once(child, 'message');
    const [warning, started] = reports as [
      { logged: { level: number; msg: string; reason: string } },
      { port: number; engine: string },
    ];
    expect(warning.logged.level).to.equal(40);
    expect(warning.logged.msg).to.contain('HttpEngine');
    expect(warning.logged.reason).to.contain('no binary for this platform');
    expect(started.engine).to.equal('node');
    expect((await fetchOnce(started.port, '/check/a/mysql/main1')).status).to.equal(200);
    child.send('stop');
    const [code] = await once(child, 'exit');
    expect(code).to.equal(0);
  });

  it('rejects with the key when the engine is uws and does not load', async () => {
    const { child, reports } = startWith('uws');
    // Messages may still arrive when the process has exited.
    const [[code]] = await Promise.all([once(child, 'exit'), once(child, 'disconnect')]);
    expect(code).to.equal(1);
    expect(reports).to.have.length(1);
    const { refused } = reports[0] as { refused: string };
    expect(refused).to.match(/^RESOURCE HttpEngine: .*no binary for this platform/);
  });
});
