/** Control requests over HTTP: the command of each path; an invalid request changes nothing. */
import { expect } from 'chai';
import { NO_EXPIRY } from '../../src/throttle/commands.js';
import { eventLoopTurns } from '../support/event-loop.js';
import { failureOf } from '../support/failure.js';
import { fetchJson, fetchOnce } from '../support/http-client.js';
import { ENGINES, TestFront } from '../support/http-front.js';
import { throttle } from '../support/http-pool.js';

const MINUTE_MS = 60_000;

/** Paths that are refused, and the part that the message names. */
const REFUSED: ReadonlyArray<readonly [path: string, names: string]> = [
  ['/throttle-app/a/ttl/abc', 'ttl'],
  ['/throttle-app/a/ttl/-1', 'ttl'],
  ['/throttle-app/a/ttl/1.5', 'ttl'],
  ['/throttle-app/a/ttl/1e3', 'ttl'],
  ['/throttle-app/a/ttl/0x10', 'ttl'],
  ['/throttle-app/a/ttl/%20', 'ttl'],
  ['/throttle-app/a/ttl/52560001', 'ttl'],
  ['/throttle-app/a/ttl/99999999999', 'ttl'],
  ['/throttle-app/a/ttl/99999999999999999999999', 'ttl'],
  ['/throttle-app/a/ratio/1.1', 'ratio'],
  ['/throttle-app/a/ratio/-0.1', 'ratio'],
  ['/throttle-app/a/ratio/NaN', 'ratio'],
  ['/throttle-app/a/ratio/Inf', 'ratio'],
  ['/throttle-app/a/ratio/x', 'ratio'],
  ['/throttle-app/a/ttl/5/ratio/2', 'ratio'],
  ['/throttle-app/a/ttl/x/ratio/1', 'ttl'],
  ['/throttle-app//ttl/5', 'no app'],
  ['/throttle-app/a?store_name=x/y', 'store_name'],
  ['/throttle-app/a?store_name=x%2Fy', 'store_name'],
  ['/throttle-app/a?store_name=%zz', 'percent-encoding'],
  [`/throttle-app/a?store_name=${'x'.repeat(1025)}`, 'store_name'],
  [`/throttle-app/${'a'.repeat(129)}`, 'app: a name of at most 128 characters'],
  [`/throttle-app/${'%C3%A4'.repeat(129)}/ttl/5`, '128 characters'],
  [`/unthrottle-app/${'a'.repeat(129)}`, '128 characters'],
  [`/exempt-app/${'a'.repeat(129)}`, '128 characters'],
  [`/throttle-app/a?store_name=${'s'.repeat(129)}`, 'store_name: a name of at most 128'],
  [`/throttle-app/${'%F0%9F%98%80'.repeat(128)}?store_name=${'%F0%9F%98%80'.repeat(128)}`, '1000'],
  [`/skip-host/${'h'.repeat(256)}`, 'host: a name of at most 255 characters'],
  [`/skip-host/${'h'.repeat(256)}:3306`, '255 characters'],
  [`/recover-host/${'h'.repeat(256)}`, '255 characters'],
  ['/unthrottle-app/a?store_name=%f', 'percent-encoding'],
  ['/skip-host/h:0', 'HOST:PORT'],
  ['/skip-host/h:65536/ttl/5', 'HOST:PORT'],
  ['/skip-host/:3306', 'no host'],
  ['/skip-host/%5Bh%5D:3306', 'HOST:PORT'],
  ['/skip-host/h/ttl/abc', 'ttl'],
  ['/skip-host/h/ttl/-5', 'ttl'],
  ['/skip-host//ttl/5', 'no host'],
  ['/recent-apps/x', 'minutes'],
  ['/recent-apps/-1', 'minutes'],
];

for (const engine of ENGINES) {
  describe(`control requests on the ${engine} engine`, () => {
    let front: TestFront;

    beforeEach(async () => {
      front = await TestFront.start(engine);
    });

    afterEach(() => front.stop());

    async function ok(path: string): Promise<void> {
      expect(await fetchOnce(front.port, path)).to.include({
        status: 200,
        body: '{"StatusCode":200,"Message":"OK"}\n',
      });
    }

    /** The entry's minutes to live (null: no end) and ratio. */
    function entryOf(key: string): { minutes: number | null; ratio: number } | undefined {
      const entry = front.state.throttledApp(key, Date.now());
      if (entry === undefined) return undefined;
      const { expireAtMs, ratio } = entry;
      const minutes =
        expireAtMs === NO_EXPIRY ? null : Math.round((expireAtMs - Date.now()) / MINUTE_MS);
      return { minutes, ratio };
    }

    it('throttles an app for 60 minutes with ratio 1 by default, also again', async () => {
      await ok('/throttle-app/archive/ttl/5/ratio/0.5');
      await ok('/throttle-app/archive');
      expect(entryOf('archive')).to.deep.equal({ minutes: 60, ratio: 1 });
    });

    it('leaves the ratio with a TTL alone, and the TTL with a ratio alone', async () => {
      await ok('/throttle-app/archive/ttl/30/ratio/0.25');
      await ok('/throttle-app/archive/ttl/10');
      expect(entryOf('archive')).to.deep.equal({ minutes: 10, ratio: 0.25 });
      await ok('/throttle-app/archive/ratio/0.75');
      expect(entryOf('archive')).to.deep.equal({ minutes: 10, ratio: 0.75 });
    });

    it('gives a new entry the defaults: ratio 1 and 60 minutes', async () => {
      await ok('/throttle-app/a/ttl/10');
      await ok('/throttle-app/b/ratio/0');
      expect(entryOf('a')).to.deep.equal({ minutes: 10, ratio: 1 });
      expect(entryOf('b')).to.deep.equal({ minutes: 60, ratio: 0 });
    });

    it('accepts a TTL of up to a hundred years', async () => {
      await ok('/throttle-app/archive/ttl/52560000');
      expect(entryOf('archive')).to.deep.equal({ minutes: 100 * 365 * 24 * 60, ratio: 1 });
    });

    it('takes a TTL of 0 as no expiry', async () => {
      await ok('/throttle-app/archive/ttl/0');
      expect(entryOf('archive')).to.deep.equal({ minutes: null, ratio: 1 });
      expect((await fetchOnce(front.port, '/throttled-apps')).body).to.equal(
        '{"archive":{"ExpireAt":"0001-01-01T00:00:00Z","Ratio":1}}\n',
      );
    });

    it('limits an entry to one store', async () => {
      await ok('/throttle-app/archive/ttl/5?store_name=main1');
      await ok('/throttle-app/archive/ratio/0.5?x=1&store_name=gr%C3%B6%C3%9Fe+2');
      expect(entryOf('archive')).to.equal(undefined);
      expect(entryOf('archive/main1')).to.deep.equal({ minutes: 5, ratio: 1 });
      expect(entryOf('archive/größe 2')).to.deep.equal({ minutes: 60, ratio: 0.5 });
    });

    it('unthrottles one store of an app, or all of them', async () => {
      await ok('/throttle-app/archive');
      await ok('/throttle-app/archive?store_name=s1');
      await ok('/throttle-app/archive?store_name=s2');
      await ok('/throttle-app/archiver');
      await ok('/unthrottle-app/archive?store_name=s1');
      expect(await fetchJson(front.port, '/throttled-apps')).to.have.all.keys(
        'archive',
        'archive/s2',
        'archiver',
      );
      await ok('/unthrottle-app/archive');
      expect(await fetchJson(front.port, '/throttled-apps')).to.have.all.keys('archiver');
      await ok('/unthrottle-app/nosuch');
    });

    it('skips a host, or one port of it, for 60 minutes by default', async () => {
      await ok('/skip-host/h1');
      await ok('/skip-host/h2/ttl/0');
      await ok('/skip-host/h3:03306/ttl/5');
      await ok('/skip-host/%5B2001:db8::1%5D:3306/ttl/7');
      await ok('/skip-host/2001:db8::2/ttl/8');
      await ok('/skip-host/%5B2001:db8::3%5D/ttl/9');
      const minutes = front.state
        .skippedHosts(Date.now())
        .map(([host, { expireAtMs }]) => [host, Math.round((expireAtMs - Date.now()) / MINUTE_MS)]);
      expect(minutes).to.deep.equal([
        ['2001:db8::2', 8],
        ['2001:db8::3', 9],
        ['[2001:db8::1]:3306', 7],
        ['h1', 60],
        ['h2', 60],
        ['h3:3306', 5],
      ]);
    });

    it('recovers a host with all its ports, or one port of it', async () => {
      for (const host of ['h1', 'h1:1', 'h1:2', 'h2', 'h2:1', '%5B::1%5D:1', '::1', 'h11:1']) {
        await ok(`/skip-host/${host}`);
      }
      await ok('/recover-host/h1:1');
      await ok('/recover-host/h2:1');
      await ok('/recover-host/%5B::1%5D');
      expect(await fetchJson(front.port, '/skipped-hosts')).to.have.all.keys(
        'h1',
        'h1:2',
        'h2',
        'h11:1',
      );
      await ok('/recover-host/H1');
      expect(await fetchJson(front.port, '/skipped-hosts')).to.have.all.keys('h2', 'h11:1');
    });

    it('lists the skipped hosts with RFC 3339 times', async () => {
      const expireAtMs = Math.ceil(Date.now() / 1000) * 1000 + MINUTE_MS;
      front.state.apply({ kind: 'skipHost', atMs: Date.now(), host: 'b', expireAtMs });
      front.state.apply({
        kind: 'skipHost',
        atMs: Date.now(),
        host: 'a',
        expireAtMs: expireAtMs + 120,
      });
      const seconds = new Date(expireAtMs).toISOString().slice(0, 19);
      expect((await fetchOnce(front.port, '/skipped-hosts')).body).to.equal(
        `{"a":"${seconds}.12Z","b":"${seconds}Z"}\n`,
      );
    });

    it('lists 9,000 throttled apps sorted by key', async () => {
      const keys = Array.from({ length: 9_000 }, (_, index) => `app${(index * 7919) % 9_000}`);
      for (const key of keys) {
        front.state.apply({ kind: 'throttleApp', atMs: Date.now(), key, ratio: 1 });
      }
      const { body } = await fetchOnce(front.port, '/throttled-apps');
      expect(Object.keys(JSON.parse(body) as object)).to.deep.equal([...keys].sort());
    });

    it('writes a list at most twice for 20 concurrent requests', async () => {
      front.state.apply(throttle('archive'));
      let images = 0;
      const image = front.state.image.bind(front.state);
      front.state.image = () => {
        images++;
        return image();
      };
      let release = (): void => {};
      const released = new Promise<void>((resolve) => {
        release = resolve;
      });
      front.respond = async () => {
        if (front.mainRequests.length === 20) release();
        await released;
        return { status: 200, json: '' };
      };
      const lists = Array.from({ length: 20 }, () => fetchJson(front.port, '/throttled-apps'));
      for (const list of await Promise.all(lists)) expect(list).to.have.all.keys('archive');
      expect(images).to.be.within(1, 2);
    });

    for (const [path, names] of REFUSED) {
      it(`refuses ${path.slice(0, 60)} and changes nothing`, async () => {
        const { status, body } = await fetchOnce(front.port, path);
        expect(status).to.equal(400);
        expect(JSON.parse(body)).to.have.all.keys('StatusCode', 'Message');
        expect(JSON.parse(body).Message).to.contain(names);
        expect(front.mainRequests).to.deep.equal([]);
      });
    }

    it('passes the errors of main on to the client', async () => {
      for (const status of [503, 504]) {
        const json = `{"StatusCode":${status},"Message":"because"}`;
        front.respond = () => ({ status, json });
        for (const path of ['/throttle-app/a', '/throttled-apps', '/skipped-hosts', '/inventory']) {
          expect(await fetchOnce(front.port, path)).to.include({ status, body: `${json}\n` });
        }
      }
    });

    it('sends a response of main without a body as such', async () => {
      front.respond = () => ({ status: 500, json: '' });
      const { status, headers, body } = await fetchOnce(front.port, '/raft/leader');
      expect({ status, length: headers['content-length'], body }).to.deep.equal({
        status: 500,
        length: '0',
        body: '',
      });
    });

    it('requests the recent apps of the last minutes, 0 for all', async () => {
      const part = 'limit=2&after=a%2Fc&prefix=a';
      const paths = ['/recent-apps', '/recent-apps/0', `/recent-apps/15?${part}`];
      for (const path of [...paths, `/inventory?${part}`]) await fetchOnce(front.port, path);
      const whole = { limit: 200_000, after: '', prefix: '' };
      const page = { limit: 2, after: 'a/c', prefix: 'a' };
      expect(front.mainRequests).to.deep.equal([
        { kind: 'recentApps', lastMinutes: null, page: whole },
        { kind: 'recentApps', lastMinutes: null, page: whole },
        { kind: 'recentApps', lastMinutes: 15, page },
        { kind: 'inventory', page },
      ]);
      for (const path of ['/recent-apps', '/recent-apps/3', '/inventory']) {
        expect((await fetchOnce(front.port, `${path}?limit=0`)).status).to.equal(400);
      }
      expect(front.mainRequests).to.have.length(4);
    });

    it('survives a client that disconnects before its response', async () => {
      for (const method of ['GET', 'HEAD']) {
        let respondNow = (): void => {};
        const received = new Promise<void>((resolve) => {
          front.respond = () => {
            resolve();
            return new Promise((respond) => {
              respondNow = () => respond({ status: 200, json: '"late"' });
            });
          };
        });
        const client = new AbortController();
        const left = failureOf(
          fetchOnce(front.port, '/raft/leader', { method, signal: client.signal }),
        );
        await received;
        client.abort();
        expect((await left).name).to.equal('AbortError');
        // The engine notices the end of the connection.
        await eventLoopTurns();
        respondNow();
      }
      front.respond = () => ({ status: 200, json: '"x"' });
      expect((await fetchOnce(front.port, '/raft/leader')).body).to.equal('"x"\n');
    });
  });
}
