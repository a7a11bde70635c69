/** A whole freno process between simulated MySQL servers and a real memcached. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { Fleet } from '../../src/demo/fleet.js';
import { createNodes, type FrenoNode } from '../../src/demo/freno-node.js';
import { TemporaryDirectory } from '../../src/demo/temporary.js';
import { STORE, storesOf, VALUE } from '../support/cluster.js';
import { fetchJson } from '../support/http-client.js';
import { Memcached } from '../support/memcached.js';
import { needPrograms } from '../support/needs.js';
import { until } from '../support/until.js';

describe('a freno process with memcached', () => {
  const key = `freno/mysql/${STORE}`;
  let directory: TemporaryDirectory | undefined;
  let memcached: Memcached;
  let fleet: Fleet;
  let node: FrenoNode;

  before(async function () {
    needPrograms(this, 'memcached');
    directory = new TemporaryDirectory();
    memcached = await Memcached.start();
    fleet = await Fleet.start([{ value: VALUE }]);
    [node] = (await createNodes(1, directory.path, {
      Stores: storesOf(fleet.hosts),
      MemcacheServers: [memcached.address],
    })) as [FrenoNode];
    node.start();
    await node.process.waitFor(`/check/test/mysql/${STORE}`, 200);
  });

  after(async () => {
    await node?.stop();
    await fleet?.stop();
    await memcached?.stop();
    directory?.remove();
  });

  function published(expected: string | undefined, name = key): () => Promise<boolean> {
    return async () => (await memcached.get(name))?.split(':')[1] === expected;
  }

  it('publishes the value of a store in memcached and follows it', async () => {
    await until(published(VALUE.toFixed(6)));
    await fleet.change([{ server: 0, value: 7.5 }]);
    await until(published('7.500000'));
    await fleet.change([{ server: 0, value: VALUE }]);
    await until(published(VALUE.toFixed(6)));
    expect(await fetchJson(node.port, '/config/memcache')).to.deep.equal({
      MemcacheServers: [memcached.address],
      MemcachePath: 'freno',
    });
  });

  it('deletes the value from memcached while the store cannot be read', async () => {
    await fleet.change([
      { server: 0, fault: { kind: 'error', code: 1045, message: 'Access denied' } },
    ]);
    await until(published(undefined));
    await fleet.change([{ server: 0, fault: { kind: 'none' } }]);
    await until(published(VALUE.toFixed(6)));
  });

  it('continues to probe and check while memcached is unresponsive', async () => {
    memcached.freeze();
    for (const [value, status] of [
      [9, 429],
      [VALUE, 200],
      [9, 429],
      [VALUE, 200],
    ] as const) {
      await fleet.change([{ server: 0, value }]);
      await node.process.waitFor(`/check/test/mysql/${STORE}`, status);
    }
    memcached.thaw();
    await until(published(VALUE.toFixed(6)));
  });

  it('publishes under the new path after a reload', async () => {
    const file = join(directory!.path, `freno-${node.port}.conf.json`);
    const configuration = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
    writeFileSync(file, JSON.stringify({ ...configuration, MemcachePath: 'elsewhere' }));
    node.process.signal('SIGHUP');
    await until(published(VALUE.toFixed(6), `elsewhere/mysql/${STORE}`));
    await until(published(undefined));
  });
});
