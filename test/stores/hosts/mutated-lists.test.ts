/**
 * Lists of hosts with mutated bytes and odd values, read by the real readers: each is refused by an
 * error of that source, or has hosts that can be dialled.
 */
import { lookup } from 'node:dns';
import { expect } from 'chai';
import type { FrenoError } from '../../../src/base/errors.js';
import { LIST_HOSTS_MAX } from '../../../src/base/limits.js';
import type { HostSource } from '../../../src/contracts/stores.js';
import { createReaderFactory } from '../../../src/stores/main/hosts/create-host-source.js';
import { mutatedBytes } from '../../support/mutated-bytes.js';
import { Pages } from '../../support/pages.js';
import { ProxySQLAdmin } from '../../support/proxysql.js';
import { SeededRandom } from '../../support/random.js';

const MUTANTS = 150;

const ODD_VALUES: readonly unknown[] = [
  ...[70_000, -1, 1.5, 0, 1e308, null, true, '', ' ', '3306', 'x'.repeat(60_000), '::1', 'a:b:c'],
  ...[[], {}, '\0', '../..', '"', "'; drop table hosts; --", '\u{1f600}', '127.0.0.1:99999'],
];

const STATUSES = ['UP', 'DOWN', 'NOLB', 'MAINT', 'UP 1/3', 'no check', 'DRAIN', '', '\u0007'];

const HAPROXY_PAGE = [
  '# pxname,svname,qcur,status,weight,type,last_chk,',
  'pool,one,0,UP,1,2,OK,',
  'pool,two,0,DOWN (agent),1,2,"said ""no"", then\nnothing",',
  'pool,BACKEND,0,UP,1,1,,',
  '',
].join('\n');

function tablet(random: SeededRandom): object {
  const fields: Record<string, unknown> = {
    alias: { cell: 'zone1', uid: 101 },
    hostname: 'vttablet',
    port_map: { grpc: 16101, mysql: 3306 },
    keyspace: 'commerce',
    shard: '-80',
    type: 2,
    mysql_hostname: 'db1',
    mysql_port: 3306,
  };
  const name = random.pick(Object.keys(fields));
  const odd = random.pick(ODD_VALUES);
  fields[name] = name === 'port_map' && random.chance(0.5) ? { mysql: odd } : odd;
  return fields;
}

describe('a mutated list of hosts', () => {
  const seed = Date.now();
  let random: SeededRandom;
  let page: Buffer;
  let pages: Pages;

  beforeEach(async () => {
    random = new SeededRandom(seed);
    pages = await Pages.serve((_request, response) => response.end(page));
  });

  afterEach(() => pages.close());

  async function expectHostsOrRefusal(hosts: HostSource): Promise<'list' | 'refusal'> {
    const reader = createReaderFactory(lookup)({ cluster: 'main', hosts, port: 3306 })!;
    try {
      const list = await reader.read();
      expect(list.hosts.length).to.be.at.most(LIST_HOSTS_MAX);
      for (const { host, port } of list.hosts) {
        expect(host.length, `seed ${seed}: ${host}`).to.be.within(1, 255);
        expect(Number.isInteger(port) && port >= 1 && port <= 65_535, `${port}`).to.equal(true);
      }
      return 'list';
    } catch (thrown) {
      const { code, message } = thrown as FrenoError;
      expect(code, `seed ${seed}: ${message}`).to.equal('HOST_SOURCE');
      expect(message.length).to.be.at.most(1_000);
      return 'refusal';
    }
  }

  async function expectBoth(source: HostSource, next: () => void): Promise<void> {
    const seen = new Set<string>();
    for (let count = 0; count < MUTANTS; count++) {
      next();
      seen.add(await expectHostsOrRefusal(source));
    }
    expect(seen).to.deep.equal(new Set(['list', 'refusal']));
  }

  it("of HAProxy's page is an error of its own, or dialable hosts", async () => {
    const source = {
      kind: 'haproxy',
      caFile: '',
      addresses: [pages.url],
      poolName: 'pool',
    } as const;
    await expectBoth(source, () => {
      const odd = `pool,${String(random.pick(ODD_VALUES))},0,${random.pick(STATUSES)},1,2,,\n`;
      const whole = Buffer.from(random.chance(0.5) ? HAPROXY_PAGE + odd : HAPROXY_PAGE);
      page = random.chance(0.7) ? mutatedBytes(whole, random) : whole;
    });
  });

  it('of Vitess is an error of its own, or dialable hosts', async () => {
    const place = { cells: [], keyspace: 'commerce', shard: '-80', timeoutMs: 5_000 };
    await expectBoth({ kind: 'vitess', caFile: '', api: pages.url, ...place }, () => {
      const whole = Buffer.from(JSON.stringify([tablet(random), tablet(random)]));
      page = random.chance(0.5) ? mutatedBytes(whole, random) : whole;
    });
  });

  it('of ProxySQL is an error of its own, or dialable hosts', async () => {
    const admin = await ProxySQLAdmin.listen();
    const source = {
      ...({ kind: 'proxysql', addresses: [admin.address], user: admin.user } as const),
      ...{ password: admin.password, passwordFile: '', hostgroupId: 1, ignoreServerTtlMs: 10_000 },
    };
    try {
      for (let count = 0; count < MUTANTS / 3; count++) {
        const host = String(random.pick(ODD_VALUES));
        const port = String(random.pick(ODD_VALUES));
        admin.groups = { 1: { 'db1:3306': 'ONLINE', [`${host}:${port}`]: random.pick(STATUSES) } };
        await expectHostsOrRefusal(source);
      }
    } finally {
      await admin.close();
    }
  });
});
