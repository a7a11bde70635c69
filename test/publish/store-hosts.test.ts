/** The hosts of a store: those that are probed, and those that are not. */
import { expect } from 'chai';
import { monotonicMs } from '../../src/base/clock.js';
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

  const reported = async (metrics: readonly MetricDescription[]): Promise<unknown[]> => {
    const hosts = new StoreHosts({
      describer: {
        describe: async (store) => (metrics.length === 0 ? [] : [{ store: store!, metrics }]),
      },
      inventory: { reportOf: (name) => (name === 'main' ? REPORT : undefined) },
      board: { expiryTimeMs: () => NOW_UNIX_MS },
      state,
    });
    return JSON.parse(await hosts.report('main')) as unknown[];
  };

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
