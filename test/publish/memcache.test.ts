/** Publishing in a real memcached: what is written, how often, and failures of memcached. */
import { type AddressInfo, createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'chai';
import { pino } from 'pino';
import { LOG_LEVELS, type Logger } from '../../src/base/log.js';
import type { StorePublication } from '../../src/contracts/publisher.js';
import { freePorts } from '../../src/demo/temporary.js';
import { keyProblem, serverOf } from '../../src/publish/prober/memcache/keys.js';
import {
  MemcachePublisher,
  WRITE_INTERVAL_MS,
} from '../../src/publish/prober/memcache/publisher.js';
import { IN_FLIGHT_MAX } from '../../src/publish/prober/memcache/server.js';
import { MetricState } from '../../src/throttle/metric.js';
import { Memcached, type MemcachedProtocol } from '../support/memcached.js';
import { needPrograms } from '../support/needs.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { until } from '../support/until.js';

const { ok, error } = MetricState;

function logInto(lines: string[]): Logger {
  return pino(
    { level: 'warn', customLevels: LOG_LEVELS },
    { write: (line) => void lines.push(line) },
  );
}

/** A value that was written, with the writer's clock. */
interface MemcacheWrite {
  readonly atMs: number;
  readonly value: number;
}

/** Publishes again and again, as a probe thread does, until the condition holds. */
async function publishUntil(
  condition: () => boolean | Promise<boolean>,
  publish: () => void,
): Promise<void> {
  await until(() => {
    publish();
    return condition();
  });
}

describe('MemcachePublisher', () => {
  before(function () {
    needPrograms(this, 'memcached');
  });

  const servers: Memcached[] = [];
  const proxies: TcpProxy[] = [];
  const publishers: MemcachePublisher[] = [];
  const log: string[] = [];
  let acting = true;

  async function memcached(protocol?: MemcachedProtocol): Promise<Memcached> {
    const server = await Memcached.start(protocol);
    servers.push(server);
    return server;
  }

  /**
   * A memcached, by the address of a proxy before it, and all that is written to it. memcached
   * counts the second of an expiry in ticks of its clock: a value may expire as soon as it is set.
   */
  async function recording(): Promise<{ address: string; writes: MemcacheWrite[] }> {
    const { port } = await memcached();
    const proxy = await TcpProxy.start({ host: '127.0.0.1', port });
    proxies.push(proxy);
    const writes: MemcacheWrite[] = [];
    proxy.onSent = (chunk) => {
      for (const [, atMs, value] of chunk.toString('latin1').matchAll(/(\d{13}):(\d+\.\d{6})/g)) {
        writes.push({ atMs: Number(atMs), value: Number(value) });
      }
    };
    return { address: `127.0.0.1:${proxy.port}`, writes };
  }

  function publisherTo(addresses: readonly string[], path = 'freno'): MemcachePublisher {
    const publisher = new MemcachePublisher({
      address: { servers: addresses, path, tls: null },
      mayAct: () => acting,
      log: logInto(log),
    });
    publishers.push(publisher);
    return publisher;
  }

  /** The first value is lost while the connection is made. */
  function connected(publisher: MemcachePublisher, store: StorePublication): Promise<void> {
    return publishUntil(
      () => publisher.statistics.written > 0,
      () => store.publish(ok, 1),
    );
  }

  beforeEach(() => {
    acting = true;
    log.length = 0;
  });

  afterEach(async () => {
    for (const publisher of publishers.splice(0)) publisher.close();
    await Promise.all(proxies.splice(0).map((proxy) => proxy.stop()));
    await Promise.all(servers.splice(0).map((server) => server.stop()));
  });

  it('writes <epoch millis>:<value> under <path>/mysql/<store> for a second', async () => {
    const server = await memcached();
    const publisher = publisherTo([server.address], 'some/path');
    const store = publisher.open('main1');
    const beforeMs = Date.now();
    let value: string | undefined;
    await publishUntil(
      async () => {
        value = await server.get('some/path/mysql/main1');
        return value !== undefined;
      },
      () => store.publish(ok, 0.43),
    );
    expect(value).to.match(/^\d{13}:0\.430000$/);
    expect(Number.parseInt(value!, 10)).to.be.within(beforeMs, Date.now());
    await publishUntil(
      async () => (await server.get('some/path/mysql/main1')) === undefined,
      () => undefined,
    );
  });

  it('deletes the value while the store is in error', async () => {
    const server = await memcached();
    const publisher = publisherTo([server.address]);
    const store = publisher.open('main1');
    await connected(publisher, store);
    await publishUntil(
      () => publisher.statistics.deleted > 0,
      () => store.publish(error, 0),
    );
    expect(await server.get('freno/mysql/main1')).to.equal(undefined);
  });

  it('writes and deletes in the text protocol, which is all that some servers know', async () => {
    const server = await memcached('ascii');
    const publisher = publisherTo([server.address]);
    const store = publisher.open('main1');
    await publishUntil(
      async () => (await server.get('freno/mysql/main1')) !== undefined,
      () => store.publish(ok, 0.43),
    );
    await publishUntil(
      () => publisher.statistics.deleted > 1,
      () => store.publish(error, 0),
    );
    expect(await server.get('freno/mysql/main1')).to.equal(undefined);
    expect(log).to.deep.equal([]);
  });

  it('fails the writes in flight when a response is neither success nor error', async () => {
    const teapot = createServer((socket) => {
      socket.on('error', () => socket.destroy());
      socket.on('data', () => socket.write('TEAPOT\r\n'));
    });
    await new Promise<void>((resolve) => teapot.listen(0, '127.0.0.1', resolve));
    const { port } = teapot.address() as AddressInfo;
    const publisher = publisherTo([`127.0.0.1:${port}`]);
    const store = publisher.open('main1');
    await publishUntil(
      () => publisher.statistics.failed > 0,
      () => store.publish(ok, 1),
    );
    expect(publisher.statistics.written).to.equal(0);
    expect(log[0]).to.contain('unexpected response \\"TEAPOT\\"');
    publisher.close();
    await new Promise((resolve) => teapot.close(resolve));
  });

  it('keeps a connection that has been idle for longer than a write may take', async () => {
    const server = await memcached();
    const publisher = publisherTo([server.address]);
    const store = publisher.open('main1');
    await connected(publisher, store);
    await pause(1_200);
    const { dropped, written } = publisher.statistics;
    store.publish(ok, 2);
    await until(() => publisher.statistics.written > written);
    expect(publisher.statistics).to.include({ dropped, failed: 0 });
  });

  it('writes a store at most once in 25 ms, and the last value of a burst', async () => {
    const { address, writes } = await recording();
    const publisher = publisherTo([address]);
    const store = publisher.open('main1');
    await connected(publisher, store);
    for (let value = 0; value <= 500; value++) {
      store.publish(ok, value);
      if (value % 50 === 0) await pause(10);
    }
    await until(() => writes.at(-1)?.value === 500);
    writes.slice(1).forEach(({ atMs }, index) => {
      // Whole milliseconds of one clock beside the fractions of another.
      expect(atMs - writes[index]!.atMs).to.be.at.least(WRITE_INTERVAL_MS - 1);
    });
  });

  it('writes nothing while the node may not act as leader', async () => {
    const { address, writes } = await recording();
    const publisher = publisherTo([address]);
    const store = publisher.open('main1');
    await connected(publisher, store);
    acting = false;
    for (let turn = 0; turn < 10; turn++) {
      store.publish(ok, 2);
      await pause(WRITE_INTERVAL_MS);
    }
    expect(valuesOf(writes)).to.deep.equal([1]);
  });

  it('does not write a value that was withdrawn', async () => {
    const { address, writes } = await recording();
    const publisher = publisherTo([address]);
    const store = publisher.open('main1');
    await connected(publisher, store);
    store.publish(ok, 2);
    store.publish(ok, 3);
    store.withdraw();
    await pause(3 * WRITE_INTERVAL_MS);
    expect(valuesOf(writes)).not.to.include(3);
  });

  it('chooses the server by CRC-32 of the key, like the original', async () => {
    const pair = [await memcached(), await memcached()];
    const publisher = publisherTo(pair.map(({ address }) => address));
    const names = ['main1', 'main2', 'main3', 'main4', 'main5', 'main6'];
    const stores = names.map((name) => publisher.open(name));
    await publishUntil(
      async () => {
        const found = names.map((name) => {
          const key = `freno/mysql/${name}`;
          return pair[serverOf(key, 2)]!.get(key);
        });
        return (await Promise.all(found)).every((value) => value !== undefined);
      },
      () => {
        for (const store of stores) store.publish(ok, 1);
      },
    );
    const indexes = names.map((name) => serverOf(`freno/mysql/${name}`, 2));
    expect(new Set(indexes).size).to.equal(2);
    const elsewhere = names.map((name) => {
      const key = `freno/mysql/${name}`;
      return pair[1 - serverOf(key, 2)]!.get(key);
    });
    expect(await Promise.all(elsewhere)).to.deep.equal(names.map(() => undefined));
    // Reference values of Go's crc32.ChecksumIEEE.
    expect(serverOf('123456789', 0x1_0000_0000)).to.equal(0xcbf4_3926);
  });

  it('writes to the new servers and path after a change of the address', async () => {
    const [first, second] = [await memcached(), await memcached()];
    const publisher = publisherTo([first.address]);
    const store = publisher.open('main1');
    await connected(publisher, store);
    publisher.setAddress({ servers: [second.address], path: 'elsewhere', tls: null });
    await publishUntil(
      async () => (await second.get('elsewhere/mysql/main1')) !== undefined,
      () => store.publish(ok, 1),
    );
    publisher.setAddress({ servers: [], path: 'elsewhere', tls: null });
    const written = publisher.statistics.written;
    store.publish(ok, 1);
    await pause(2 * WRITE_INTERVAL_MS);
    expect(publisher.statistics.written).to.equal(written);
  });

  it('does not write a deferred value when the servers are removed', async () => {
    const { address, writes } = await recording();
    const publisher = publisherTo([address]);
    const store = publisher.open('main1');
    await connected(publisher, store);
    store.publish(ok, 1);
    store.publish(ok, 2);
    publisher.setAddress({ servers: [], path: 'freno', tls: null });
    await pause(3 * WRITE_INTERVAL_MS);
    expect(valuesOf(writes)).to.deep.equal([1]);
  });

  it('logs a key that memcached cannot store once and does not send it', async () => {
    const server = await memcached();
    const publisher = publisherTo([server.address]);
    const bad = publisher.open('two words');
    const good = publisher.open('main1');
    await publishUntil(
      () => publisher.statistics.written > 2,
      () => {
        bad.publish(ok, 1);
        good.publish(ok, 1);
      },
    );
    expect(log).to.have.length(1);
    expect(log[0]).to.contain('freno/mysql/two words');
    expect(keyProblem('a'.repeat(250))).to.equal('');
    expect(keyProblem('ä'.repeat(126))).to.contain('250 bytes');
    expect(keyProblem('a\u007f')).to.contain('control');
    expect(keyProblem('a\n')).to.contain('control');
  });

  it('bounds the writes in flight and drops the rest while memcached is stuck', async () => {
    const server = await memcached();
    const publisher = publisherTo([server.address]);
    const store = publisher.open('main1');
    await connected(publisher, store);
    server.freeze();
    const crowd = Array.from({ length: 3 * IN_FLIGHT_MAX }, (_, n) => publisher.open(`store${n}`));
    for (const one of crowd) one.publish(ok, 1);
    expect(publisher.statistics.dropped).to.be.at.least(2 * IN_FLIGHT_MAX);
    await publishUntil(
      () => publisher.statistics.failed > 0,
      () => store.publish(ok, 1),
    );
    expect(publisher.statistics.failed).to.be.at.most(IN_FLIGHT_MAX);
    expect(log.join()).to.contain(server.address).and.contain('no response within');
    server.thaw();
    const written = publisher.statistics.written;
    await publishUntil(
      () => publisher.statistics.written > written,
      () => store.publish(ok, 1),
    );
  });

  it('reconnects to a memcached that was down, and logs each change once', async () => {
    const server = await memcached();
    const publisher = publisherTo([server.address]);
    const store = publisher.open('main1');
    await connected(publisher, store);
    await server.stop();
    await publishUntil(
      () => log.length === 1 && publisher.statistics.dropped > 5,
      () => store.publish(ok, 1),
    );
    await server.restart();
    await publishUntil(
      async () => (await server.get('freno/mysql/main1')) !== undefined,
      () => store.publish(ok, 7),
    );
    await publishUntil(
      () => log.length === 2,
      () => store.publish(ok, 7),
    );
    expect(log[0]).to.contain('memcached is unavailable');
    expect(log[1]).to.contain('memcached is available again');
  });

  it('survives a wrong port and a server of another protocol', async () => {
    const talker = createServer((socket) => {
      socket.on('error', () => socket.destroy()).resume();
      socket.write('220 mail ready, and much more than twenty-four bytes of it\r\n');
    });
    const [port = 0, unused = 0] = await freePorts(2);
    await new Promise<void>((resolve) => talker.listen(port, '127.0.0.1', resolve));
    const publisher = publisherTo([`127.0.0.1:${port}`, `127.0.0.1:${unused}`]);
    const stores = ['main1', 'main2', 'main3', 'main4'].map((name) => publisher.open(name));
    await publishUntil(
      () => log.length === 2,
      () => {
        for (const store of stores) store.publish(ok, 1);
      },
    );
    expect(publisher.statistics.written).to.equal(0);
    publisher.close();
    await new Promise((resolve) => talker.close(resolve));
  });

  it('backs off from a server that keeps failing', async () => {
    let connections = 0;
    const failing = createServer((socket) => {
      connections++;
      socket.destroy();
    });
    await new Promise<void>((resolve) => failing.listen(0, '127.0.0.1', resolve));
    const { port } = failing.address() as AddressInfo;
    const store = publisherTo([`127.0.0.1:${port}`]).open('main1');
    for (let turn = 0; turn < 40; turn++) {
      store.publish(ok, 1);
      await pause(WRITE_INTERVAL_MS);
    }
    await new Promise((resolve) => failing.close(resolve));
    expect(connections).to.be.within(1, 8);
  });
});

/** The different values that were written, in their order. */
function valuesOf(writes: readonly MemcacheWrite[]): number[] {
  return [...new Set(writes.map(({ value }) => value))];
}
