/** `/debug/vars`: names and numbers. */
import { createHistogram } from 'node:perf_hooks';
import { expect } from 'chai';
import { monotonicMs } from '../../src/base/clock.js';
import { Board, emptyLeadershipReading } from '../../src/board/board.js';
import type { ConsensusStatus } from '../../src/contracts/consensus.js';
import type { ProbeStatistics } from '../../src/contracts/probe.js';
import { checkVars } from '../../src/publish/main/vars/check-vars.js';
import { MovingAverages } from '../../src/publish/main/vars/moving-averages.js';
import { Vars, type VarsSources } from '../../src/publish/main/vars/vars.js';
import { MetricState } from '../../src/throttle/metric.js';
import { ThrottleState } from '../../src/throttle/state.js';
import { storeLocation } from '../support/cluster-settings.js';
import { checkCount, httpStatistics, probeStatistics } from '../support/statistics.js';

const STATUS = { IsLeader: true, Healthy: false, Leader: 'n1:1' } as ConsensusStatus;

function probed(latencies: number[], rest: Partial<ProbeStatistics> = {}): ProbeStatistics {
  const latency = createHistogram();
  for (const nanoseconds of latencies) latency.record(nanoseconds);
  return probeStatistics({ total: latencies.length, latency, ...rest });
}

async function varsOf(sources: Partial<VarsSources>): Promise<Record<string, unknown>> {
  const vars = new Vars({
    http: { collect: async () => [] },
    probes: { collect: async () => [] },
    board: Board.create(2),
    stores: () => [],
    state: new ThrottleState(),
    consensus: { status: () => STATUS },
    backend: 'raft',
    ...sources,
  });
  const json = (await vars.report()).join('');
  const parsed = JSON.parse(json) as Record<string, unknown>;
  expect(Object.keys(parsed), 'sorted').to.deep.equal(Object.keys(parsed).sort());
  return parsed;
}

describe('/debug/vars', () => {
  it('counts pairs of app and store together where their names do not fit', async () => {
    const checks = Array.from({ length: 100 }, (_, app) => checkCount(`世${app}`, 's', { ok: 1 }));
    const statistics = [httpStatistics({ checks }), httpStatistics({ checks })];
    const vars = await checkVars(statistics, 700);
    expect(vars.get('check.any.total')).to.equal(200);
    expect(vars.get('check.世0.mysql.s.total')).to.equal(2);
    expect(vars.get('check.(other).mysql.(other).total')).to.equal(180);
    expect([...vars.keys()].filter((name) => name.startsWith('check.世'))).to.have.length(20);
  });

  it('sums checks over workers, apps and stores', async () => {
    const vars = await varsOf({
      http: {
        collect: async () => [
          httpStatistics({
            checks: [
              checkCount('a', 's1', { ok: 7, notFound: 1, denied: 1, internalError: 1 }),
              checkCount('a', 's2', { ok: 5 }),
            ],
          }),
          httpStatistics({
            checks: [
              checkCount('a', 's1', { exceeded: 1 }),
              checkCount('b', 's1', { internalError: 2 }),
            ],
          }),
        ],
      },
    });
    expect(vars).to.include({
      'check.any.total': 18,
      'check.any.error': 6,
      'check.any.internal-error': 3,
      'check.a.total': 16,
      'check.a.error': 4,
      'check.a.internal-error': 1,
      'check.b.total': 2,
      'check.any.mysql.s1.total': 13,
      'check.any.mysql.s1.error': 6,
      'check.any.mysql.s2.total': 5,
      'check.a.mysql.s1.total': 11,
      'check.a.mysql.s2.total': 5,
      'check.b.mysql.s1.internal-error': 2,
    });
    expect(vars).not.to.have.any.keys('check.a.mysql.s2.error', 'check.any.mysql.s2.error');
  });

  it('has the variables of expvar, with the memory that has a meaning here', async () => {
    const { memstats, cmdline } = await varsOf({});
    expect(memstats).to.have.all.keys('Alloc', 'HeapAlloc', 'HeapSys', 'Sys');
    for (const bytes of Object.values(memstats as object)) expect(bytes).to.be.above(1e6);
    expect(cmdline).to.deep.equal(process.argv);
  });

  it('merges the probes of all workers', async () => {
    const vars = await varsOf({
      probes: {
        collect: async () => [
          probed([1_000_000, 2_000_000, 3_000_000], {
            error: 1,
            httpChecks: { 200: 4, 404: 1 },
            httpChecksSkipped: 2,
          }),
          probed([9_000_000], { error: 2, httpChecks: { 404: 2 }, httpChecksFailed: 3 }),
        ],
      },
    });
    expect(vars).to.include({
      'probes.total': 4,
      'probes.error': 3,
      'probes.latency.count': 4,
      'httpcheck.200': 4,
      'httpcheck.404': 3,
      'httpcheck.skip': 2,
      'httpcheck.error': 3,
    });
    // The histogram has a precision of three digits.
    expect(vars['probes.latency.min']).to.be.closeTo(1e6, 1e4);
    expect(vars['probes.latency.max']).to.be.closeTo(9e6, 1e5);
    expect(vars['probes.latency.mean']).to.be.closeTo(3.75e6, 1e5);
    expect(vars['probes.latency.50-percentile']).to.be.closeTo(2e6, 1e4);
    expect(vars['probes.latency.999-percentile']).to.be.closeTo(9e6, 1e5);
    expect(vars['probes.latency.mean-rate']).to.be.greaterThan(0);
  });

  it('has all variables of probes before the first probe', async () => {
    const vars = await varsOf({});
    const latencies = ['count', 'min', 'max', 'mean', 'std-dev', 'mean-rate'].concat(
      ['one-minute', 'five-minute', 'fifteen-minute'],
      ['50', '75', '95', '99', '999'].map((percentile) => `${percentile}-percentile`),
    );
    for (const name of latencies) expect(vars[`probes.latency.${name}`], name).to.equal(0);
    expect(vars).to.include({ 'probes.total': 0, 'probes.error': 0 });
  });

  it('reports the values and the health of the stores while the node leads', async () => {
    const board = Board.create(2);
    const nowMs = monotonicMs();
    const leadership = {
      leading: true,
      forced: false,
      ready: true,
      term: 1,
      leaseUntilMs: Number.POSITIVE_INFINITY,
      promotedAtMs: nowMs - 10_000,
      clockOffsetMs: null,
    };
    board.publishLeadership(leadership);
    for (const slot of [0, 1]) {
      board.publishSettings(slot, { generation: 1, threshold: 1, maxAgeMs: 5000 });
    }
    board.publishMeasurement(0, {
      generation: 1,
      term: 1,
      state: MetricState.ok,
      value: 0.43,
      readAtMs: nowMs,
      lastHealthyMs: nowMs - 3_000,
      sinceMs: 0,
      errorText: '',
    });
    const stores = () => [storeLocation('s1', 0), storeLocation('s2', 1)];
    const vars = await varsOf({ board, stores });
    expect(vars).to.include({
      'aggregated.mysql.s1': 0.43,
      'check.mysql.s1.seconds_since_healthy': 3,
      'check.mysql.s2.seconds_since_healthy': 10,
    });
    expect(vars).not.to.have.any.keys('aggregated.mysql.s2');
    board.publishLeadership({ ...leadership, leading: false });
    expect(await varsOf({ board, stores })).not.to.have.any.keys('aggregated.mysql.s1');
  });

  it('names the variables of leadership by the backend', async () => {
    const raft = await varsOf({ backend: 'raft' });
    expect(raft).to.include({
      'raft.is_leader': 1,
      'raft.is_healthy': 0,
      'raft.leader': 'n1:1',
      'consensus.is_leader': 1,
      'consensus.is_healthy': 0,
    });
    const mysql = await varsOf({ backend: 'mysql' });
    expect(mysql).to.include({ 'backend.mysql.is_leader': 1, 'backend.mysql.is_healthy': 0 });
    expect(mysql).not.to.have.any.keys('raft.is_leader', 'raft.leader');
  });

  it('lists the apps that are throttled now', async () => {
    const state = new ThrottleState();
    state.apply({ kind: 'throttleApp', atMs: Date.now(), key: 'archive' });
    state.apply({ kind: 'throttleApp', atMs: Date.now(), key: 'x/s1' });
    const hourAgoMs = Date.now() - 3_600_000;
    const old = { atMs: hourAgoMs - 1_000, key: 'old', expireAtMs: hourAgoMs };
    state.apply({ kind: 'throttleApp', ...old });
    const vars = await varsOf({ state });
    expect(vars).to.include({ 'throttled_states.archive': 1, 'throttled_states.x/s1': 1 });
    expect(vars).not.to.have.any.keys('throttled_states.old');
    const board = Board.create(1);
    const clockOffsetMs = Date.now() - monotonicMs() - 86_400_000;
    board.publishLeadership({ ...emptyLeadershipReading(), clockOffsetMs });
    const byYesterday = await varsOf({ state, board });
    expect(byYesterday, 'by the clock of the cluster').to.include({ 'throttled_states.old': 1 });
  });
});

describe('MovingAverages', () => {
  it('starts with the first rate and decays like go-metrics', () => {
    const averages = new MovingAverages();
    expect(averages.rates).to.deep.equal({ oneMinute: 0, fiveMinute: 0, fifteenMinute: 0 });
    averages.tick(15);
    expect(averages.rates).to.deep.equal({ oneMinute: 3, fiveMinute: 3, fifteenMinute: 3 });
    // A minute without events: go-metrics documents 3 falling to
    for (let tick = 0; tick < 12; tick++) averages.tick(15);
    expect(averages.rates.oneMinute).to.be.closeTo(1.10363832351, 1e-9);
    expect(averages.rates.fiveMinute).to.be.closeTo(2.45619225923, 1e-9);
    expect(averages.rates.fifteenMinute).to.be.closeTo(2.80652095538, 1e-9);
  });

  it('takes a count that has fallen as no events', () => {
    const averages = new MovingAverages();
    averages.tick(100);
    averages.tick(40);
    expect(averages.rates.oneMinute).to.be.within(0, 20);
    const before = averages.rates.oneMinute;
    averages.tick(140);
    expect(averages.rates.oneMinute).to.be.greaterThan(before);
  });
});
