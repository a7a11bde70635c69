/** Connections to hosts that are replaced, although they work. */
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'chai';
import { monotonicMs } from '../../src/base/clock.js';
import { createLogger } from '../../src/base/log.js';
import { error } from '../../src/demo/mysql/packets.js';
import { StoreCounters, ThreadCounters } from '../../src/stores/prober/counters.js';
import { ProbedHost } from '../../src/stores/prober/host.js';
import { HostProbes } from '../../src/stores/prober/host-probes.js';
import { HttpChecker } from '../../src/stores/prober/http-check.js';
import { MetricHost } from '../../src/stores/prober/metric-host.js';
import { LoginGate } from '../../src/stores/prober/mysql/login-gate.js';
import { metricOf } from '../../src/stores/prober/mysql/metric.js';
import type { Openable } from '../../src/stores/prober/probe-scheduler.js';
import { MetricState } from '../../src/throttle/metric.js';
import { storeTurn } from '../support/cluster-settings.js';
import { MariaDb, needMariaDb } from '../support/mariadb.js';
import { OddMySQL, type SessionScript } from '../support/odd-mysql.js';
import { Probing } from '../support/probing.js';
import { until } from '../support/until.js';

const SLOT = 2;
const QUERY = { metricQuery: 'select 1' };

describe('the connection to a host', () => {
  let probing: Probing;
  const servers: OddMySQL[] = [];

  beforeEach(() => {
    probing = new Probing();
  });

  afterEach(async () => {
    await probing.stop();
    await Promise.all(servers.splice(0).map((server) => server.close()));
  });

  async function listen(
    script?: (connection: number) => SessionScript,
    options?: { host?: string; port?: number; value?: number },
  ): Promise<OddMySQL> {
    const server = await OddMySQL.listen(script, options);
    servers.push(server);
    return server;
  }

  it('is replaced when it is old, and no value is missed', async () => {
    const server = await listen();
    await probing.assign(SLOT, [server], { ...QUERY, connectionMaxAgeMs: 400 });
    await probing.value(SLOT);
    let oldestMs = 0;
    while (server.accepted < 4) {
      const { state, readAtMs } = probing.read(SLOT);
      expect(state).to.equal(MetricState.ok);
      oldestMs = Math.max(oldestMs, monotonicMs() - readAtMs);
      expect(server.connections).to.be.at.most(2);
      await pause(5);
    }
    expect(oldestMs).to.be.below(300);
    expect((await probing.statistics()).error).to.equal(0);
  });

  it('stays when the server is full, and ends when its user may log in no more', async () => {
    let refusal: Buffer = error(0, 1040, '08004', 'Too many connections');
    const server = await listen((connection) =>
      connection === 1 ? {} : { greet: (socket) => socket.end(refusal) },
    );
    await probing.assign(SLOT, [server], { ...QUERY, connectionMaxAgeMs: 200 });
    await probing.value(SLOT);
    await until(() => {
      expect(probing.read(SLOT).state).to.equal(MetricState.ok);
      return server.accepted >= 5;
    });
    refusal = error(0, 1045, '28000', 'Access denied');
    expect(await probing.error(SLOT)).to.include('Error 1045');
  });

  it('goes where its name points now', async () => {
    const before = await listen(undefined, { value: 1 });
    const after = await listen(undefined, { host: '127.0.0.2', port: before.port, value: 2 });
    const addresses = ['127.0.0.1'];
    const host = hostAt({ host: 'db.example', port: before.port }, () => addresses);
    await until(() => host.values.includes(1));
    await host.lookAtName();
    expect(after.accepted, 'the same address').to.equal(0);
    addresses[0] = '127.0.0.2';
    await host.lookAtName();
    await until(() => host.values.includes(2) && before.connections === 0);
    expect(host.failures).to.deep.equal([]);
    addresses.pop();
    await host.lookAtName();
    await until(() => host.failures.length > 0);
    expect(host.failures[0]).to.include('no such host');
    host.close();
  });

  it('is replaced when a second metric joins it, which waits for that', async () => {
    const statements: Array<readonly [connection: number, sql: string]> = [];
    const server = await listen((connection) => ({
      answer: (sql) => {
        statements.push([connection, sql]);
        return null;
      },
    }));
    const host = hostAt({ host: 'db.example', port: server.port }, () => ['127.0.0.1']);
    await until(() => host.values.length > 2);
    host.join('select 2');
    await until(() => statements.some(([, sql]) => sql === 'select 2'));
    expect(statements.filter(([connection]) => connection === 1)).not.to.deep.include([
      1,
      'select 2',
    ]);
    const limitOf = (number: number): string | undefined =>
      statements.find(([connection, sql]) => connection === number && /_time ?=/.test(sql))?.[1];
    expect(limitOf(1)).to.match(/1.?200|1\.2/);
    expect(limitOf(2)).to.match(/900|0\.9/);
    await until(() => server.connections === 1);
    expect(host.failures).to.deep.equal([]);
    host.close();
  });

  it('ends with an error that repeats, so that a new session can do without', async () => {
    const expired = error(1, 1820, 'HY000', 'You must SET PASSWORD');
    const server = await listen((connection) => ({
      answer: (sql) => (connection < 3 && sql.startsWith('select') ? expired : null),
    }));
    await probing.assign(SLOT, [server], QUERY);
    expect(await probing.error(SLOT)).to.include('Error 1820');
    expect(await probing.value(SLOT)).to.equal(0.5);
    expect(server.accepted).to.equal(3);
  });

  it('is made again at most about once a second while an error repeats', async () => {
    const unknown = error(1, 1146, '42S02', "Table 'load' doesn't exist");
    const server = await listen(() => ({
      answer: (sql) => (sql.startsWith('select') ? unknown : null),
    }));
    await probing.assign(SLOT, [server], QUERY);
    await until(() => server.accepted >= 6, 10_000);
    const { accepted } = server;
    await pause(1_500);
    expect(server.accepted - accepted).to.be.within(1, 3);
    expect(probing.read(SLOT).state).to.equal(MetricState.error);
  });

  describe('of a real server', () => {
    let server: MariaDb;

    before(async function () {
      needMariaDb(this);
      server = await MariaDb.start(['--skip-log-bin', '--disconnect-on-expired-password=0']);
    });

    after(() => server?.stop());

    it('recovers when a password that had expired is set again', async () => {
      await server.run(
        "create user freno identified by 'secret-of-freno'",
        'alter user freno password expire',
      );
      await probing.assign(SLOT, [server], QUERY);
      expect(await probing.error(SLOT)).to.include('Error 1820');
      await server.run("alter user freno identified by 'secret-of-freno'");
      expect(await probing.value(SLOT)).to.equal(1);
    });
  });
});

/** A host that the test ticks, by its own clock; what it reads. */
function hostAt(target: { host: string; port: number }, addresses: () => readonly string[]) {
  const counters = new StoreCounters();
  const values: number[] = [];
  const failures: string[] = [];
  const silent = createLogger({ level: 'error', stacks: false }, 'test');
  let lookUps = 0;
  let isLookDue = false;
  let laterMs = 0;
  let probe: Openable;
  /** When no step of the connection is in progress. */
  const succeeded = (value: number): void => {
    values.push(value);
    if (isLookDue) process.nextTick(() => probe.tick(monotonicMs() + laterMs));
    isLookDue = false;
  };
  const probed = new ProbedHost(
    { host: target.host, port: target.port },
    { key: '', login: { user: '', password: '', collation: '', tls: null } },
    {
      ...{ store: 'main', turn: storeTurn(), httpChecker: new HttpChecker(), counters },
      probes: new HostProbes(
        { logins: new LoginGate(), counters: new ThreadCounters() },
        {
          start: (started) => {
            probe = started;
          },
          ...{ stop: () => undefined, wake: () => undefined },
        },
      ),
      ...{ logger: silent, lines: silent },
      connectionMaxAgeMs: () => 60_000,
      resolver: {
        lookup: (_name, _options, callback) => {
          lookUps++;
          const found = addresses().map((address) => ({ address, family: 4 }));
          const missing = Object.assign(new Error('gone'), {
            ...{ code: 'ENOTFOUND', syscall: 'getaddrinfo' },
          });
          if (found.length === 0) process.nextTick(callback, missing, '');
          else process.nextTick(callback, null, found);
        },
        isPending: () => false,
      },
    },
  );
  const join = (query: string): void => {
    const member = new MetricHost(
      {
        ...{ label: '', counters, hostLate: () => undefined },
        hostSucceeded: (_host, value) => succeeded(value),
        hostFailed: (_host, { text }) => failures.push(text),
      },
      { measured: metricOf({ kind: 'query', query })!, queryKey: query, cacheMs: 0 },
    );
    member.index = 0;
    member.attach(probed);
    probed.settle();
  };
  join('select 1');
  probe!.open(monotonicMs());
  const ticks = setInterval(() => probe.tick(monotonicMs()), 10);
  return {
    values,
    failures,
    join,
    lookAtName: async (): Promise<void> => {
      const before = lookUps;
      isLookDue = true;
      laterMs += 11_000;
      await until(() => lookUps > before);
      await pause(20);
    },
    close: (): void => {
      clearInterval(ticks);
      probed.stop();
    },
  };
}
