/**
 * Real processes with one MySQL backend: two nodes of one domain, and the leader of another domain
 * of the same share domain.
 */
import { hostname } from 'node:os';
import { expect } from 'chai';
import { FrenoProcess } from '../../../src/demo/freno-process.js';
import { freePorts, TemporaryDirectory } from '../../../src/demo/temporary.js';
import { statusOf } from '../../support/cluster.js';
import { fetchJson, fetchOnce } from '../../support/http-client.js';
import { until } from '../../support/until.js';
import { Backend, PASSWORD } from './backend.js';

interface Health {
  readonly LastHealthyAt: string;
}

describe('freno processes with a MySQL backend', () => {
  const backend = new Backend();
  const processes: FrenoProcess[] = [];
  let directory: TemporaryDirectory | undefined;
  let ports: number[];

  before(async function () {
    await backend.create(this);
    await backend.reset();
    directory = new TemporaryDirectory();
    ports = await freePorts(3);
  });
  after(async () => {
    await Promise.all(processes.map((node) => node.stop()));
    directory?.remove();
    await backend.remove();
  });

  /** Starts a node that probes the backend's own server, where the metric is always 5. */
  const start = async (index: number, Domain: string, threshold: number): Promise<FrenoProcess> => {
    const { host, port, schema, user } = backend.settings;
    const node = new FrenoProcess(
      {
        ListenPort: ports[index]!,
        HttpWorkers: 1,
        ProbeWorkers: 1,
        BackendMySQLHost: host,
        BackendMySQLPort: port,
        BackendMySQLSchema: schema,
        BackendMySQLUser: user,
        BackendMySQLPassword: PASSWORD,
        Domain,
        ShareDomain: 'all',
        Stores: {
          MySQL: {
            User: user,
            Password: PASSWORD,
            Port: port,
            MetricQuery: 'select 5',
            ThrottleThreshold: threshold,
            Clusters: { main: { StaticHostsSettings: { Hosts: [host] } } },
          },
        },
      },
      directory!.path,
    );
    processes.push(node);
    await node.waitFor('/lb-check', 200);
    return node;
  };

  it('elects a leader, takes commands at any node, and fails over', async () => {
    const first = await start(0, 'east', 10);
    await first.waitFor('/leader-check', 200);
    await first.waitFor('/check/app/mysql/main', 200);
    const second = await start(1, 'east', 10);
    await second.waitFor('/consensus/leader', 200);
    expect(await statusOf(second, '/leader-check')).to.equal(404);
    expect((await fetchOnce(second.port, '/consensus/leader')).body).to.equal(
      `"${hostname()}:${first.port}"\n`,
    );

    expect((await fetchOnce(second.port, '/throttle-app/archive/ttl/10/ratio/1')).status).to.equal(
      200,
    );
    expect(await statusOf(second, '/throttled-apps')).to.equal(200);
    await first.waitFor('/check/archive/mysql/main', 417);

    first.signal('SIGKILL');
    await second.waitFor('/leader-check', 200);
    await second.waitFor('/check/app/mysql/main', 200);
    expect(await statusOf(second, '/check/archive/mysql/main')).to.equal(417);
    expect(await fetchJson(second.port, '/consensus/status')).to.deep.include({
      IsLeader: true,
      State: 'Leader',
      Domain: 'east',
      ShareDomain: 'all',
    });
  });

  it('responds 429 for a store above the threshold in another domain', async () => {
    const east = processes[1]!;
    const west = await start(2, 'west', 1);
    await west.waitFor('/check/app/mysql/main', 429);
    await east.waitFor('/check/app/mysql/main', 429);
    expect(await statusOf(east, '/check/freno/mysql/main')).to.equal(200);
    const { body } = await fetchOnce(east.port, '/check/app/mysql/main');
    expect(JSON.parse(body)).to.deep.equal({
      StatusCode: 429,
      Value: 5,
      Threshold: 10,
      Message: 'Threshold exceeded',
    });
    const healthyAt = async (): Promise<number> => {
      const health = (await fetchJson(east.port, '/metrics-health')) as Record<string, Health>;
      return Date.parse(health['mysql/main']!.LastHealthyAt);
    };
    const before = await healthyAt();
    await until(async () => (await healthyAt()) > before);
  });

  it('releases leadership at once on SIGTERM', async () => {
    const east = processes[1]!;
    const next = await start(0, 'east', 10);
    const stopped = east.stop();
    // Sooner than its row expires.
    await next.waitFor('/leader-check', 200, 4_900);
    expect(await stopped).to.deep.equal({ code: 0, signal: null });
  });
});
