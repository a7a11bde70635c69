/** A leader that cannot do its work, though others can: real processes, each with its own way. */
import { expect } from 'chai';
import { Fleet } from '../../src/demo/fleet.js';
import { createNodes, FrenoNode } from '../../src/demo/freno-node.js';
import { TemporaryDirectory } from '../../src/demo/temporary.js';
import { STORE, statusOf, storesOf, VALUE } from '../support/cluster.js';
import { fetchOnce } from '../support/http-client.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { until } from '../support/until.js';

const PRELOAD = new URL('../service/hang-probe-preload.js', import.meta.url).href;

describe('a leader that cannot do its work', () => {
  let directory: TemporaryDirectory;
  let fleet: Fleet;
  let nodes: readonly FrenoNode[];
  /** By node: the way to the server that this node alone takes. */
  const ways = new Map<FrenoNode, TcpProxy>();

  before(async () => {
    directory = new TemporaryDirectory();
    fleet = await Fleet.start([{ value: VALUE }]);
    const places = await createNodes(3, directory.path, { ProbeWorkers: 1, HttpWorkers: 1 });
    nodes = await Promise.all(
      places.map(async ({ configuration }) => {
        const way = await TcpProxy.start(fleet.addresses[0]!);
        const Stores = storesOf([`127.0.0.1:${way.port}`]);
        const node = new FrenoNode({ Stores, ...configuration }, directory.path, {
          node: ['--import', PRELOAD],
        });
        ways.set(node, way);
        return node;
      }),
    );
    for (const node of nodes) node.start();
  });

  after(async () => {
    await Promise.all(nodes.map((node) => node.stop()));
    await Promise.all([...ways.values()].map((way) => way.stop()));
    await fleet.stop();
    directory.remove();
  });

  async function leader(): Promise<FrenoNode> {
    return until(async () => {
      for (const node of nodes) {
        if ((await node.process.status('/leader-check')) === 200) return node;
      }
      return undefined;
    });
  }

  /** Resolves with another node that leads and allows a check. */
  async function successor(than: FrenoNode): Promise<FrenoNode> {
    return until(
      async () => {
        const node = await leader();
        const status = await statusOf(node, `/check/app/mysql/${STORE}`);
        return node !== than && status === 200 ? node : undefined;
      },
      undefined,
      () => than.process.log,
    );
  }

  /** The node's way to the server is gone: connections break, new ones are refused. */
  async function cutOff(node: FrenoNode): Promise<void> {
    const way = ways.get(node)!;
    ways.delete(node);
    await way.stop();
  }

  let second: FrenoNode;
  let third: FrenoNode;

  it('hands over when it alone reaches no server, and says why', async () => {
    const first = await leader();
    expect(await statusOf(first, `/check/app/mysql/${STORE}`)).to.equal(200);
    await cutOff(first);
    second = await successor(first);
    const reason = `this node cannot log in to any host of mysql/${STORE}`;
    expect(first.process.log).to.include(reason);
    const events = await fetchOnce(first.port, '/events');
    const to = String(second.configuration.RaftBind);
    expect(events.body).to.include(`leadership was handed over to ${to}: ${reason}`);
    const { body } = await fetchOnce(first.port, '/metrics');
    expect(body).to.match(/^freno_leader_handovers_total 1$/m);
    expect(body).to.match(/^freno_leader_failing_stores 0$/m);
  });

  it('hands over when its probe thread hangs, and to a node that reaches the server', async () => {
    second.process.signal('SIGUSR2');
    third = await successor(second);
    expect(second.process.log).to.include(
      `the probe thread does not respond that reads mysql/${STORE}`,
    );
  });

  it('leads on when no other node does better, and says so', async () => {
    // Its probe thread hangs still, so that it would not answer.
    second.process.signal('SIGKILL');
    await second.process.exited;
    for (const node of [...ways.keys()]) await cutOff(node);
    const line = 'no other node does better';
    await until(
      () => third.process.log.includes(line),
      undefined,
      () => third.process.log,
    );
    expect(await statusOf(third, '/leader-check')).to.equal(200);
    const { body } = await fetchOnce(third.port, '/metrics');
    expect(body)
      .to.match(/^freno_leader_failing_stores 1$/m)
      .and.match(/questions_total 1$/m);
  });
});
