/** The client of the package with three real nodes, through fail-overs and mistakes. */
import { expect } from 'chai';
import { type CheckAnswer, type CheckEvent, FrenoClient } from '../../src/client/index.js';
import type { FrenoNode } from '../../src/demo/freno-node.js';
import { STORE, TestCluster, VALUE } from '../support/cluster.js';
import { failureOf } from '../support/failure.js';
import { fetchOnce } from '../support/http-client.js';
import { until } from '../support/until.js';

const TOO_HIGH = 5;

describe('the client with three nodes', () => {
  let cluster: TestCluster;
  let events: CheckEvent[];

  before(async () => {
    cluster = await TestCluster.start(3);
  });

  beforeEach(() => {
    events = [];
  });

  afterEach(() => cluster.heal());
  after(() => cluster.stop());

  function clientOf(app: string): FrenoClient {
    return new FrenoClient({
      servers: cluster.nodes.map(({ url }) => url),
      app,
      store: STORE,
      onCheck: (event) => events.push(event),
    });
  }

  async function command(node: FrenoNode, path: string): Promise<void> {
    const { status, body } = await fetchOnce(node.port, path);
    expect(status, body).to.equal(200);
  }

  /** Resolves when the node has refused the client for that reason, from now on. */
  async function refusal(by: FrenoNode, reason: CheckEvent['reason']): Promise<void> {
    const from = events.length;
    const isIt = (event: CheckEvent): boolean => event.server === by.url && event.reason === reason;
    await until(() => events.slice(from).some(isIt));
  }

  it('finds the leader', async () => {
    const leader = await cluster.leader();
    const client = clientOf('finder');
    expect(await client.check()).to.include({ permitted: true, value: VALUE, server: leader.url });
    expect(await client.checkRead(VALUE / 2)).to.include({ status: 429, threshold: VALUE / 2 });
    expect(await client.replicationDelay()).to.equal(VALUE);
    const { permitted, text } = await client.why();
    expect(permitted).to.equal(true);
    expect(text).to.match(/^passes: lag .*is 0\.25 s, at most 1 s$/);
  });

  it('waits through kill -9 of the leader while values are too high, then goes on', async () => {
    await cluster.fleet.change([{ server: 0, value: TOO_HIGH }]);
    const leader = await cluster.leader();
    await leader.process.waitFor(`/check/test/mysql/${STORE}`, 429);
    const client = clientOf('waiter');
    let permitted = false;
    const permission = client.waitFor().finally(() => {
      permitted = true;
    });
    await refusal(leader, 'threshold-exceeded');
    leader.process.signal('SIGKILL');
    const next = await cluster.leader(cluster.others(leader));
    await refusal(next, 'threshold-exceeded');
    expect(permitted).to.equal(false);
    await cluster.fleet.change([{ server: 0, value: VALUE }]);
    expect((await permission).answer).to.include({ permitted: true, server: next.url });
  });

  it('has no yes for a throttled app, and soon one for another, through kill -9', async () => {
    const leader = await cluster.leader();
    await command(leader, '/throttle-app/throttled/ttl/10');
    const throttled = clientOf('throttled');
    const answers: CheckAnswer[] = [];
    let isOver = false;
    const checking = (async () => {
      while (!isOver) answers.push(await throttled.check());
    })();
    const free = clientOf('free');
    await free.waitFor();
    leader.process.signal('SIGKILL');
    const { answer } = await free.waitFor();
    expect(answer!.server).not.to.equal(leader.url);
    const before = answers.length;
    await until(() => answers.length > before + 10);
    isOver = true;
    await checking;
    expect(answers.filter(({ permitted }) => permitted)).to.deep.equal([]);
    await command(await cluster.leader(cluster.others(leader)), '/unthrottle-app/throttled');
  });

  it('says that no freno responds while all are gone, and goes on when they are back', async () => {
    const client = clientOf('patient');
    await client.waitFor();
    for (const node of cluster.nodes) node.process.signal('SIGKILL');
    await Promise.all(cluster.nodes.map((node) => node.process.exited));
    expect(await client.check()).to.include({ permitted: false, reason: 'unreachable' });
    const permission = client.waitFor();
    await cluster.heal();
    expect((await permission).answer).to.include({ permitted: true });
  });

  it('says that no node leads while there is no majority', async () => {
    const leader = await cluster.leader();
    const [first, second] = cluster.others(leader) as [FrenoNode, FrenoNode];
    const client = clientOf('minority');
    for (const node of [leader, second]) node.process.signal('SIGKILL');
    await until(async () => (await client.check()).reason === 'not-leader');
    expect(await client.check()).to.include({ permitted: false, server: first.url });
  });

  it('ends early for a store that is not configured', async () => {
    const { code, message } = await failureOf(clientOf('typo').waitFor({ store: 'mian' }));
    expect(code).to.equal('UNKNOWN_STORE');
    expect(message).to.match(/: no such store: mysql\/mian; did you mean mysql\/main\?$/);
  });
});
