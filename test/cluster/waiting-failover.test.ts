/** Clients that wait for a check while the leader changes. */
import { expect } from 'chai';
import type { FrenoNode } from '../../src/demo/freno-node.js';
import { STORE, TestCluster, VALUE } from '../support/cluster.js';
import { fetchJson, fetchOnce } from '../support/http-client.js';
import { until } from '../support/until.js';

/** At both HTTP workers. */
const CLIENTS = 60;

const PATH = `/check/archive/mysql/${STORE}`;

describe('a client that waits while the leader changes', () => {
  let cluster: TestCluster;

  before(async () => {
    cluster = await TestCluster.start(3, { HttpWorkers: 2 });
  });

  after(() => cluster?.stop());

  beforeEach(async () => {
    await cluster.heal();
    await cluster.fleet.change([{ server: 0, value: 9 }]);
  });

  /** Resolves with the leader and the responses to clients that wait there, once all wait. */
  async function waiting(): Promise<{
    readonly leader: FrenoNode;
    readonly responses: Promise<ReadonlyArray<number | 'closed'>>;
  }> {
    const leader = await cluster.leader();
    await leader.process.waitFor(PATH, 429);
    const responses = Promise.all(
      Array.from({ length: CLIENTS }, () =>
        fetchOnce(leader.port, `${PATH}?wait=60`).then(
          ({ status }) => status,
          (): 'closed' => 'closed',
        ),
      ),
    );
    await until(async () => {
      const { body } = await fetchOnce(leader.port, '/metrics');
      const perWorker = [...body.matchAll(/^freno_waiting_checks\{[^}]*\} (\d+)$/gm)];
      return perWorker.reduce((sum, [, count]) => sum + Number(count), 0) === CLIENTS;
    });
    return { leader, responses };
  }

  it('is answered by the next leader when it asks again after a crash', async () => {
    const { leader, responses } = await waiting();
    leader.process.signal('SIGKILL');
    expect(new Set(await responses)).to.deep.equal(new Set(['closed']));
    const next = await cluster.leader(cluster.others(leader));
    const again = fetchOnce(next.port, `${PATH}?wait=60`);
    await cluster.fleet.change([{ server: 0, value: VALUE }]);
    expect((await again).status).to.equal(200);
  });

  it('is answered at once by a leader that hands over, and by one that stops', async () => {
    const yielded = await waiting();
    await fetchOnce(yielded.leader.port, '/raft/yield', { method: 'POST' });
    expect(new Set(await yielded.responses)).to.deep.equal(new Set([404]));
    const stopped = await waiting();
    const end = stopped.leader.stop();
    expect(await stopped.responses).to.satisfy((statuses: ReadonlyArray<number | 'closed'>) =>
      statuses.every((status) => status === 404 || status === 429),
    );
    await end;
    const { port } = await cluster.leader();
    // It is looked at once a second.
    await until(async () => {
      const events = (await fetchJson(port, '/events')) as ReadonlyArray<{ Kind: string }>;
      return events.some(({ Kind }) => Kind === 'leader');
    });
  });
});
