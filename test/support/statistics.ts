/** What threads report to main, with zeros for all that a test does not set. */
import { createHistogram } from 'node:perf_hooks';
import type { CheckCount, HttpStatistics } from '../../src/contracts/http.js';
import type { ProbeStatistics } from '../../src/contracts/probe.js';

type Answered = Partial<
  Pick<CheckCount, 'ok' | 'notFound' | 'denied' | 'exceeded' | 'internalError' | 'rank'>
>;

export function checkCount(app: string, storeName: string, answered: Answered = {}): CheckCount {
  return {
    app,
    storeType: 'mysql',
    storeName,
    rank: 0,
    ok: 0,
    notFound: 0,
    denied: 0,
    exceeded: 0,
    internalError: 0,
    ...answered,
  };
}

/** Number of checks in a count. */
export function checksOf(count: CheckCount): number {
  return count.ok + count.notFound + count.denied + count.exceeded + count.internalError;
}

export function httpStatistics(rest: Partial<HttpStatistics> = {}): HttpStatistics {
  return {
    worker: 0,
    checkDurations: { boundsSeconds: [], counts: [0], sumSeconds: 0 },
    checks: [],
    observedDenials: [],
    waiting: { waiting: 0, refused: 0 },
    recentApps: [],
    asking: [],
    ...rest,
  };
}

export function probeStatistics(rest: Partial<ProbeStatistics> = {}): ProbeStatistics {
  return {
    total: 0,
    error: 0,
    latency: createHistogram(),
    httpChecks: {},
    httpChecksSkipped: 0,
    httpChecksFailed: 0,
    missedPhases: 0,
    published: { written: 0, deleted: 0, failed: 0, dropped: 0 },
    worker: 0,
    durations: { boundsSeconds: [], counts: [0], sumSeconds: 0 },
    stores: [],
    ...rest,
  };
}
