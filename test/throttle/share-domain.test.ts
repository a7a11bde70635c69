/** Checks of a store that is unhealthy at a leader that shares the domain. */

import { expect } from 'chai';
import { type CheckRequest, check, entryKeys, FRENO_APP } from '../../src/throttle/check.js';
import type { JudgedMetric } from '../../src/throttle/judgement.js';
import { MetricState, type StoreMetric } from '../../src/throttle/metric.js';
import { ThrottleState } from '../../src/throttle/state.js';

const NOW_MS = 50_000;

const HEALTHY: StoreMetric = {
  currentGeneration: 1,
  threshold: 2,
  setThreshold: 0,
  setThresholdUntilMs: 0,
  maxAgeMs: 5_000,
  unhealthyAtPeersUntilMs: NOW_MS + 1,
  generation: 1,
  term: 1,
  state: MetricState.ok,
  value: 0.5,
  readAtMs: NOW_MS,
  lastHealthyMs: NOW_MS,
  sinceMs: 0,
  errorText: '',
};

function answer(store: StoreMetric, question: Partial<CheckRequest> = {}) {
  const { readThreshold } = question;
  const own: JudgedMetric = {
    name: 'lag',
    mode: 'enforce',
    reading: store,
    origin: readThreshold === undefined ? 'all' : 'client',
    ownThreshold: readThreshold ?? 0,
  };
  const { metric: _, ...result } = check(
    {
      app: 'archive',
      storeName: 'main1',
      keys: entryKeys(['archive'], 'main1'),
      metrics: [own],
      readThreshold: undefined,
      lowPriority: false,
      ifExists: false,
      ...question,
    },
    {
      leadership: {
        leading: true,
        forced: false,
        ready: true,
        term: 1,
        leaseUntilMs: NOW_MS + 1_000,
        promotedAtMs: 0,
        clockOffsetMs: null,
      },
      throttles: new ThrottleState(),
      nowMs: NOW_MS,
      nowUnixMs: 0,
      lowPriorityHeldAtMs: Number.NEGATIVE_INFINITY,
      dice: () => 0,
      observed: () => {},
    },
  );
  return result;
}

describe('a store that is unhealthy at a leader that shares the domain', () => {
  it('makes apps wait, and shows the value and threshold of this node', () => {
    expect(answer(HEALTHY)).to.deep.equal({
      status: 429,
      value: 0.5,
      threshold: 2,
      message: 'Threshold exceeded',
    });
    expect(answer(HEALTHY, { readThreshold: 9 }).status).to.equal(429);
  });

  it('makes no app wait when the report of the leader is too old', () => {
    expect(answer({ ...HEALTHY, unhealthyAtPeersUntilMs: NOW_MS }).status).to.equal(200);
  });

  it('does not affect checks of freno itself: two leaders would keep each other unhealthy', () => {
    expect(answer(HEALTHY, { app: FRENO_APP }).status).to.equal(200);
  });

  it('changes no other result', () => {
    const cases: ReadonlyArray<readonly [Partial<StoreMetric>, number]> = [
      [{ value: 3 }, 429],
      [{ state: MetricState.error, errorText: 'down' }, 500],
      [{ state: MetricState.noHosts }, 500],
      [{ term: 0 }, 404],
    ];
    for (const [changes, status] of cases) {
      const result = answer({ ...HEALTHY, ...changes });
      expect(result.status).to.equal(status);
      expect(result).to.deep.equal(answer({ ...HEALTHY, ...changes, unhealthyAtPeersUntilMs: 0 }));
    }
  });
});
