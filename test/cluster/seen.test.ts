/** What operators see of a running cluster: who asks and why it waits, and the last minutes. */
import { expect } from 'chai';
import type { FrenoNode } from '../../src/demo/freno-node.js';
import { fetchJson, fetchOnce } from '../support/http-client.js';
import { PageCluster } from '../support/page-cluster.js';
import { until } from '../support/until.js';

interface SeenApps {
  readonly Apps: ReadonlyArray<Readonly<Record<string, unknown>>>;
}

interface SeenHistory {
  readonly Metrics: ReadonlyArray<{
    readonly Values: ReadonlyArray<number | null>;
    readonly Thresholds: ReadonlyArray<readonly [number, number | null]>;
  }>;
  readonly Answers: Readonly<Record<string, ReadonlyArray<number | null>>>;
}

describe('what operators see of a running cluster', function () {
  this.timeout(60_000);

  let cluster: PageCluster;
  let leader: FrenoNode;

  before(async () => {
    cluster = await PageCluster.start({ nodes: 3, stores: 3, hosts: 3 });
    leader = await cluster.leader();
  });

  after(() => cluster?.stop());

  const check = (app: string, store: string, query = '') =>
    fetchOnce(leader.port, `/check/${app}/mysql/${store}${query}`);

  const history = async (store: string): Promise<SeenHistory> =>
    (await fetchJson(leader.port, `/history/mysql/${store}`)) as SeenHistory;

  const untilRecorded = (store: string) =>
    until(async () => (await fetchOnce(leader.port, `/history/mysql/${store}`)).status === 200);

  it('is why each app waits', async () => {
    await fetchOnce(leader.port, '/throttle-app/archive/ttl/5');
    // One that is refused once does not wait.
    for (let times = 0; times < 2; times++) {
      await check('etl', 'main3');
      await check('calm', 'main1');
      await check('archive', 'main1');
      await check('typo', 'nosuch');
      await check('reader', 'audit');
      await check('patient', 'main3', '?p=low');
    }
    // The refusal of another app, within the last second, holds it back.
    await until(async () => {
      await check('etl', 'main3');
      return (await check('patient', 'main3', '?p=low')).status === 417;
    });
    const { Apps } = (await fetchJson(leader.port, '/apps')) as SeenApps;
    const whyOf = (name: string): unknown => Apps.find(({ App }) => App === name)?.Why;
    expect(Apps.find(({ App }) => App === 'etl')).to.include({
      ...{ Store: 'mysql/main3', Why: 'threshold', Metric: 'lag', Host: cluster.worstHost },
    });
    expect(Apps.find(({ App }) => App === 'archive')).to.include({
      ...{ Why: 'operator', Entry: 'archive' },
    });
    expect(whyOf('patient')).to.equal('priority');
    expect(whyOf('typo')).to.equal('unknown store');
    expect(whyOf('reader')).to.equal('error');
    expect(whyOf('calm')).to.equal(undefined);
  });

  it('is that a node which does not lead knows no value', async () => {
    const follower = cluster.nodes.find((node) => node !== leader)!;
    for (let times = 0; times < 2; times++) {
      await fetchOnce(follower.port, '/check/astray/mysql/main1');
    }
    const seen = (await fetchJson(follower.port, '/apps')) as SeenApps;
    expect(seen).to.include({ Leading: false });
    expect(seen.Apps[0]).to.include({ App: 'astray', LastStatus: 404, Why: 'no value' });
  });

  it('is refused where a parameter is wrong', async () => {
    for (const path of ['/apps?limit=0', '/history/mysql/main1?seconds=901']) {
      expect((await fetchOnce(leader.port, path)).status, path).to.equal(400);
    }
    const unknown = await fetchOnce(leader.port, '/history/mysql/main33');
    expect(unknown.status).to.equal(404);
    expect(unknown.body).to.contain('did you mean mysql/main3?');
  });

  it('is the last minutes of each store', async () => {
    for (let index = 0; index < 5; index++) await check('counted', 'main2');
    await fetchOnce(leader.port, '/set-threshold/mysql/main2/5/ttl/5');
    await untilRecorded('main2');
    await until(async () => {
      const { Metrics, Answers } = await history('main2');
      const sum = (Answers['200'] ?? []).reduce<number>((all, count) => all + (count ?? 0), 0);
      return sum === 5 && Metrics[0]!.Thresholds.some(([, threshold]) => threshold === 5);
    });
    const { Metrics } = await history('main3');
    expect(Metrics[0]!.Values.at(-1)).to.equal(8.2);
    expect(Metrics[0]!.Values[0]).to.equal(null);
    expect(Metrics[0]!.Values).to.have.length(900);
  });

  it('has a gap where the process stood still', async () => {
    leader.process.signal('SIGSTOP');
    const other = cluster.nodes.find((node) => node !== leader)!;
    await until(async () => {
      const found = await cluster.nodes
        .filter((node) => node !== leader)
        .reduce<Promise<FrenoNode | undefined>>(async (before, node) => {
          const known = await before;
          if (known !== undefined) return known;
          return (await node.process.status('/leader-check')) === 200 ? node : undefined;
        }, Promise.resolve(undefined));
      return found !== undefined;
    });
    leader.process.signal('SIGCONT');
    leader = await cluster.leader();
    await untilRecorded('main3');
    await until(async () => (await history('main3')).Metrics[0]!.Values.at(-1) === 8.2);
    // What the leader before kept is not there.
    const { Metrics } = await history('main3');
    expect(Metrics[0]!.Values.filter((value) => value !== null).length).to.be.lessThan(60);
    expect(other.running).to.equal(true);
  });
});
