/** A process that may open few files and sockets, beside clients that only connect. */
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { Fleet } from '../../src/demo/fleet.js';
import { createNodes, FrenoNode } from '../../src/demo/freno-node.js';
import { TemporaryDirectory } from '../../src/demo/temporary.js';
import { STORE, storesOf, VALUE } from '../support/cluster.js';
import { fetchOnce } from '../support/http-client.js';
import { ENGINES } from '../support/http-front.js';
import { until } from '../support/until.js';

const LIMIT = 256;
const THROUGH = ['sh', '-c', `ulimit -n ${LIMIT}; exec "$@"`, 'sh'];

for (const engine of ENGINES) {
  describe(`a process with ${LIMIT} descriptors and 400 idle clients (${engine})`, () => {
    const directory = new TemporaryDirectory();
    const clients: Socket[] = [];
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    let fleet: Fleet;
    let node: FrenoNode;

    before(async () => {
      fleet = await Fleet.start([{ value: VALUE }]);
      const [place] = await createNodes(1, directory.path, { HttpEngine: engine });
      const configuration = { Stores: storesOf(fleet.hosts), ...place!.configuration };
      node = new FrenoNode(configuration, directory.path, { through: THROUGH });
      node.start();
      await node.process.waitFor('/leader-check', 200);
      await check();
    });

    after(async () => {
      for (const client of clients) client.destroy();
      agent.destroy();
      await node.stop();
      await fleet.stop();
      directory.remove();
    });

    /** On a connection that was there before the others. */
    function check(): Promise<number> {
      return new Promise((resolve, reject) => {
        const path = `/check/app/mysql/${STORE}`;
        get({ port: node.port, path, agent }, (response) => {
          response.resume();
          response.on('end', () => resolve(response.statusCode ?? 0));
        }).on('error', reject);
      });
    }

    /** Resolves when it took less than a fifth of a core in 200 ms: it does not accept in vain. */
    function isQuiet(): Promise<boolean> {
      return until(async () => {
        const [beforeMs, startedAtMs] = [cpuMsOf(node), performance.now()];
        await delay(200);
        return cpuMsOf(node) - beforeMs < (performance.now() - startedAtMs) / 5;
      });
    }

    it('goes on probing, logs its first line of a probe thread, and burns no CPU', async () => {
      await Promise.all(
        Array.from({ length: 400 }, async () => {
          const client = connect(node.port, '127.0.0.1').on('error', () => {});
          clients.push(client);
          await once(client, 'connect');
        }),
      );
      await fleet.change([{ server: 0, value: 5 }]);
      await until(async () => (await check()) === 429);
      // The host is connected to again.
      await fleet.change([{ server: 0, value: VALUE, fault: { kind: 'close' } }]);
      await until(async () => (await check()) === 500);
      await fleet.change([{ server: 0, fault: { kind: 'none' } }]);
      await until(async () => (await check()) === 200);
      expect(node.process.log).to.include('threshold exceeded').and.not.include('probe thread');
      expect(descriptorsOf(node)).to.be.below(LIMIT - 40);
      await isQuiet();
    });

    it('says once that it closes connections, and counts them', async () => {
      const lines = (): string[] =>
        node.process.logLines.filter((line) => line.includes('too many HTTP connections'));
      await until(() => lines().length > 0);
      for (const client of clients) client.destroy();
      const { body } = await until(async () =>
        fetchOnce(node.port, '/metrics').catch(() => undefined),
      );
      expect(lines()).to.have.length(1);
      expect(body).to.match(new RegExp(`^process_max_fds ${LIMIT}$`, 'm'));
      expect(body).to.match(/^freno_http_connections_refused_total [1-9]\d\d$/m);
      expect(body).to.match(/^freno_http_connections_max 1\d\d$/m);
    });
  });
}

describe('a process with more hosts than descriptors', () => {
  it('leaves some to its clients', async () => {
    const directory = new TemporaryDirectory();
    const fleet = await Fleet.start(Array.from({ length: 200 }, () => ({ value: VALUE })));
    const [place] = await createNodes(1, directory.path, {});
    const Stores = storesOf(fleet.hosts);
    const configuration = { Stores, ...place!.configuration };
    const node = new FrenoNode(configuration, directory.path, { through: THROUGH });
    node.start();
    await node.process.waitFor('/leader-check', 200);
    await until(async () => {
      const { body } = await fetchOnce(node.port, `/check/app/mysql/${STORE}`);
      return body.includes('too many open files');
    });
    expect(descriptorsOf(node)).to.be.within(124, LIMIT - 80);
    await node.stop();
    await fleet.stop();
    directory.remove();
  });
});

function descriptorsOf(node: FrenoNode): number {
  return readdirSync(`/proc/${node.process.pid}/fd`).length;
}

/** CPU time of the process so far, user and system; a tick of the kernel has 10 ms. */
function cpuMsOf(node: FrenoNode): number {
  const fields = readFileSync(`/proc/${node.process.pid}/stat`, 'utf8').split(' ');
  return 10 * (Number(fields[13]) + Number(fields[14]));
}
