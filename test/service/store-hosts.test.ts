/** `/stores/<type>/<name>` of a running node: each host, and why it counts or does not. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import { Fleet } from '../../src/demo/fleet.js';
import { FrenoProcess } from '../../src/demo/freno-process.js';
import { freePorts, TemporaryDirectory } from '../../src/demo/temporary.js';
import { fetchJson, fetchOnce } from '../support/http-client.js';
import { needAddress } from '../support/needs.js';
import { until } from '../support/until.js';

const VALUES = [0.5, 9, 0.7, 8, 7];

interface ShownHost {
  readonly Host: string;
  readonly Standing?: string;
  readonly Owner?: string;
  readonly Metrics?: ReadonlyArray<{ readonly Standing: string; readonly Decides?: boolean }>;
}

describe('the hosts of a store', () => {
  const directory = new TemporaryDirectory();
  let fleet: Fleet;
  let health: Server;
  let freno: FrenoProcess;

  before(async function () {
    await needAddress(this, '127.0.0.11');
    fleet = await Fleet.start(VALUES.map((value, at) => ({ value, host: `127.0.0.${11 + at}` })));
    const [, , , , leftOut] = fleet.hosts;
    health = createServer(({ socket: { localAddress } }, response) => {
      response.writeHead(leftOut!.startsWith(`${localAddress}:`) ? 404 : 200).end();
    });
    await new Promise<void>((resolve) => health.listen(0, '0.0.0.0', resolve));
    const main = {
      StaticHostsSettings: { Hosts: fleet.hosts },
      IgnoreHostsCount: 1,
      IgnoreHosts: [fleet.hosts[3]],
      HttpCheckPort: (health.address() as AddressInfo).port,
      HttpCheckPath: 'up',
    };
    const MySQL = {
      MetricQuery: 'select lag from meta.heartbeat',
      ThrottleThreshold: 1,
      Clusters: { main },
    };
    const [port = 0] = await freePorts(1);
    const keys = { ListenPort: port, RaftDataDir: join(directory.path, 'raft') };
    freno = new FrenoProcess({ ...keys, Stores: { MySQL } }, directory.path);
    await freno.waitFor('/check/a/mysql/main', 200);
  });

  after(async () => {
    await freno?.stop();
    await fleet?.stop();
    health?.close();
    directory.remove();
  });

  /** By address: what it says of itself, or of its one metric. */
  async function standings(): Promise<Map<string, string>> {
    const { Hosts } = (await fetchJson(freno.port, '/stores/mysql/main')) as {
      readonly Hosts: readonly ShownHost[];
    };
    return new Map(
      Hosts.map(({ Host, Standing, Metrics }) => {
        const [metric] = Metrics ?? [];
        const decides = metric?.Decides === true ? ', decides' : '';
        return [Host, Standing ?? `${metric!.Standing}${decides}`];
      }),
    );
  }

  it('are each shown with what makes it count or not', async () => {
    const [fine, worst, skipped, pattern, leftOut] = fleet.hosts as string[];
    await fetchOnce(freno.port, `/skip-host/${skipped}/ttl/5?owner=jane&reason=rebuild`);
    const expected = new Map([
      [fine, 'counts, decides'],
      [worst, 'ignored by IgnoreHostsCount or IgnoreHostsPercent'],
      [skipped, 'skipped'],
      [pattern, 'ignored by IgnoreHosts'],
      [leftOut, 'left out by its HTTP check'],
    ]);
    await until(async () => {
      const shown = await standings();
      return [...expected].every(([host, standing]) => shown.get(host!) === standing);
    });
    const { body } = await fetchOnce(freno.port, '/stores/mysql/main');
    expect(body).to.contain('"Owner":"jane"').and.to.contain('"Reason":"rebuild"');
    expect((await fetchOnce(freno.port, '/check/a/mysql/main')).status).to.equal(200);
  });
});
