/** The election in a real database: one leader, also while it freezes and restarts. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { monotonicMs } from '../../../src/base/clock.js';
import { DEFAULT_TIMES } from '../../../src/consensus/mysql/options.js';
import { failureOf } from '../../support/failure.js';
import { until } from '../../support/until.js';
import { Backend, FAST, PASSWORD } from './backend.js';
import { type BackendTestNode, firstUntil } from './node.js';

const DOMAIN = 'dc:test';

describe('the election by the MySQL backend', () => {
  const backend = new Backend();

  before(function () {
    return backend.create(this);
  });
  beforeEach(() => backend.reset());
  afterEach(() => backend.stopNodes());
  after(() => backend.remove());

  it('makes the first node the leader, and lists leader and healthy nodes on all', async () => {
    const [first, second] = (await backend.nodes(['a:1', 'b:1'])) as [
      BackendTestNode,
      BackendTestNode,
    ];
    expect(first.acts).to.equal(true);
    expect(first.promotions.map(({ leading, term }) => ({ leading, term }))).to.deep.equal([
      { leading: true, term: 1 },
    ]);
    expect(first.consensus.status()).to.deep.equal({
      ServiceID: 'a:1',
      Healthy: true,
      IsLeader: true,
      Leader: 'a:1',
      State: 'Leader',
      Domain: DOMAIN,
      ShareDomain: '',
      ShareDomainServices: null,
      ShareDomainServicesList: ['a:1'],
      HealthyDomainServicesList: ['a:1'],
      Majority: null,
    });
    expect(second.acts).to.equal(false);
    expect(second.consensus.status()).to.deep.include({
      IsLeader: false,
      Leader: 'a:1',
      State: 'Healthy',
      HealthyDomainServicesList: ['a:1', 'b:1'],
    });
  });

  it('hands leadership over on request, and says to which node', async () => {
    const [first, second] = (await backend.nodes(['a:1', 'b:1'])) as [
      BackendTestNode,
      BackendTestNode,
    ];
    const refused = await failureOf(second.consensus.yieldLeadership());
    expect(refused).to.include({ code: 'CONFLICT' });
    expect(refused.message).to.include('the leader is a:1');
    await until(() => first.consensus.status().HealthyDomainServicesList?.length === 2);
    expect(await first.consensus.yieldLeadership()).to.equal('b:1');
    expect(first.acts).to.equal(false);
    await until(() => second.acts);
    const { Self, LeaderHTTP, Nodes } = first.consensus.cluster();
    expect({ Self, LeaderHTTP }).to.deep.equal({ Self: 'a:1', LeaderHTTP: 'b:1' });
    expect(Nodes.map(({ Node, Role, Version }) => [Node, Role, Version])).to.deep.equal([
      ['a:1', 'Healthy', '1.2.3'],
      ['b:1', 'Leader', null],
    ]);
  });

  it('hands nothing over when no other node is healthy', async () => {
    const [only] = (await backend.nodes(['a:1'])) as [BackendTestNode];
    expect(await failureOf(only.consensus.yieldLeadership())).to.include({ code: 'CONFLICT' });
    expect(only.acts).to.equal(true);
  });

  it('elects one leader for each domain, and lists the domains of a share domain', async () => {
    const options = { shareDomain: 'all' };
    const east = backend.node('a:1', { ...options, domain: 'east' });
    const west = backend.node('b:1', { ...options, domain: 'west' });
    const alone = backend.node('c:1', { domain: 'alone' });
    for (const node of [alone, west, east]) await node.consensus.start();
    expect([east, west, alone].map(({ acts }) => acts)).to.deep.equal([true, true, true]);
    expect(east.consensus.status()).to.deep.include({
      ShareDomain: 'all',
      ShareDomainServices: { west: 'b:1' },
      ShareDomainServicesList: ['a:1', 'b:1'],
      HealthyDomainServicesList: ['a:1'],
    });
  });

  it('uses the domain of the original when none is configured', async () => {
    const node = backend.node('a:1', { domain: '' });
    await node.consensus.start();
    expect(await backend.server.run('SELECT domain FROM service_election')).to.deep.equal([
      { domain: ':' },
    ]);
  });

  it('does not give the row to a node that cannot read the state', async () => {
    const leader = backend.node('a:1');
    await leader.consensus.start();
    const tables = ['service_election', 'service_health', 'throttled_apps', 'skipped_hosts'];
    await backend.server.run(
      `CREATE OR REPLACE USER blind@'%' IDENTIFIED BY '${PASSWORD}'`,
      ...tables.map((table) => `GRANT ALL ON freno.${table} TO blind@'%'`),
    );
    const blind = backend.node('b:1', { settings: { ...backend.settings, user: 'blind' } });
    await blind.consensus.start();
    await backend.server.run("REVOKE SELECT ON freno.throttled_apps FROM blind@'%'");
    // The state that it has read counts as fresh for two intervals.
    await sleep(3 * FAST.stateIntervalMs);
    await leader.consensus.stop();
    await sleep(3 * FAST.electionIntervalMs);
    expect(await backend.server.run('SELECT service_id FROM service_election')).to.deep.equal([
      { service_id: 'a:1' },
    ]);
    expect(blind.promotions).to.deep.equal([]);
  });

  it('releases leadership at once when the leader stops', async () => {
    const [first, second] = (await backend.nodes(['a:1', 'b:1'])) as [
      BackendTestNode,
      BackendTestNode,
    ];
    await first.consensus.stop();
    // Sooner than the row could expire.
    await second.until(() => second.acts, 15_000);
    expect(first.promotions.at(-1)?.leading).to.equal(false);
  });

  it('takes over from a stopped node of the original when its row has expired', async () => {
    const node = backend.node('b:1');
    await node.consensus.start();
    await node.consensus.stop();
    const seenAtMs = monotonicMs();
    await backend.server.run(
      `REPLACE INTO service_election (domain, share_domain, service_id, last_seen_active)
        VALUES ('${DOMAIN}', '', 'go:8087', now())`,
    );
    const next = backend.node('b:2', { times: FAST });
    await next.consensus.start();
    expect(next.consensus.status()).to.deep.include({ Leader: 'go:8087', State: 'Healthy' });
    await next.until(() => next.acts);
    expect(monotonicMs() - seenAtMs).to.be.greaterThan(FAST.takeoverSeconds * 1_000);
  });

  it('takes over a row ahead of the clock of the database when it is not renewed', async () => {
    const node = backend.node('b:1');
    await node.consensus.start();
    await node.consensus.stop();
    const lead = (seconds: number): Promise<unknown> =>
      backend.server.run(
        `REPLACE INTO service_election (domain, share_domain, service_id, last_seen_active)
          VALUES ('${DOMAIN}', '', 'go:8087', now() + INTERVAL ${seconds} SECOND)`,
      );
    await lead(3_600);
    const next = backend.node('b:2', { times: FAST });
    await next.consensus.start();
    // Its leader is alive and renews the row, at first by a clock that is still ahead.
    for (let renewal = 0; renewal < 6; renewal++) {
      await sleep(400);
      await lead(renewal < 4 ? 3_600 : 0);
    }
    expect(next.promotions).to.deep.equal([]);
    const seenAtMs = monotonicMs();
    await lead(3_600);
    await next.until(() => next.acts);
    expect(monotonicMs() - seenAtMs).to.be.greaterThan(FAST.takeoverSeconds * 1_000);
    const [row] = await backend.server.run('SELECT service_id FROM service_election');
    expect(row).to.deep.equal({ service_id: 'b:2' });
  });

  it('does not take over the row of a node of the original that renews it', async () => {
    const node = backend.node('b:1');
    await node.consensus.start();
    await node.consensus.stop();
    const renew = (): Promise<unknown> =>
      backend.server.run(
        `INSERT INTO service_election (domain, share_domain, service_id, last_seen_active)
          VALUES ('${DOMAIN}', '', 'go:8087', now()) ON DUPLICATE KEY UPDATE
          service_id = IF(last_seen_active < now() - INTERVAL 2 SECOND,
            VALUES(service_id), service_id),
          share_domain = IF(service_id = VALUES(service_id), VALUES(share_domain), share_domain),
          last_seen_active = IF(service_id = VALUES(service_id),
            VALUES(last_seen_active), last_seen_active)`,
      );
    await renew();
    const next = backend.node('b:2', { times: FAST });
    await next.consensus.start();
    for (let renewal = 0; renewal < 6; renewal++) {
      await sleep(400);
      await renew();
    }
    expect(next.promotions).to.deep.equal([]);
    expect(next.consensus.status().Leader).to.equal('go:8087');
  });

  it('stops leading 4 s after the last renewal when the backend freezes', async () => {
    const node = backend.node('a:1', { times: DEFAULT_TIMES });
    await node.consensus.start();
    let leaseUntilMs = node.leaseUntilMs;
    expect(leaseUntilMs - monotonicMs()).to.be.within(2_000, 4_000);
    node.watch(() => {
      // 0: it was demoted.
      leaseUntilMs = node.leaseUntilMs || leaseUntilMs;
    });
    await backend.server.freeze();
    try {
      await node.until(() => !node.leading);
      expect(node.promotions.at(-1)!.atMs).to.be.within(leaseUntilMs, leaseUntilMs + 1_500);
      expect(node.consensus.status()).to.deep.include({
        Healthy: false,
        IsLeader: false,
        Leader: '',
        State: 'Unhealthy',
      });
    } finally {
      backend.server.thaw();
    }
    await node.until(() => node.acts);
    expect(node.promotions.map(({ term }) => term)).to.deep.equal([1, 1, 2]);
  });

  it('stops leading when the backend is killed, and logs one line for one failure', async () => {
    const node = backend.node('a:1', { times: FAST });
    await node.consensus.start();
    backend.lines.length = 0;
    await backend.server.kill();
    await node.until(() => !node.leading);
    await sleep(2 * FAST.electionIntervalMs);
    const faults = backend.lines.filter((line) => line.includes('election failed'));
    expect(faults.length).to.be.within(1, 3);
    await backend.server.restart();
    await node.until(() => node.acts);
    await backend.server.run('USE freno');
    const { leaseUntilMs } = node;
    // The next renewal follows the end of this round.
    await node.until(() => node.leaseUntilMs > leaseUntilMs);
    expect(node.consensus.status()).to.deep.include({ Healthy: true, State: 'Leader' });
    expect(backend.lines.some((line) => line.includes('election recovered'))).to.equal(true);
  });

  it('reconnects when its server becomes read-only, as after a fail-over', async () => {
    const node = backend.node('a:1', { times: FAST });
    await node.consensus.start();
    const connections = (): Promise<{ id: number }[]> =>
      backend.server.run<{ id: number }>(
        "SELECT id FROM information_schema.processlist WHERE user = 'freno'",
      );
    const before = (await connections()).map(({ id }) => id);
    await backend.server.run('SET GLOBAL read_only = 1');
    await node.until(() => !node.leading);
    await backend.server.run('SET GLOBAL read_only = 0');
    await node.until(() => node.acts);
    const after = (await connections()).map(({ id }) => id);
    expect(after.filter((id) => before.includes(id)).length).to.be.lessThan(before.length);
  });

  it('never has two leaders at once while the backend freezes and restarts', async () => {
    const nodes: BackendTestNode[] = await backend.nodes(['a:1', 'b:1', 'c:1'], FAST);
    const leaseSpans = watchLeases(nodes);
    for (let freeze = 0; freeze < 2; freeze++) {
      await backend.server.freeze();
      await sleep(freeze === 0 ? 700 : 1_500);
      backend.server.thaw();
      await anyLeads(nodes);
    }
    await backend.server.kill();
    await backend.server.restart();
    await backend.server.run('USE freno');
    const leader = await anyLeads(nodes);
    await leader.consensus.stop();
    await anyLeads(nodes);
    const spans = leaseSpans();
    expect(spans.length).to.be.greaterThan(2);
    for (const [index, span] of spans.entries()) {
      for (const other of spans.slice(index + 1)) {
        if (other.node === span.node) continue;
        const apart = span.untilMs <= other.fromMs || other.untilMs <= span.fromMs;
        expect(apart, `${JSON.stringify(span)} and ${JSON.stringify(other)}`).to.equal(true);
      }
    }
  });

  it('uses the clock of the database, not that of the node', async () => {
    const realNow = Date.now;
    Date.now = () => realNow() + 3_600_000;
    try {
      const [first, second] = (await backend.nodes(['a:1', 'b:1'])) as [
        BackendTestNode,
        BackendTestNode,
      ];
      await sleep(2 * FAST.electionIntervalMs);
      expect([first.acts, second.acts]).to.deep.equal([true, false]);
      const [row] = await backend.server.run<{ age: number }>(
        'SELECT timestampdiff(second, last_seen_active, now()) AS age FROM service_election',
      );
      expect(row!.age).to.be.within(0, 1);
    } finally {
      Date.now = realNow;
    }
  });
});

interface LeaseSpan {
  readonly node: number;
  readonly fromMs: number;
  readonly untilMs: number;
}

/** Records when each node led: from its promotion to its demotion, or to the end of its lease. */
function watchLeases(nodes: readonly BackendTestNode[]): () => LeaseSpan[] {
  const leases = nodes.map(() => new Map<number, number>());
  nodes.forEach((node, index) => {
    leases[index]!.set(node.promotions.length, node.leaseUntilMs);
    const extended = node.leaseExtended.bind(node);
    node.leaseExtended = (untilMs) => {
      leases[index]!.set(node.promotions.length, untilMs);
      extended(untilMs);
    };
  });
  return () =>
    nodes.flatMap((node, index) =>
      node.promotions.flatMap(({ leading, atMs }, change) => {
        if (!leading) return [];
        const endedAtMs = node.promotions[change + 1]?.atMs ?? monotonicMs();
        const leaseUntilMs = leases[index]!.get(change + 1) ?? atMs;
        return [{ node: index, fromMs: atMs, untilMs: Math.min(endedAtMs, leaseUntilMs) }];
      }),
    );
}

async function anyLeads(nodes: readonly BackendTestNode[]): Promise<BackendTestNode> {
  await firstUntil(nodes, () => nodes.some((node) => node.acts));
  return nodes.find((node) => node.acts)!;
}
