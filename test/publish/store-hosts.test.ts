/** The hosts of a store: those that are probed, and those that are not. */
import { expect } from 'chai';
import { monotonicMs } from '../../src/base/clock.js';
import { Board } from '../../src/board/board.js';
import type { MetricDescription } from '../../src/contracts/probe.js';
import type { ClusterReport } from '../../src/contracts/reports.js';
import { StoreHosts } from '../../src/publish/main/store-hosts.js';
import { ThrottleState } from '../../src/throttle/state.js';

const NOW_UNIX_MS = 1_800_000_000_000;

const lag = (): MetricDescription => ({
  ...{ metric: 'lag', hosts: ['db1:3306', 'db2:3306', 'db3:3306'], deciding: 0 },
  standings: ['counts', 'ignored', 'unread'],
  values: Float64Array.from([0.5, Number.NaN, Number.NaN]),
  readAtMs: Float64Array.from([monotonicMs(), monotonicMs(), 0]),
  errors: ['', 'db2:3306: access denied', ''],
  errorAtMs: Float64Array.from([0, monotonicMs(), 0]),
});

const load = (): MetricDescription => ({
  ...{ metric: 'load', hosts: ['db1:3306', 'primary:3306'], deciding: 1 },
  standings: ['counts', 'counts'],
  values: Float64Array.from([3, 7]),
  readAtMs: Float64Array.from([monotonicMs(), monotonicMs()]),
  errors: ['', ''],
  errorAtMs: Float64Array.from([0, 0]),
});

const REPORT: ClusterReport = {
  ...{ source: 'static', hosts: ['db1:3306'], ignored: ['old:3306'] },
  skipped: ['DB9:3306', '[2001:db8::1]:3307'],
  ...{ readAtUnixMs: null, error: '', oddRows: [], otherLists: new Map() },
};

describe('the hosts of a store', () => {
  const state = new ThrottleState();
  const skip = { kind: 'skipHost', atMs: NOW_UNIX_MS, expireAtMs: NOW_UNIX_MS + 60_000 } as const;
  state.apply({ ...skip, host: 'db9', owner: 'jane', reason: 'rebuild' });
  state.apply({ ...skip, host: '2001:db8::1' });

  const whole = async (
    metrics: readonly MetricDescription[],
    leading = false,
    report = REPORT,
  ): Promise<{ Hosts: unknown[]; HostsError?: string }> => {
    const board = Board.create(1);
    board.publishLeadership({
      ...{ term: 1, leading, ready: true, forced: false, promotedAtMs: 0, clockOffsetMs: null },
      leaseUntilMs: Number.POSITIVE_INFINITY,
    });
    const hosts = new StoreHosts({
      describer: {
        describe: async (store) => (metrics.length === 0 ? [] : [{ store: store!, metrics }]),
      },
      inventory: { reportOf: (name) => (name === 'main' ? report : undefined) },
      board: {
        expiryTimeMs: () => NOW_UNIX_MS,
        readLeadership: (into) => board.readLeadership(into),
      },
      state,
    });
    return JSON.parse(await hosts.report('main')) as { Hosts: unknown[] };
  };

  const reported = async (metrics: readonly MetricDescription[]): Promise<unknown[]> =>
    (await whole(metrics)).Hosts;

  it('says when the thread that probes the hosts does not respond', async () => {
    const { Hosts, HostsError } = await whole([], true);
    expect(Hosts[0]).to.deep.equal({ Host: 'db1:3306' });
    expect(HostsError).to.contain('did not respond');
    expect(await whole([lag()], true)).not.to.have.property('HostsError');
  });

  it('lists a host once that one metric ignores and another reads', async () => {
    const otherLists = new Map([['queue', { ...REPORT, skipped: [], ignored: ['db1:3306'] }]]);
    const { Hosts } = await whole([lag()], true, { ...REPORT, otherLists });
    const db1 = Hosts.filter((host) => (host as { Host: string }).Host === 'db1:3306');
    expect(db1).to.have.length(1);
    expect(db1[0])
      .to.have.nested.property('Metrics[1]')
      .that.deep.equals({
        ...{ Metric: 'queue', Standing: 'ignored by IgnoreHosts' },
      });
  });

  it('has the values of each host by metric, its errors, and whether it counts', async () => {
    const [db1, db2, db3, primary] = (await reported([lag(), load()])) as ReadonlyArray<{
      Host: string;
      Metrics: ReadonlyArray<Record<string, unknown>>;
    }>;
    expect(db1!.Host).to.equal('db1:3306');
    expect(db1!.Metrics[0]).to.include({ Metric: 'lag', Standing: 'counts', Value: 0.5 });
    expect(db1!.Metrics[0]).to.include({ Decides: true });
    expect(db1!.Metrics[0]!.AgeSeconds).to.be.within(0, 60);
    expect(db1!.Metrics[1]).to.include({ Metric: 'load', Value: 3 });
    expect(db1!.Metrics[1]).not.to.have.property('Decides');
    expect(db2!.Metrics[0]).to.include({
      ...{ Standing: 'ignored by IgnoreHostsCount or IgnoreHostsPercent' },
      Error: 'db2:3306: access denied',
    });
    expect(db2!.Metrics[0]).not.to.have.property('Value');
    expect(db3!.Metrics).to.deep.equal([{ Metric: 'lag', Standing: 'not read yet' }]);
    expect(primary!.Metrics).to.have.length(1);
  });

  it('names the skip, who made it and until when, and what IgnoreHosts leaves out', async () => {
    const Until = new Date(NOW_UNIX_MS + 60_000).toISOString();
    expect(await reported([])).to.deep.equal([
      { Host: 'DB9:3306', Standing: 'skipped', Until, Owner: 'jane', Reason: 'rebuild' },
      { Host: '[2001:db8::1]:3307', Standing: 'skipped', Until },
      { Host: 'old:3306', Standing: 'ignored by IgnoreHosts' },
    ]);
  });
});
