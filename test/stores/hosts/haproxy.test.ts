/** The HAProxy host source, with a real HAProxy. */
import { lookup } from 'node:dns';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'chai';
import { createReaderFactory } from '../../../src/stores/main/hosts/create-host-source.js';
import type {
  HostListSettings,
  HostSourceReader,
} from '../../../src/stores/main/hosts/host-source.js';
import { ListedSource } from '../../../src/stores/main/listed-source.js';
import { failureOf } from '../../support/failure.js';
import { HAProxy } from '../../support/haproxy.js';
import { needPrograms } from '../../support/needs.js';
import { until } from '../../support/until.js';

/** Checks are an hour apart: after the first server's first one, states change by command only. */
const sections = (number: number): string => `
backend pool
  default-server inter 1h rise 1 fall 3
  server refused 127.0.0.1:1 check
  server up 127.0.0.1:1 check
  server other 127.0.0.1:1 check
  server follower 127.0.0.1:1 track pool/other
  server unchecked 127.0.0.1:1
  server nameless 127.0.0.1:1
  server 10.1.1.1:3307 127.0.0.1:1
  server lost nowhere.invalid:1 init-addr none resolvers nodns
backend empty
listen mixed
  bind abns@freno-${process.pid}-${number} name a-listener
  option socket-stats
  server behind-listener 127.0.0.1:1
resolvers nodns
  nameserver none 127.0.0.1:1
`;

describe('the HAProxy host source', () => {
  let haproxy: HAProxy;

  before(async function () {
    needPrograms(this, 'haproxy');
    haproxy = await HAProxy.start({ sections: sections(1) });
    await set('up', 'health up');
    await set('other', 'health up');
    await until(async () => (await hosts()).includes('refused:3306'));
  });

  after(() => haproxy?.stop());

  /** With nothing in its cache. */
  function reader(addresses: string[], poolName = 'pool'): HostSourceReader {
    return createReaderFactory(lookup)(settingsOf(addresses, poolName))!;
  }

  function settingsOf(addresses: string[], poolName = 'pool'): HostListSettings {
    const hosts = { kind: 'haproxy', caFile: '', addresses, poolName } as const;
    return { cluster: 'main', hosts, port: 3306 };
  }

  /** A page is reused for a second. */
  function afterCache(): Promise<void> {
    return pause(1_010);
  }

  async function hosts(poolName?: string, address = haproxy.address): Promise<string[]> {
    const list = await reader([address], poolName).read();
    expect(list.problem).to.equal('');
    return list.hosts.map(({ host, port }) => `${host}:${port}`);
  }

  async function set(server: string, state: string): Promise<void> {
    expect(await haproxy.command(`set server pool/${server} ${state}`)).to.equal('');
  }

  it('reports an error while all servers that are up are in transition', async () => {
    const fresh = await HAProxy.start({ sections: sections(2) });
    try {
      const error = await failureOf(reader([fresh.address]).read());
      expect(error).to.include({ code: 'HOST_SOURCE' });
      expect(error.message)
        .to.include(`HAProxy http://${fresh.address}: `)
        .and.include('all servers of pool "pool" are in transition');
    } finally {
      await fresh.stop();
    }
  });

  it('lists the servers that are up, down or unchecked, by the name of the server', async () => {
    expect(await hosts()).to.deep.equal([
      'refused:3306',
      'up:3306',
      'other:3306',
      'follower:3306',
      'unchecked:3306',
      'nameless:3306',
      '10.1.1.1:3307',
    ]);
  });

  it('does not list servers in maintenance, their own or that of a tracked server', async () => {
    await set('other', 'state maint');
    expect(await hosts()).to.not.include.members(['other:3306', 'follower:3306']);
    await set('other', 'state ready');
    await set('other', 'health up');
    expect(await hosts()).to.include.members(['other:3306', 'follower:3306']);
  });

  it('does not list drained servers', async () => {
    await set('unchecked', 'state drain');
    expect(await hosts()).to.not.include('unchecked:3306');
    await set('unchecked', 'state ready');
    expect(await hosts()).to.include('unchecked:3306');
  });

  it('does not list servers that are not load-balanced', async () => {
    await set('up', 'health stopping');
    expect(await hosts()).to.not.include('up:3306');
    await set('up', 'health up');
    expect(await hosts()).to.include('up:3306');
  });

  it('lists servers that an operator has set to down', async () => {
    await set('up', 'health down');
    expect(await hosts()).to.include('up:3306');
    await set('up', 'health up');
  });

  it('lists no hosts when the pool has no servers', async () => {
    expect(await hosts('empty')).to.deep.equal([]);
  });

  it('lists the servers, not the listeners, of a listen section', async () => {
    expect(await hosts('mixed')).to.deep.equal(['behind-listener:3306']);
  });

  it('names a pool that does not exist', async () => {
    const error = await failureOf(reader([haproxy.address], 'pool2').read());
    expect(error.message).to.include('there is no pool "pool2"');
  });

  it('lists the hosts of the addresses that respond and reports the others', async () => {
    const list = await reader(['127.0.0.1:1', haproxy.address], 'empty').read();
    expect(list.hosts).to.deep.equal([]);
    expect(list.problem).to.include('HAProxy http://127.0.0.1:1: ').and.to.include('ECONNREFUSED');
  });

  it('keeps what an address listed last while it cannot be read, and reports that', async () => {
    const a = await HAProxy.start({ sections: 'backend pool\n  server a 127.0.0.1:1' });
    const b = await HAProxy.start({ sections: 'backend pool\n  server b 127.0.0.1:1' });
    try {
      const readerFor = createReaderFactory(lookup);
      const settings = settingsOf([a.address, b.address]);
      const source = new ListedSource(
        settings,
        readerFor,
        () => 0,
        () => 10_000,
      );
      const listed = (): string[] => source.targets!.map(({ host, port }) => `${host}:${port}`);
      await source.read();
      expect(listed()).to.deep.equal(['a:3306', 'b:3306']);
      await b.stop();
      await afterCache();
      expect(await source.read()).to.equal('partial');
      expect(listed()).to.deep.equal(['a:3306', 'b:3306']);
      expect(source.error)
        .to.include(`HAProxy http://${b.address}: `)
        .and.match(/ECONNREFUSED.* \(its 1 host is kept, as of \d{4}-.*Z\)$/);
      // Changed addresses forget nothing of those that stay.
      source.replaceSettings(settingsOf([b.address, a.address, '127.0.0.1:1']));
      await afterCache();
      await source.read();
      expect(listed()).to.deep.equal(['b:3306', 'a:3306']);
      source.replaceSettings(settingsOf([a.address]));
      await afterCache();
      await source.read();
      expect(listed()).to.deep.equal(['a:3306']);
      expect(source.error).to.equal('');
    } finally {
      await a.stop();
      await b.stop();
    }
  });

  it('names every address when none responds', async () => {
    const error = await failureOf(reader(['127.0.0.1:1', 'http://127.0.0.1:2/x']).read());
    expect(error.message).to.include('http://127.0.0.1:1: ').and.include('http://127.0.0.1:2/x: ');
  });

  it('reads a page at any path with user and password, and does not show them', async () => {
    const other = await HAProxy.start({
      sections: 'backend pool\n  server a 127.0.0.1:1',
      statistics: 'stats uri /haproxy/stats\n  stats auth monitor:secret',
    });
    try {
      for (const slash of ['', '/']) {
        const address = `http://monitor:secret@${other.address}/haproxy/stats${slash}`;
        expect(await hosts('pool', address)).to.deep.equal(['a:3306']);
      }
      const wrong = `http://monitor:wrong@${other.address}/haproxy/stats`;
      const error = await failureOf(reader([wrong]).read());
      expect(error.message).to.include('unexpected HTTP status 401').and.not.include('wrong');
    } finally {
      await other.stop();
    }
  });
});
