/**
 * Nodes with an unresponsive resolver. Look-ups and the writes of the Raft log share the threads of
 * libuv's pool, so look-ups that hang must not take all of them.
 */
import { expect } from 'chai';
import { Fleet } from '../../src/demo/fleet.js';
import { TemporaryDirectory } from '../../src/demo/temporary.js';
import { STORE, TestCluster, VALUE } from '../support/cluster.js';
import { fetchOnce } from '../support/http-client.js';
import { PacedClient } from '../support/paced-client.js';
import { SilentResolver } from '../support/silent-resolver.js';
import { skipUnless } from '../support/skip.js';
import { until } from '../support/until.js';

const DEAD_HOSTS = Array.from({ length: 1_000 }, (_, number) => `replica${number}.invalid`);
const COMMANDS = 40;
const CHECKS_PER_SECOND = 50;

describe('three nodes with a thousand host names that do not resolve', () => {
  const directory = new TemporaryDirectory();
  let resolver: SilentResolver | undefined;
  let named: Fleet | undefined;
  let cluster: TestCluster | undefined;

  before(async function () {
    resolver = await SilentResolver.start(directory.path);
    skipUnless(this, resolver !== undefined, 'this process may not replace /etc/resolv.conf');
    named = await Fleet.start([{ value: VALUE }]);
    // The hosts file has this name.
    const Hosts = named.hosts.map((host) => host.replace('127.0.0.1', 'localhost'));
    const clusters = {
      dead: { StaticHostsSettings: { Hosts: DEAD_HOSTS } },
      named: { StaticHostsSettings: { Hosts } },
    };
    cluster = await TestCluster.start(
      3,
      { ProbeWorkers: 1 },
      { clusters, flags: { through: resolver!.command } },
    );
  });

  after(async () => {
    // Otherwise each waits for its look-ups.
    for (const node of cluster?.nodes ?? []) if (node.running) node.process.signal('SIGKILL');
    await cluster?.stop();
    await named?.stop();
    resolver?.stop();
    directory.remove();
  });

  async function termOf(port: number): Promise<number> {
    const { body } = await fetchOnce(port, '/metrics');
    return Number(/^freno_raft_term (\d+)$/m.exec(body)?.[1]);
  }

  it('keeps the leader, acknowledges commands and answers checks', async () => {
    const { nodes } = cluster!;
    const leader = await cluster!.leader();
    const check = `/check/batch/mysql/${STORE}`;
    await leader.process.waitFor(check, 200);
    const term = await termOf(leader.port);
    const client = new PacedClient(leader.port, check, CHECKS_PER_SECOND);
    try {
      // From now on look-ups are always in flight.
      await until(() => resolver!.asked.size >= 2);
      for (let number = 0; number < COMMANDS; number++) {
        const { port } = nodes[number % nodes.length]!;
        const { status, body } = await fetchOnce(port, `/throttle-app/app${number}/ttl/10`);
        expect(status, body).to.equal(200);
        // Some election time-outs pass meanwhile.
        await client.next('a response', () => true);
      }
    } finally {
      await client.end();
    }

    expect(new Set(client.answers.map(({ status }) => status))).to.deep.equal(new Set([200]));
    expect([...resolver!.asked].filter((name) => !DEAD_HOSTS.includes(name))).to.deep.equal([]);
    expect(await cluster!.leader(), 'the leader at the end').to.equal(leader);
    for (const { port } of nodes) expect(await termOf(port)).to.equal(term);
    expect((await fetchOnce(leader.port, '/check/batch/mysql/dead')).status).to.equal(500);
  });

  it('resolves the hosts of other clusters, also on a new leader', async () => {
    const leader = await cluster!.leader();
    const check = '/check/batch/mysql/named';
    await leader.process.waitFor(check, 200);
    leader.process.signal('SIGKILL');
    await leader.process.exited;
    const next = await cluster!.leader(cluster!.others(leader));
    await next.process.waitFor(check, 200);
  });

  it('stops in time although look-ups are in flight', async () => {
    const leader = await cluster!.leader();
    leader.process.signal('SIGTERM');
    expect(await leader.process.exited).to.deep.equal({ code: 0, signal: null });
  });
});
