/** Checks by app, store and status, bounded however many names clients invent. */
import { TimeSlice } from '../../../base/time-slice.js';
import {
  type CheckCount,
  type HttpStatistics,
  OTHER,
  type StoreLocation,
} from '../../../contracts/http.js';
import { counter, type Family, gauge, histogram } from './prometheus-text.js';

/**
 * Pairs of app and store with series of their own, over all HTTP threads; a pair has up to five
 * series, one for each status.
 */
export const PAIRS_MAX = 500;

const STATUSES = {
  ok: 200,
  notFound: 404,
  denied: 417,
  exceeded: 429,
  internalError: 500,
} as const;

/**
 * The first pairs of a thread have series of their own for as long as it runs: no count moves from
 * one series to another, which Prometheus would take for a restart. All others are counted by store
 * under `(other)`.
 */
export async function checkFamilies(
  statistics: readonly HttpStatistics[],
  stores: readonly StoreLocation[],
): Promise<Family[]> {
  const checks = counter(
    'freno_checks_total',
    'Checks answered, by the app that asked, the store it asked for and the status of the answer.',
  );
  const durations = histogram(
    'freno_check_duration_seconds',
    'Time from a parsed check to its finished answer, without the network; ' +
      'one check in 64 is measured.',
  );
  const observed = counter(
    'freno_observed_denials_total',
    'Checks that a metric would have denied if it were enforced and not only observed.',
  );
  const waiting = gauge('freno_waiting_checks', 'Clients that wait for a check now.');
  const refused = counter(
    'freno_waits_refused_total',
    'Checks that asked to wait and were answered at once, because too many waited.',
  );
  const configured = new Set(stores.map(({ name }) => name));
  const pairsMax = Math.floor(PAIRS_MAX / Math.max(1, statistics.length));
  for (const {
    worker,
    checks: counts,
    checkDurations,
    observedDenials,
    waiting: waits,
  } of statistics) {
    const thread = `http-${worker}`;
    durations.addHistogram({ thread }, checkDurations);
    waiting.add({ thread }, waits.waiting);
    refused.add({ thread }, waits.refused);
    await addCounts(checks, thread, counts, pairsMax, configured);
    for (const { storeName: store, metric, count } of observedDenials) {
      observed.add({ store, metric, thread }, count);
    }
  }
  return [checks, durations, observed, waiting, refused];
}

async function addCounts(
  checks: Family,
  thread: string,
  counts: readonly CheckCount[],
  pairsMax: number,
  configured: ReadonlySet<string>,
): Promise<void> {
  const slice = new TimeSlice();
  const others = new Map<string, number>();
  for (const count of counts) {
    // An app may have that name, or checks of apps beyond the thread's bounds may come first.
    const isListed = count.rank < pairsMax && count.app !== OTHER;
    const store = isListed || configured.has(count.storeName) ? count.storeName : OTHER;
    for (const [name, status] of Object.entries(STATUSES)) {
      const value = count[name as keyof typeof STATUSES];
      if (value === 0) continue;
      if (isListed) checks.add({ app: count.app, store, status, thread }, value);
      else others.set(`${status} ${store}`, (others.get(`${status} ${store}`) ?? 0) + value);
    }
    if (slice.shouldYield) await slice.yield();
  }
  for (const [key, value] of others) {
    const [status, store] = [key.slice(0, 3), key.slice(4)];
    checks.add({ app: OTHER, store, status, thread }, value);
  }
}
