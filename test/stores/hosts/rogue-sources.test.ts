/** Sources of hosts that send too much: the list is refused, and the thread is not held. */
import { lookup } from 'node:dns';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { expect } from 'chai';
import type { HostSource } from '../../../src/contracts/stores.js';
import { resultSet } from '../../../src/demo/mysql/packets.js';
import { createReaderFactory } from '../../../src/stores/main/hosts/create-host-source.js';
import { jsonElements } from '../../../src/stores/main/hosts/json-elements.js';
import { ListedSource } from '../../../src/stores/main/listed-source.js';
import { HttpChecker } from '../../../src/stores/prober/http-check.js';
import { failureOf } from '../../support/failure.js';
import { OddMySQL } from '../../support/odd-mysql.js';
import { Pages } from '../../support/pages.js';

/** The longest time for which the thread did nothing else meanwhile, in milliseconds. */
async function longestHold(work: Promise<unknown>): Promise<number> {
  let longestMs = 0;
  let isOver = false;
  const over = work
    .catch(() => undefined)
    .then(() => {
      isOver = true;
    });
  for (let atMs = performance.now(); !isOver; ) {
    await new Promise(setImmediate);
    const nowMs = performance.now();
    longestMs = Math.max(longestMs, nowMs - atMs);
    atMs = nowMs;
  }
  await over;
  return longestMs;
}

function readerOf(hosts: HostSource) {
  return createReaderFactory(lookup)({ cluster: 'main', hosts, port: 3306 })!;
}

function vitess(api: string) {
  return readerOf({
    ...{ kind: 'vitess', caFile: '', api, cells: [], keyspace: 'k', shard: '0', timeoutMs: 5_000 },
  } as HostSource);
}

function proxysql(admin: { host: string; port: number }) {
  return readerOf({
    ...{ kind: 'proxysql', addresses: [`${admin.host}:${admin.port}`], user: 'u', password: 'p' },
    passwordFile: '',
    ...{ hostgroupId: 1, ignoreServerTtlMs: 0 },
  } as HostSource);
}

describe('a rogue source of hosts', () => {
  it('lists too many tablets', async () => {
    const tablet = JSON.stringify({ type: 2, hostname: 'db' });
    const body = `[${Array(100_000).fill(tablet).join()}]`;
    const pages = await Pages.serve((_request, response) => response.end(body));
    try {
      const reading = vitess(pages.url).read();
      const hold = longestHold(reading);
      expect((await failureOf(reading)).message).to.include('more than 20000 tablets');
      expect(await hold).to.be.below(40);
    } finally {
      await pages.close();
    }
  });

  it('floods with interim responses', async () => {
    const flood = Buffer.from('HTTP/1.1 100 Continue\r\n\r\n'.repeat(3_000));
    const server: Server = createServer((socket) => {
      socket.on('error', () => socket.destroy());
      const write = (): void => {
        while (!socket.destroyed && socket.write(flood));
      };
      socket.on('drain', write);
      write();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    try {
      const reading = vitess(`http://127.0.0.1:${port}`).read();
      const hold = longestHold(reading);
      expect((await failureOf(reading)).message).to.include('interim responses');
      expect(await hold).to.be.below(40);
      const checker = new HttpChecker();
      const leftOut = await new Promise((resolve) =>
        checker.check(`http://127.0.0.1:${port}/x`, lookup, resolve),
      );
      expect(leftOut).to.equal(false);
      expect(checker.counters.failed).to.equal(1);
    } finally {
      server.close();
    }
  });

  it('sends the rows of an admin port without end', async () => {
    const rows = resultSet(
      ['srv_host', 'srv_port', 'status'].map((name) => ({ name, type: 'text' })),
      Array(500).fill(['db', '3306', 'ONLINE']),
    );
    const admin = await OddMySQL.listen(() => ({
      answer: (_sql, socket) => {
        const write = (): void => {
          // Without the packet that ends the rows.
          while (!socket.destroyed && socket.write(rows.subarray(0, -9)));
        };
        socket.on('drain', write);
        setImmediate(write);
        return Buffer.alloc(0);
      },
    }));
    try {
      // The client library is loaded with the first reading.
      await import('../../../src/stores/main/hosts/proxysql-admin.js');
      const reading = proxysql(admin).read();
      const hold = longestHold(reading);
      expect((await failureOf(reading)).message).to.match(/out of order|more than \d+ bytes/);
      expect(await hold).to.be.below(40);
    } finally {
      await admin.close();
    }
  });

  it('lists more hosts than a list may have: the last good list stays', async () => {
    let hosts = 3;
    const read = async () => ({
      hosts: Array.from({ length: hosts }, (_, number) => ({ host: `db${number}`, port: 3306 })),
      problem: '',
    });
    const settings = { cluster: 'main', hosts: { kind: 'none' }, port: 3306 } as const;
    let room = 20_000;
    const source = new ListedSource(
      settings,
      () => ({ read }),
      () => 0,
      () => room,
    );
    await source.read();
    hosts = 10_001;
    expect(await source.read()).to.equal('failed');
    expect(source.error).to.include('more than 10000 hosts');
    expect(source.targets).to.have.length(3);
    hosts = 10_000;
    expect(await source.read()).to.equal('good');
    room = 5_000;
    expect(await source.read()).to.equal('failed');
    expect(source.error).to.include('room for 5000');
    expect(source.targets).to.have.length(10_000);
  });
});

describe('a JSON list that is read in pieces', () => {
  async function elements(text: string): Promise<unknown[]> {
    const read: unknown[] = [];
    for await (const element of jsonElements(Buffer.from(text))) read.push(element);
    return read;
  }

  const lists = [
    [],
    [1],
    ['a,b]', '"\\"', '[{', 'é\u2028'],
    [{ a: [1, { b: ']' }] }, [], {}, null, true, -1.5e3],
    [[[[]]], ''],
  ];
  for (const list of lists) {
    it(`has the elements of ${JSON.stringify(list)}`, async () => {
      expect(await elements(JSON.stringify(list))).to.deep.equal(list);
      expect(await elements(` ${JSON.stringify(list, null, 2)}\n`)).to.deep.equal(list);
    });
  }

  it('refuses what is none', async () => {
    for (const text of ['', '[', '[1', '[1,', '[1,]', '[,1]', '[1]]', '[1] x', '["a]', '[}', '{']) {
      expect((await failureOf(elements(text))).message, text).to.include('not JSON');
    }
    expect((await failureOf(elements('{"a":1}'))).message).to.include('not a list');
    expect((await failureOf(elements(`["${'x'.repeat(70_000)}"]`))).message).to.include('too long');
  });
});
