/** Checks of a store that has several metrics: which of them decides. */
import { expect } from 'chai';
import { appAndPrefixes } from '../../src/throttle/app-rules.js';
import {
  type CheckContext,
  type CheckRequest,
  check,
  entryKeys,
} from '../../src/throttle/check.js';
import type { OperatorCommand } from '../../src/throttle/commands.js';
import type { JudgedMetric } from '../../src/throttle/judgement.js';
import type { LeadershipView } from '../../src/throttle/leadership-view.js';
import { MetricState, type StoreMetric } from '../../src/throttle/metric.js';
import { ThrottleState } from '../../src/throttle/state.js';

const NOW_MS = 1_000_000;
const NOW_UNIX_MS = 1_800_000_000_000;

const HEALTHY: StoreMetric = {
  ...{ currentGeneration: 4, threshold: 1, setThreshold: 0, setThresholdUntilMs: 0 },
  ...{ maxAgeMs: 5000, unhealthyAtPeersUntilMs: 0, generation: 4, term: 9 },
  ...{ state: MetricState.ok, value: 0.5, readAtMs: NOW_MS, lastHealthyMs: NOW_MS, sinceMs: 0 },
  errorText: 'cannot connect',
};

const LEADING: LeadershipView = {
  ...{ leading: true, forced: false, ready: true, term: 9 },
  ...{ leaseUntilMs: NOW_MS + 1, promotedAtMs: 0, clockOffsetMs: null },
};

function metric(
  name: string,
  reading: Partial<StoreMetric> = {},
  settings: Partial<JudgedMetric> = {},
): JudgedMetric {
  return {
    ...{ name, mode: 'enforce', origin: 'all', ownThreshold: 0 },
    reading: { ...HEALTHY, ...reading },
    ...settings,
  };
}

/** As `status value threshold metric`, with the message of anything but a threshold. */
function decide(
  metrics: readonly JudgedMetric[],
  request: Partial<CheckRequest> = {},
  context: Partial<CheckContext> = {},
): string {
  const app = request.app ?? 'archive';
  const result = check(
    {
      ...{ app, storeName: 'main1', keys: entryKeys([app], 'main1') },
      metrics: metrics as CheckRequest['metrics'],
      ...{ readThreshold: undefined, lowPriority: false, ifExists: false },
      ...request,
    },
    {
      ...{ leadership: LEADING, throttles: new ThrottleState(), nowMs: NOW_MS },
      ...{ nowUnixMs: NOW_UNIX_MS, lowPriorityHeldAtMs: Number.NEGATIVE_INFINITY },
      ...{ dice: () => 0, observed: () => {} },
      ...context,
    },
  );
  const { status, value, threshold, message } = result;
  const text = `${status} ${value} ${threshold} ${result.metric?.name ?? 'none'}`;
  return message === '' || message === 'Threshold exceeded' ? text : `${text}: ${message}`;
}

function stateAfter(...commands: readonly object[]): ThrottleState {
  const state = new ThrottleState();
  for (const command of commands) {
    state.apply({ atMs: NOW_UNIX_MS, ...command } as OperatorCommand);
  }
  return state;
}

const EXEMPT = { kind: 'exemptApp', key: 'archive', expireAtMs: NOW_UNIX_MS + 60_000 };
const THROTTLE_ALL = { kind: 'throttleApp', key: '*', ratio: 1 };

describe('a check of a store with several metrics', () => {
  const failed = { state: MetricState.error };
  const unread = { state: MetricState.nothing };

  it('is 200 with the own metric when every metric is within its threshold', () => {
    expect(decide([metric('lag'), metric('load', { value: 1 })])).to.equal('200 0.5 1 lag');
  });

  it('is decided by an error before a missing value, and that before an exceeded threshold', () => {
    const exceeded = metric('load', { value: 9 });
    expect(decide([metric('lag'), exceeded])).to.equal('429 9 1 load');
    expect(decide([exceeded, metric('disk', unread)])).to.equal('404 0 1 disk: No metric yet');
    expect(decide([exceeded, metric('disk', unread), metric('lag', failed)])).to.equal(
      '500 0 1 lag: cannot connect',
    );
  });

  it('is decided by the metric that is furthest above its threshold, by ratio', () => {
    const lag = metric('lag', { value: 3 });
    expect(decide([lag, metric('load', { value: 150, threshold: 100 })])).to.equal('429 3 1 lag');
    expect(decide([lag, metric('load', { value: 400, threshold: 100 })])).to.equal(
      '429 400 100 load',
    );
    expect(decide([lag, metric('errors', { value: 1, threshold: 0 })])).to.equal('429 1 0 errors');
    expect(decide([lag, metric('ratio', { value: Number.NaN })])).to.equal('429 NaN 1 ratio');
  });

  it('reports what an observed metric would deny, and does not deny it', () => {
    const denials: string[] = [];
    const observed: CheckContext['observed'] = ({ metric: by, status }) =>
      denials.push(`${by?.name} ${status}`);
    const observe = { mode: 'observe' } as const;
    const metrics = [
      metric('lag'),
      metric('load', { value: 9 }, observe),
      metric('disk', failed, observe),
    ];
    expect(decide(metrics, {}, { observed })).to.equal('200 0.5 1 lag');
    expect(denials).to.deep.equal(['load 429', 'disk 500']);
    const enforced = metric('io', { value: 2 });
    expect(decide([...metrics, enforced], {}, { observed })).to.equal('429 2 1 io');
  });

  it('is 200 with the value of an own metric that is observed only', () => {
    const observe = { mode: 'observe' } as const;
    expect(decide([metric('lag', { value: 9 }, observe)])).to.equal('200 9 1 lag');
    expect(decide([metric('lag', failed, observe)])).to.equal('200 0 1 lag');
  });

  it('is never 200 on a node that does not lead, also when all metrics are observed only', () => {
    const leadership = { ...LEADING, leading: false };
    const observed = metric('lag', {}, { mode: 'observe' });
    expect(decide([observed], {}, { leadership })).to.equal('404 0 1 lag: Not the leader');
  });

  it('judges by the threshold of the app, unless an operator has set one for all', () => {
    const strict = { origin: 'app', ownThreshold: 0.25 } as const;
    expect(decide([metric('lag', {}, strict)])).to.equal('429 0.5 0.25 lag');
    const set = { setThreshold: 4, setThresholdUntilMs: NOW_UNIX_MS + 1 };
    expect(decide([metric('lag', set, strict)])).to.equal('200 0.5 4 lag');
    const ended = { ...set, setThresholdUntilMs: NOW_UNIX_MS };
    expect(decide([metric('lag', ended, strict)])).to.equal('429 0.5 0.25 lag');
    const ofClient = { origin: 'client', ownThreshold: 0.25 } as const;
    expect(decide([metric('lag', set, ofClient)])).to.equal('429 0.5 0.25 lag');
  });
});

describe('an exempted app', () => {
  const exceeded = [metric('lag', { value: 9 })];

  it('gets 200 with the true value, whatever the metrics say', () => {
    const throttles = stateAfter(EXEMPT);
    expect(decide(exceeded, {}, { throttles })).to.equal('200 9 1 lag: App exempted');
    const failed = [metric('lag', { state: MetricState.error })];
    expect(decide(failed, {}, { throttles })).to.equal('200 0 1 lag: App exempted');
    expect(decide(exceeded, { app: 'other' }, { throttles })).to.equal('429 9 1 lag');
  });

  it('passes while low priority is held off', () => {
    const context = { throttles: stateAfter(EXEMPT), lowPriorityHeldAtMs: NOW_MS };
    expect(decide(exceeded, { lowPriority: true }, context)).to.equal('200 9 1 lag: App exempted');
  });

  it('gets no 200 from a node that does not lead', () => {
    const context = { throttles: stateAfter(EXEMPT), leadership: { ...LEADING, leading: false } };
    expect(decide(exceeded, {}, context)).to.equal('404 0 1 lag: Not the leader');
  });

  it('is denied by a throttle of its own, and passes one of all apps', () => {
    const own = { kind: 'throttleApp', key: 'archive/main1', ratio: 1 };
    const throttled = { throttles: stateAfter(EXEMPT, own) };
    expect(decide(exceeded, {}, throttled)).to.equal('417 0 0 none: App denied');
    const all = { throttles: stateAfter(EXEMPT, THROTTLE_ALL) };
    expect(decide(exceeded, {}, all)).to.equal('200 9 1 lag: App exempted');
  });
});

describe('a throttle of all apps', () => {
  const throttles = stateAfter(THROTTLE_ALL);

  it('denies every app but freno itself', () => {
    expect(decide([metric('lag')], {}, { throttles })).to.equal('417 0 0 none: App denied');
    expect(decide([metric('lag')], { app: 'freno' }, { throttles })).to.equal('200 0.5 1 lag');
  });

  it('may be of one store', () => {
    const ofStore = stateAfter({ ...THROTTLE_ALL, key: '*/main1' });
    expect(decide([metric('lag')], {}, { throttles: ofStore })).to.match(/^417/);
    const other = { storeName: 'main2' };
    expect(decide([metric('lag')], other, { throttles: ofStore })).to.match(/^200/);
  });
});

describe('an app that is part of a group', () => {
  const keys = entryKeys(appAndPrefixes('gh-ost:orders:42', ':'), 'main1');
  const request = { app: 'gh-ost:orders:42', keys };

  for (const key of ['gh-ost', 'gh-ost/main1', 'gh-ost:orders', 'gh-ost:orders:42']) {
    it(`is concerned by an entry of ${key}`, () => {
      const throttled = stateAfter({ kind: 'throttleApp', key, ratio: 1 });
      expect(decide([metric('lag')], request, { throttles: throttled })).to.match(/^417/);
      const exempted = stateAfter({ ...EXEMPT, key });
      expect(decide([metric('lag', { value: 9 })], request, { throttles: exempted })).to.equal(
        '200 9 1 lag: App exempted',
      );
    });
  }

  it('is not concerned by an entry of another group', () => {
    const throttles = stateAfter({ kind: 'throttleApp', key: 'gh-ost:order', ratio: 1 });
    expect(decide([metric('lag')], request, { throttles })).to.match(/^200/);
  });
});
