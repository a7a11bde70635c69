/** The ProxySQL host source: the servers of a host group, read over the real protocol. */
import { lookup } from 'node:dns';
import { expect } from 'chai';
import type { ProxySQLHosts } from '../../../src/contracts/stores.js';
import { createReaderFactory } from '../../../src/stores/main/hosts/create-host-source.js';
import type { HostSourceReader } from '../../../src/stores/main/hosts/host-source.js';
import { failureOf } from '../../support/failure.js';
import { ProxySQLAdmin } from '../../support/proxysql.js';
import { until } from '../../support/until.js';

const GROUP = 10;

describe('the ProxySQL host source', () => {
  let admin: ProxySQLAdmin;
  const others: ProxySQLAdmin[] = [];

  beforeEach(async () => {
    admin = await ProxySQLAdmin.listen();
  });

  afterEach(async () => {
    for (const one of [admin, ...others.splice(0)]) await one.close();
  });

  async function another(): Promise<ProxySQLAdmin> {
    const one = await ProxySQLAdmin.listen();
    others.push(one);
    return one;
  }

  function reader(changes: Partial<ProxySQLHosts> = {}): HostSourceReader {
    const source: ProxySQLHosts = {
      kind: 'proxysql',
      addresses: [admin.address],
      user: admin.user,
      password: admin.password,
      passwordFile: '',
      hostgroupId: GROUP,
      ignoreServerTtlMs: 10_000,
      ...changes,
    };
    return createReaderFactory(lookup)({ cluster: 'main', hosts: source, port: 3306 })!;
  }

  async function hosts(from = reader()): Promise<string[]> {
    const list = await from.read();
    return list.hosts.map(({ host, port }) => `${host}:${port}`);
  }

  function show(servers: Record<string, string>): void {
    admin.groups = { [GROUP]: servers };
  }

  it('lists the servers of the host group that are online or only lag', async () => {
    admin.groups = {
      0: { 'zero:3306': 'ONLINE' },
      [GROUP]: {
        'db1:3306': 'ONLINE',
        'db2:3307': 'SHUNNED_REPLICATION_LAG',
        'db3:3306': 'SHUNNED',
        'db4:3306': 'OFFLINE_SOFT',
        'db5:3306': 'OFFLINE_HARD',
        'fe80::5:3306': 'ONLINE',
      },
    };
    expect(await hosts()).to.deep.equal(['db1:3306', 'db2:3307', 'fe80::5:3306']);
    expect(await hosts(reader({ hostgroupId: 0 }))).to.deep.equal(['zero:3306']);
    expect(await hosts(reader({ hostgroupId: 77 }))).to.deep.equal([]);
    expect(admin.databases).to.deep.equal(['stats', 'stats', 'stats']);
  });

  it('ignores a server that came back online until the TTL has passed', async () => {
    const from = reader({ ignoreServerTtlMs: 50 });
    show({ 'db1:3306': 'ONLINE', 'db2:3306': 'SHUNNED' });
    expect(await hosts(from)).to.deep.equal(['db1:3306']);
    show({ 'db1:3306': 'ONLINE', 'db2:3306': 'ONLINE' });
    const backAtMs = performance.now();
    expect(await hosts(from)).to.deep.equal(['db1:3306']);
    await until(async () => (await hosts(from)).includes('db2:3306'));
    expect(performance.now() - backAtMs).to.be.at.least(50);
    expect(await hosts(from)).to.deep.equal(['db1:3306', 'db2:3306']);
  });

  it('lists a server that came back at once when the TTL is 0', async () => {
    const from = reader({ ignoreServerTtlMs: 0 });
    show({ 'db1:3306': 'SHUNNED' });
    expect(await hosts(from)).to.deep.equal([]);
    show({ 'db1:3306': 'ONLINE' });
    expect(await hosts(from)).to.deep.equal(['db1:3306']);
  });

  it('ignores a server that keeps changing its status', async () => {
    const from = reader();
    for (const status of ['OFFLINE_SOFT', 'ONLINE', 'SHUNNED', 'ONLINE', 'ONLINE']) {
      show({ 'db1:3306': status });
      expect(await hosts(from), status).to.deep.equal([]);
    }
  });

  it('lists a server that came back and lags at once', async () => {
    const from = reader();
    show({ 'db1:3306': 'SHUNNED' });
    await hosts(from);
    show({ 'db1:3306': 'SHUNNED_REPLICATION_LAG' });
    expect(await hosts(from)).to.deep.equal(['db1:3306']);
    show({ 'db1:3306': 'ONLINE' });
    expect(await hosts(from)).to.deep.equal(['db1:3306']);
  });

  it('reads the next address when one does not respond, and reports the failure', async () => {
    const silent = await another();
    silent.fault = 'silent';
    const cut = await another();
    cut.fault = 'cut';
    const closed = await another();
    await closed.close();
    show({ 'db1:3306': 'ONLINE' });
    const addresses = [closed.address, cut.address, silent.address, admin.address];
    const list = await reader({ addresses }).read();
    expect(list.hosts).to.deep.equal([{ host: 'db1', port: 3306 }]);
    expect(list.problem.split('; ')).to.deep.equal([
      `ProxySQL dial tcp ${closed.address}: connect: connection refused`,
      `ProxySQL read tcp ${cut.address}: unexpected EOF`,
      `ProxySQL read tcp ${silent.address}: i/o timeout`,
    ]);
  });

  it('names every address, and no password, when none responds', async () => {
    const closed = await another();
    await closed.close();
    const addresses = [admin.address, closed.address];
    const error = await failureOf(reader({ addresses, password: 'wrong-password' }).read());
    expect(error).to.include({ code: 'HOST_SOURCE' });
    expect(error.message)
      .to.include(`ProxySQL ${admin.address}: Error 1045 (28000): ProxySQL Error: Access denied`)
      .and.include(`ProxySQL dial tcp ${closed.address}: `)
      .and.not.include('wrong-password');
  });

  it('leaves a server without an address out and lists the others', async () => {
    show({
      'db1:3306': 'ONLINE',
      '/var/run/mysqld.sock:0': 'ONLINE',
      ':3306': 'ONLINE',
      '/var/run/other.sock:0': 'OFFLINE_HARD',
    });
    const list = await reader().read();
    expect(list.hosts).to.deep.equal([{ host: 'db1', port: 3306 }]);
    expect(list.oddRows).to.deep.equal([
      `ProxySQL ${admin.address}: server "/var/run/mysqld.sock" ` +
        'has a name that is not a host: left out',
      `ProxySQL ${admin.address}: server "" has a name that is not a host: left out`,
    ]);
  });

  it("probes a server without a valid port at the cluster's port", async () => {
    show({ 'db1:': 'ONLINE', 'db2:70000': 'ONLINE', 'db3:0': 'SHUNNED' });
    const list = await reader().read();
    expect(list.hosts).to.deep.equal([
      { host: 'db1', port: 3306 },
      { host: 'db2', port: 3306 },
    ]);
    expect(list.oddRows).to.deep.equal([
      `ProxySQL ${admin.address}: server "db1" has no valid port: probed at db1:3306`,
      `ProxySQL ${admin.address}: server "db2" has no valid port: probed at db2:3306`,
    ]);
  });

  it('probes a server of unknown status, which may be in use', async () => {
    show({ 'db1:3306': 'ONLINE', 'db2:3306': '', 'db3:3306': 'SHUNNED_BY_MOON' });
    const list = await reader().read();
    expect(list.hosts.map(({ host }) => host)).to.deep.equal(['db1', 'db2', 'db3']);
    expect(list.oddRows).to.deep.equal([
      `ProxySQL ${admin.address}: server "db2" has the unknown status "": probed`,
      `ProxySQL ${admin.address}: server "db3" has the unknown status "SHUNNED_BY_MOON": probed`,
    ]);
  });

  it('closes its connection in any case', async () => {
    show({ 'db1:3306': 'ONLINE' });
    for (const fault of ['none', 'none', 'cut'] as const) {
      admin.fault = fault;
      await reader()
        .read()
        .catch(() => undefined);
    }
    await reader({ password: 'wrong' })
      .read()
      .catch(() => undefined);
    expect(admin.connections).to.equal(4);
    await until(() => admin.openConnections === 0);
  });
});
