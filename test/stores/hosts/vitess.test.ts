/** The Vitess host source: the tablets of a shard, as vtctld lists them. */
import { lookup } from 'node:dns';
import { expect } from 'chai';
import type { VitessHosts } from '../../../src/contracts/stores.js';
import { createReaderFactory } from '../../../src/stores/main/hosts/create-host-source.js';
import type { HostList } from '../../../src/stores/main/hosts/host-source.js';
import { failureOf } from '../../support/failure.js';
import { Pages } from '../../support/pages.js';

/** A tablet as vtctld writes it. */
function tablet(host: string, changes: object = {}): object {
  return {
    alias: { cell: 'zone1', uid: 101 },
    hostname: `vttablet-of-${host}`,
    port_map: { grpc: 16101, vt: 15101 },
    keyspace: 'commerce',
    shard: '-80',
    type: 2,
    mysql_hostname: host,
    mysql_port: 3306,
    url: `http://${host}:15101`,
    ...changes,
  };
}

describe('the Vitess host source', () => {
  let pages: Pages;
  let status: number;
  let body: string;

  beforeEach(async () => {
    pages = await Pages.serve((_request, response) => response.writeHead(status).end(body));
    show([tablet('db1')]);
  });

  afterEach(() => pages.close());

  function show(tablets: unknown): void {
    status = 200;
    body = JSON.stringify(tablets);
  }

  function read(changes: Partial<VitessHosts> = {}): Promise<HostList> {
    const source: VitessHosts = {
      kind: 'vitess',
      caFile: '',
      api: pages.url,
      cells: [],
      keyspace: 'commerce',
      shard: '-80',
      timeoutMs: 5_000,
      ...changes,
    };
    return createReaderFactory(lookup)({ cluster: 'main', hosts: source, port: 3399 })!.read();
  }

  async function hosts(changes?: Partial<VitessHosts>): Promise<string[]> {
    const list = await read(changes);
    expect(list.problem).to.equal('');
    return list.hosts.map(({ host, port }) => `${host}:${port}`);
  }

  async function oddRows(changes?: Partial<VitessHosts>): Promise<readonly string[]> {
    return (await read(changes)).oddRows!;
  }

  /** How an odd row begins, before the alias. */
  function page(): string {
    return `vtctld ${pages.url}/api/keyspace/commerce/tablets/-80: tablet`;
  }

  async function failure(changes?: Partial<VitessHosts>): Promise<string> {
    const error = await failureOf(read(changes));
    expect(error).to.include({ code: 'HOST_SOURCE' });
    return error.message;
  }

  it('requests tablets by keyspace, shard and cells, without doubling /api', async () => {
    await read();
    await read({ api: `${pages.url}/`, shard: '80-', cells: ['zone1', 'zone2'] });
    await read({ api: `${pages.url}/vitess/api`, keyspace: 'a/b' });
    await read({ api: `${pages.url}/api/`, shard: '' });
    expect(pages.paths).to.deep.equal([
      '/api/keyspace/commerce/tablets/-80',
      '/api/keyspace/commerce/tablets/80-?cells=zone1,zone2',
      '/vitess/api/keyspace/a%2Fb/tablets/-80',
      '/api/keyspace/commerce/tablets/',
    ]);
  });

  it('lists the replicas, with their type given as number or name', async () => {
    show([
      tablet('primary', { type: 1 }),
      tablet('replica', { type: 2 }),
      tablet('rdonly', { type: 3 }),
      tablet('named-primary', { type: 'PRIMARY' }),
      tablet('named-replica', { type: 'REPLICA' }),
      tablet('named-in-lower-case', { type: 'replica' }),
      tablet('named-rdonly', { type: 'RDONLY' }),
      tablet('spare', { type: 4 }),
      tablet('without-type', { type: undefined }),
    ]);
    expect(await hosts()).to.deep.equal([
      'replica:3306',
      'named-replica:3306',
      'named-in-lower-case:3306',
    ]);
  });

  it('lists tablets whose health is good or not known', async () => {
    const realtime = { health_error: '', seconds_behind_primary: 3 };
    show([
      tablet('unchecked'),
      tablet('null', { stats: null }),
      tablet('good', { stats: { realtime, serving: true, up: true } }),
      tablet('without-error', { stats: { last_error: '', realtime } }),
      tablet('failed', { stats: { last_error: 'connection refused', realtime } }),
      tablet('silent', { stats: { serving: false } }),
    ]);
    expect(await hosts()).to.deep.equal([
      'unchecked:3306',
      'null:3306',
      'good:3306',
      'without-error:3306',
    ]);
  });

  it('lists only the tablets of the cells, also when vtctld lists all', async () => {
    show([
      tablet('db1'),
      tablet('db2', { alias: { cell: 'zone2', uid: 201 } }),
      tablet('db3', { alias: undefined }),
    ]);
    expect(await hosts({ cells: ['zone2', 'zone3'] })).to.deep.equal(['db2:3306', 'db3:3306']);
    expect(await oddRows({ cells: ['zone2', 'zone3'] })).to.deep.equal([
      `${page()} - (db3:3306) names no cell: probed`,
    ]);
    expect(await hosts()).to.have.length(3);
    expect(await oddRows()).to.deep.equal([]);
  });

  it("falls back to the tablet's host name and the configured port", async () => {
    show([
      tablet('db1', { mysql_port: 3307 }),
      tablet('db2', { mysql_port: 0 }),
      tablet('db3', { mysql_port: undefined, port_map: { vt: 15101, mysql: 3308 } }),
      tablet('', { hostname: 'db4' }),
    ]);
    expect(await hosts()).to.deep.equal(['db1:3307', 'db2:3399', 'db3:3308', 'db4:3306']);
    expect(await oddRows()).to.deep.equal([]);
  });

  it('leaves a tablet without a valid host name out and lists the others', async () => {
    show([
      tablet('db1'),
      // As vtctld lists one that was shut down.
      { alias: { cell: 'zone1', uid: 102 }, keyspace: 'commerce', shard: '-80', type: 2 },
      tablet('', { hostname: '', type: 3 }),
      tablet('', { hostname: '', stats: { last_error: 'gone' } }),
      tablet('db 4', { alias: { cell: 'zone1', uid: 104 } }),
      null,
    ]);
    expect(await hosts()).to.deep.equal(['db1:3306']);
    expect(await oddRows()).to.deep.equal([
      `${page()} zone1-102 has neither mysql_hostname nor hostname: left out`,
      `${page()} zone1-104 has a name that is not a host, "db 4": left out`,
      `${page()} - has neither mysql_hostname nor hostname: left out`,
    ]);
  });

  it('lists a tablet that may count although one of its fields cannot be read', async () => {
    const odd = { mysql_port: 'high', type: {}, alias: 7, stats: 'good', port_map: [] };
    show(Object.entries(odd).map(([field, value]) => tablet(field, { [field]: value })));
    expect(await hosts()).to.deep.equal([
      'mysql_port:3399',
      'type:3306',
      'alias:3306',
      'stats:3306',
      'port_map:3306',
    ]);
    const rows = await oddRows();
    expect(rows).to.have.length(5);
    expect(rows[0])
      .to.include(`${page()} zone1-101 (mysql_port:3399) has an odd field (mysql_port: `)
      .and.match(/: probed$/);
    show([tablet('other-type', { type: 1, mysql_port: 'high' })]);
    expect(await hosts()).to.deep.equal([]);
    expect(await oddRows()).to.deep.equal([]);
  });

  it('lists no hosts when the shard has no tablets', async () => {
    show([]);
    expect(await hosts()).to.deep.equal([]);
    show(null);
    expect(await hosts()).to.deep.equal([]);
  });

  it('names the page when the response is not a list of tablets', async () => {
    const prefix = `vtctld ${pages.url}/api/keyspace/commerce/tablets/-80: `;
    status = 500;
    expect(await failure()).to.equal(`${prefix}unexpected HTTP status 500 instead of 200`);
    show({ error: 'no such keyspace' });
    expect(await failure()).to.include(`${prefix}the response is not a list`);
    show([tablet('db1')]);
    body = body.slice(0, -1);
    expect(await failure()).to.equal(`${prefix}the response is not JSON`);
    body = `[${' '.repeat(5 * 1024 * 1024)}]`;
    expect(await failure()).to.include('larger than 4194304 bytes');
  });

  it('reports an error when there is no response in time', async () => {
    const silent = await Pages.serve(() => undefined);
    try {
      const message = await failure({ api: silent.url, timeoutMs: 50 });
      expect(message).to.include('no response within 50 ms');
      const slow = await failureOf(read({ api: `${silent.url}/slow`, timeoutMs: 50 }));
      expect(slow.message).to.include('/slow/api/keyspace/');
    } finally {
      await silent.close();
    }
  });
});
