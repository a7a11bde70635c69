/** Lists that are long, or asked for by many: written and encoded once, sent as they are taken. */

import { connect } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { expect } from 'chai';
import { PIECE_LENGTH } from '../../src/base/text-pieces.js';
import { HeldBodies } from '../../src/http/worker/engines/held-bodies.js';
import { entryLists } from '../../src/http/worker/entry-lists.js';
import { Lists } from '../../src/http/worker/lists.js';
import type { HandlerResponse } from '../../src/http/worker/response.js';
import { NO_EXPIRY } from '../../src/throttle/commands.js';
import { ThrottleState } from '../../src/throttle/state.js';
import { fetchJson, fetchOnce } from '../support/http-client.js';
import { ENGINES, TestFront } from '../support/http-front.js';

const ENTRIES = 20_000;
const MIB = 1024 * 1024;

function nameOf(entry: number): string {
  return `größe-😀-${String(entry).padStart(6, '0')}`;
}

describe('HeldBodies', () => {
  it('counts a body that clients share once, until the last has it', () => {
    const held = new HeldBodies(3 * MIB);
    const [first, second] = [Buffer.alloc(2 * MIB), Buffer.alloc(2 * MIB)];
    expect([held.hold(first), held.hold(first), held.hold(second)]).to.deep.equal([
      ...[true, true, false],
    ]);
    held.release(first);
    expect(held.hold(second)).to.equal(false);
    held.release(first);
    expect(held.hold(second)).to.equal(true);
  });

  it('has room for one body of any size', () => {
    expect(new HeldBodies(MIB).hold(Buffer.alloc(2 * MIB))).to.equal(true);
  });
});

describe('Lists', () => {
  const OK = { status: 200, json: '{}' };

  it('ask main once for all that ask meanwhile', async () => {
    let calls = 0;
    const ask = async (): Promise<typeof OK> => {
      calls++;
      return OK;
    };
    const lists = new Lists(ask, () => {});
    const asked = Array.from({ length: 1_500 }, () => lists.fromMain({ kind: 'vars' }));
    const statuses = new Set((await Promise.all(asked)).map(({ status }) => status));
    expect([...statuses]).to.deep.equal([200]);
    expect(calls).to.equal(1);
  });

  it('refuse more than 100 different ones that wait', async () => {
    let counted = 0;
    const lists = new Lists(
      async () => OK,
      () => counted++,
    );
    const asked = Array.from({ length: 150 }, (_, list) =>
      lists.afterBarrier(`${list}`, '', async () => ['1']),
    );
    const refused = (await Promise.all(asked)).filter(({ status }) => status === 503);
    expect(refused).to.have.length(50);
    expect(counted).to.equal(50);
  });

  it('of operators do not hold up the reports that other leaders read', async () => {
    const lists = new Lists(
      async () => OK,
      () => {},
    );
    let end = (_body: string[]): void => {};
    const running = new Promise<string[]>((resolve) => {
      end = resolve;
    });
    const asked = Array.from({ length: 101 }, (_, list) =>
      lists.afterBarrier(`${list}`, '', () => running),
    );
    await setImmediate();
    expect(await lists.write('metricsHealth', async () => '{}')).to.include({ status: 200 });
    end(['{}']);
    await Promise.all(asked);
  });

  it('encode a long body once, and keep its characters', async () => {
    const lists = new Lists(
      async () => OK,
      () => {},
    );
    const json = `"${'ä😀'.repeat(50_000)}"`;
    const write = async (): Promise<string> => json;
    const [one, other] = (await Promise.all([
      lists.write('a', write),
      lists.write('a', write),
    ])) as [HandlerResponse, HandlerResponse];
    expect(one.body).to.equal(other.body).and.to.be.instanceOf(Buffer);
    expect(one.body.toString() === `${json}\n`).to.equal(true);
  });
});

describe('a list that is written', () => {
  const page = { limit: 200_000, after: '', prefix: '', key: '' };
  const state = new ThrottleState();

  it('is an empty object where there is nothing', async () => {
    expect(
      await entryLists.throttledApps({ state, nowUnixMs: Date.now(), stores: [] }, page),
    ).to.deep.equal(['{}']);
  });

  it('comes in pieces, of which none takes long to encode', async () => {
    const atMs = Date.now();
    for (let entry = 0; entry < ENTRIES; entry++) {
      state.apply({ kind: 'throttleApp', atMs, key: nameOf(entry), expireAtMs: NO_EXPIRY });
    }
    const pieces = await entryLists.throttledApps({ state, nowUnixMs: atMs, stores: [] }, page);
    expect(pieces.length).to.be.above(10);
    for (const piece of pieces) expect(piece.length).to.be.below(PIECE_LENGTH + 1_000);
    expect(Object.keys(JSON.parse(pieces.join('')))).to.have.length(ENTRIES);
  });
});

for (const engine of ENGINES) {
  describe(`a list of ${ENTRIES} entries on the ${engine} engine`, () => {
    let front: TestFront;

    before(async () => {
      front = await TestFront.start(engine);
      front.addStore('ok');
      const atMs = Date.now();
      for (let entry = 0; entry < ENTRIES; entry++) {
        const key = nameOf(entry);
        front.state.apply({ kind: 'throttleApp', atMs, key, expireAtMs: NO_EXPIRY, ratio: 1 });
      }
    });

    after(() => front.stop());

    it('is whole for each of many that ask at once', async () => {
      const asked = Array.from({ length: 10 }, () => fetchOnce(front.port, '/throttled-apps'));
      const answers = await Promise.all(asked);
      expect(Object.keys(JSON.parse(answers[0]!.body))).to.have.length(ENTRIES);
      for (const { body, headers } of answers) {
        expect(body === answers[0]!.body).to.equal(true);
        expect(headers['content-length']).to.equal(String(Buffer.byteLength(body)));
      }
      const head = await fetchOnce(front.port, '/throttled-apps', { method: 'HEAD' });
      expect(head.headers['content-length']).to.equal(answers[0]!.headers['content-length']);
    });

    it('is followed by other responses on the same connection', async () => {
      const requests = ['/throttled-apps', '/lb-check'];
      const received = await new Promise<string>((resolve, reject) => {
        let text = '';
        const socket = connect({ port: front.port, host: '127.0.0.1' }, () => ask());
        const ask = (): void => {
          socket.write(`GET ${requests.shift()} HTTP/1.1\r\nHost: x\r\n\r\n`);
        };
        socket.on('data', (chunk) => {
          text += chunk.toString('latin1');
          if (text.endsWith('}}\n')) ask();
          if (text.endsWith('"OK"}\n')) {
            socket.destroy();
            resolve(text);
          }
        });
        socket.on('error', reject);
      });
      expect(received.match(/HTTP\/1\.1 200/g)).to.have.length(2);
    });

    it('does not hold others up when clients do not read it', async () => {
      const silent = Array.from({ length: 20 }, () => {
        const socket = connect({ port: front.port, host: '127.0.0.1' }, () => {
          socket.pause();
          socket.write('GET /throttled-apps HTTP/1.1\r\nHost: x\r\n\r\n');
        });
        socket.on('error', () => {});
        return socket;
      });
      const { body } = await fetchOnce(front.port, '/throttled-apps');
      expect(Object.keys(JSON.parse(body))).to.have.length(ENTRIES);
      expect((await fetchOnce(front.port, '/check/a/mysql/ok')).status).to.equal(200);
      for (const socket of silent) socket.destroy();
    });

    it('can be read in parts', async () => {
      const part = async (query: string): Promise<string[]> =>
        Object.keys((await fetchJson(front.port, `/throttled-apps?${query}`)) as object);
      const first = await part('limit=2');
      expect(first).to.deep.equal([nameOf(0), nameOf(1)]);
      const second = await part(`limit=2&after=${encodeURIComponent(first[1]!)}`);
      expect(second).to.deep.equal([nameOf(2), nameOf(3)]);
      expect(await part(`prefix=${encodeURIComponent(nameOf(77).slice(0, -1))}`)).to.deep.equal(
        Array.from({ length: 10 }, (_, index) => nameOf(70 + index)),
      );
      expect(await part('prefix=none')).to.deep.equal([]);
      for (const limit of ['0', '-1', '200001', 'x', '1.5']) {
        const { status } = await fetchOnce(front.port, `/skipped-hosts?limit=${limit}`);
        expect(status, limit).to.equal(400);
      }
    });
  });
}
