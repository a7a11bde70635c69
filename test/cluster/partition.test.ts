/** Real nodes in network namespaces, with links that are cut. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { TemporaryDirectory } from '../../src/demo/temporary.js';
import { fetchOnce } from '../support/http-client.js';
import { LeaderWatch, type WatchedNode } from '../support/leader-watch.js';
import {
  makeHosts,
  mayMakeNamespaces,
  type NamespaceHost,
  removeHosts,
} from '../support/namespaces.js';
import { skipUnless } from '../support/skip.js';
import { until } from '../support/until.js';

const LAUNCHER = fileURLToPath(new URL('../../src/freno.cjs', import.meta.url));
const HTTP_PORT = 8087;
const RAFT_PORT = 10008;

interface PartitionedNode extends WatchedNode {
  readonly machine: NamespaceHost;
  readonly host: string;
  readonly child: ChildProcess;
}

describe('nodes on a partitioned network', () => {
  let hosts: NamespaceHost[] = [];
  let nodes: PartitionedNode[] = [];
  let watch: LeaderWatch;
  const directory = new TemporaryDirectory();

  before(async function () {
    skipUnless(this, mayMakeNamespaces(), 'this process may not make network namespaces');
    hosts = makeHosts(3);
    nodes = hosts.map(startNode);
    watch = new LeaderWatch(nodes);
    // One that starts after the others elect does not vote until it has what they have.
    for (const node of nodes) {
      await until(async () => (await ask(node, '/raft/leader').catch(() => null))?.status === 200);
    }
  });

  after(async () => {
    await watch?.end();
    for (const { child } of nodes) {
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    }
    removeHosts(hosts);
    directory.remove();
  });

  afterEach(async () => {
    for (const host of hosts) host.heal();
    for (const node of nodes) await knowsLeader(node);
  });

  function startNode(machine: NamespaceHost, index: number): PartitionedNode {
    const dataDir = join(directory.path, `node${index}`);
    mkdirSync(dataDir);
    const file = join(directory.path, `node${index}.json`);
    const addresses = hosts.map(({ peerAddress }) => `${peerAddress}:${RAFT_PORT}`);
    const stores = {
      MySQL: { Clusters: { main: { StaticHostsSettings: { Hosts: ['127.0.0.1:1'] } } } },
    };
    writeFileSync(
      file,
      JSON.stringify({
        ListenPort: HTTP_PORT,
        RaftDataDir: dataDir,
        RaftBind: addresses[index],
        RaftNodes: addresses,
        Stores: stores,
      }),
    );
    const child = machine.spawn(process.execPath, [LAUNCHER, '--http', '--config', file]);
    // An unread pipe would fill up and block the node.
    child.stderr?.resume();
    return { machine, child, host: machine.clientAddress, port: HTTP_PORT };
  }

  function others(than: PartitionedNode): PartitionedNode[] {
    return nodes.filter((node) => node !== than);
  }

  function ask(node: PartitionedNode, path: string) {
    return fetchOnce(node.port, path, { host: node.host });
  }

  /** Resolves when the node knows a leader, or knows none. */
  async function knowsLeader(node: PartitionedNode, known = true): Promise<void> {
    await until(async () => {
      const { status } = await ask(node, '/raft/leader');
      return (status === 200) === known;
    });
  }

  async function apps(node: PartitionedNode): Promise<string[]> {
    return Object.keys(JSON.parse((await ask(node, '/throttled-apps')).body) as object);
  }

  for (const [what, breakLinks] of [
    ['cut off', (node: PartitionedNode) => node.machine.cut()],
    [
      'muted',
      (node: PartitionedNode) => node.machine.mute(others(node).map(({ machine }) => machine)),
    ],
  ] as const) {
    it(`denies leader-check before another node confirms it, as a leader ${what}`, async () => {
      const leader = await watch.anyYes(nodes);
      const brokenAtMs = performance.now();
      breakLinks(leader);
      const next = await watch.anyYes(others(leader));
      const takenOver = watch.yesOf(next).find(({ sentAtMs }) => sentAtMs >= brokenAtMs)!;

      const refused = await ask(leader, `/throttle-app/lost-${what.replace(' ', '-')}`);
      expect(refused.status, refused.body).to.be.oneOf([503, 504]);
      expect((await ask(next, '/throttle-app/kept')).status).to.equal(200);

      leader.machine.heal();
      await knowsLeader(leader);
      const late = watch.yesOf(leader).filter(({ sentAtMs }) => sentAtMs > takenOver.answeredAtMs);
      expect(late, 'yes of the old leader after the next one').to.deep.equal([]);
      expect(await apps(await watch.anyYes(nodes))).to.include('kept');
    });
  }

  it('keeps the leader when a follower is cut off and comes back', async () => {
    const leader = await watch.anyYes(nodes);
    const follower = others(leader)[0]!;
    const third = others(leader)[1]!;
    const before = watch.yesOf(third).length + watch.yesOf(follower).length;
    follower.machine.cut();
    await knowsLeader(follower, false);
    expect((await ask(leader, '/throttle-app/meanwhile')).status).to.equal(200);
    follower.machine.heal();
    await knowsLeader(follower);
    await watch.nextYes(leader);
    expect(watch.yesOf(third).length + watch.yesOf(follower).length, 'yes of others').to.equal(
      before,
    );
    // It receives heartbeats before its own connection to the leader is back, and until then
    // responds 503.
    await until(async () => {
      const { status } = await ask(follower, '/throttle-app/afterwards');
      expect(status).to.be.oneOf([200, 503]);
      return status === 200;
    });
    expect(await apps(follower)).to.include.members(['meanwhile', 'afterwards']);
  });
});
