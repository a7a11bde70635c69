/** Several metrics of one store, on real servers. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { type Connection, createConnection } from 'mysql2/promise';
import { createNodes, type FrenoNode } from '../../src/demo/freno-node.js';
import { TemporaryDirectory } from '../../src/demo/temporary.js';
import { fetchJson } from '../support/http-client.js';
import { MariaDb, needMariaDb } from '../support/mariadb.js';
import { needPrograms } from '../support/needs.js';
import { Prometheus } from '../support/prometheus.js';
import { until } from '../support/until.js';

interface JudgedBody {
  readonly StatusCode: number;
  readonly Value: number;
  readonly Metric?: string;
  readonly Message: string;
}

describe('a store with several metrics on real servers', () => {
  let directory: TemporaryDirectory;
  let primary: MariaDb;
  let exporter: Server;
  let gauge = 0.25;
  let prometheus: Prometheus;
  let node: FrenoNode;

  before(async function () {
    needMariaDb(this);
    needPrograms(this, 'prometheus');
    directory = new TemporaryDirectory();
    primary = await MariaDb.start(['--skip-log-bin']);
    await primary.run(
      "create user freno identified by 'secret-of-freno'",
      'create database shop',
      'create table shop.lag (value decimal(10,3))',
      'insert into shop.lag values (0.25)',
      'create table shop.secret (value int)',
      'grant select on shop.lag to freno',
    );
    exporter = createServer((_request, response) => {
      response.setHeader('Content-Type', 'text/plain; version=0.0.4');
      response.end(`disk_used{instance="db1"} ${gauge}\n`);
    });
    await new Promise<void>((resolve) => exporter.listen(0, '127.0.0.1', resolve));
    prometheus = await Prometheus.start((exporter.address() as AddressInfo).port);
    const hosts = [`127.0.0.1:${primary.port}`];
    [node] = (await createNodes(1, directory.path, {
      Stores: {
        MySQL: {
          ...{ User: 'freno', Password: 'secret-of-freno', ThrottleThreshold: 1 },
          MetricQuery: 'select value from shop.lag',
          Clusters: {
            main: {
              StaticHostsSettings: { Hosts: hosts },
              Metrics: {
                threads_running: { Threshold: 6 },
                questions: {
                  ...{ Kind: 'rate', Query: "show global status like 'Questions'" },
                  Threshold: 1_000_000,
                },
                secret: {
                  Query: 'select count(*) from shop.secret',
                  Threshold: 1,
                  Mode: 'observe',
                },
                disk_used: {
                  Prometheus: { URL: prometheus.url, Query: 'max(disk_used)', IntervalMillis: 200 },
                  Threshold: 0.9,
                },
              },
            },
          },
        },
      },
    })) as [FrenoNode];
    node.start();
    await node.process.waitFor('/check/test/mysql/main', 200);
  });

  after(async () => {
    await node?.stop();
    await prometheus?.stop();
    exporter?.close();
    await primary?.stop();
    directory?.remove();
  });

  const check = (query = ''): Promise<JudgedBody> =>
    fetchJson(node.port, `/check/test/mysql/main${query}`) as Promise<JudgedBody>;

  const untilStatus = (status: number, metric?: string): Promise<JudgedBody> =>
    until(async () => {
      const body = await check();
      return body.StatusCode === status && (metric === undefined || body.Metric === metric) && body;
    });

  it('reads all of them over one connection to the host', async () => {
    const [row] = await primary.run(
      "select count(*) as n from information_schema.processlist where user = 'freno'",
    );
    expect(row!.n).to.equal(1);
    for (const metric of ['lag', 'threads_running', 'questions', 'disk_used']) {
      expect(await check(`?metric=${metric}`)).to.include({ StatusCode: 200, Metric: metric });
    }
    expect((await check('?metric=questions')).Value).to.be.above(0);
  });

  it('is denied while connections really run, and says so', async () => {
    const busy: Connection[] = [];
    const { host, port } = primary;
    for (let n = 0; n < 10; n++) busy.push(await createConnection({ host, port, user: 'root' }));
    const running = busy.map((connection) => connection.query('select sleep(60)').catch(() => {}));
    try {
      const body = await untilStatus(429, 'threads_running');
      expect(body.Value).to.be.above(6);
      const why = (await fetchJson(node.port, '/why/test/mysql/main')) as { Why: string };
      expect(why.Why).to.match(/^waits: threads_running on 127\.0\.0\.1:\d+ is \d+, above 6/);
    } finally {
      for (const connection of busy) connection.destroy();
      await Promise.all(running);
    }
    await untilStatus(200);
  });

  it('is denied by the own metric too', async () => {
    await primary.run('update shop.lag set value = 7.5');
    expect(await untilStatus(429, 'lag')).to.include({ Value: 7.5 });
    await primary.run('update shop.lag set value = 0.25');
    await untilStatus(200);
  });

  it('is denied by a value of Prometheus', async () => {
    gauge = 0.95;
    expect(await untilStatus(429, 'disk_used')).to.include({ Value: 0.95 });
    gauge = 0.25;
    await untilStatus(200);
  });

  it('shows the error of a metric that is only observed, and denies nothing by it', async () => {
    const store = (await fetchJson(node.port, '/stores/mysql/main')) as {
      Metrics: ReadonlyArray<Record<string, unknown>>;
      Hosts: ReadonlyArray<{ Host: string; Metrics: ReadonlyArray<Record<string, unknown>> }>;
    };
    const secret = store.Metrics.find(({ Metric }) => Metric === 'secret');
    expect(secret).to.include({ Mode: 'observe', State: 'error' });
    const host = store.Hosts.find(({ Host }) => Host === `127.0.0.1:${primary.port}`)!;
    const ofHost = host.Metrics.find(({ Metric }) => Metric === 'secret')!;
    expect(ofHost.Error).to.match(/SELECT command denied/);
    expect(host.Metrics.find(({ Metric }) => Metric === 'lag')).to.include({ Standing: 'counts' });
    expect(await check()).to.include({ StatusCode: 200, Metric: 'lag' });
  });
});
