/**
 * The answer to "may I write to this store now?": a pure function of what is known, the operators'
 * commands, the time and the dice.
 */
import type { LeadershipView } from './leadership-view.js';
import { isCurrent, MetricState, type StoreMetric } from './metric.js';
import type { ThrottleState } from './state.js';

/** For how long a denied write of normal priority keeps low-priority apps off the store. */
const LOW_PRIORITY_DENIAL_MS = 1000;

/**
 * freno's own name as an app: its checks never hold back low-priority apps, and go by this node's
 * own measurements alone, or leaders that share a domain would keep each other unhealthy.
 */
export const FRENO_APP = 'freno';

export type CheckStatus = 200 | 404 | 417 | 429 | 500;

export interface CheckResult {
  readonly status: CheckStatus;
  readonly value: number;
  readonly threshold: number;
  readonly message: string;
}

/** What a client asks. */
export interface CheckQuestion {
  /** Empty when the client named none. */
  readonly app: string;
  readonly storeName: string;
  /** The store if it is configured. */
  readonly store: StoreMetric | undefined;
  /** The threshold of `check-read`, which replaces the configured one. */
  readonly readThreshold: number | undefined;
  readonly lowPriority: boolean;
  /** An unconfigured store is no reason to wait. */
  readonly ifExists: boolean;
}

/** What the answer depends on besides. */
export interface CheckContext {
  readonly leadership: LeadershipView;
  readonly throttles: ThrottleState;
  /** `monotonicMs()`. */
  readonly nowMs: number;
  /** As of `expiryTimeMs`. */
  readonly nowUnixMs: number;
  /** `monotonicMs()` of the store's latest low-priority mark. */
  readonly lowPriorityHeldAtMs: number;
  /** Uniform in [0, 1). */
  readonly dice: () => number;
}

/** The answer for a store type that freno does not know, whoever asks. */
export function unknownStoreType(ifExists: boolean): CheckResult {
  return { status: ifExists ? 200 : 404, value: 0, threshold: 0, message: 'No such metric' };
}

/** Answers a check on a store of a known type. */
export function check(question: CheckQuestion, context: CheckContext): CheckResult {
  const { app, store } = question;
  if (isDenied(question, context)) {
    return {
      status: 417,
      value: 0,
      threshold: question.readThreshold ?? 0,
      message: app === '' ? 'no app indicated' : 'App denied',
    };
  }
  const threshold = question.readThreshold ?? store?.threshold ?? 0;
  if (store === undefined) {
    const status = question.ifExists ? 200 : 404;
    return { status, value: 0, threshold, message: 'No such metric' };
  }
  const current = isCurrent(store, context.leadership, context.nowMs);
  if (app === '') {
    const value = current && store.state === MetricState.ok ? store.value : 0;
    return { status: 417, value, threshold, message: 'no app indicated' };
  }
  if (!current) return { status: 404, value: 0, threshold, message: 'No such metric' };
  const result = judge(store, threshold);
  return result.status === 200 && isUnhealthyAtPeers(store, app, context.nowMs)
    ? { ...result, status: 429, message: 'Threshold exceeded' }
    : result;
}

/** Whether that answer keeps low-priority apps off the store for a while. */
export function holdsBackLowPriority(question: CheckQuestion, result: CheckResult): boolean {
  return (
    result.status === 429 &&
    !question.lowPriority &&
    question.readThreshold === undefined &&
    question.app !== FRENO_APP
  );
}

function isDenied(question: CheckQuestion, context: CheckContext): boolean {
  if (
    question.lowPriority &&
    context.nowMs - context.lowPriorityHeldAtMs <= LOW_PRIORITY_DENIAL_MS
  ) {
    return true;
  }
  const { throttles } = context;
  if (!throttles.hasThrottledApps) return false;
  return (
    isThrottled(`${question.app}/${question.storeName}`, context) ||
    isThrottled(question.app, context)
  );
}

function isThrottled(key: string, context: CheckContext): boolean {
  const entry = context.throttles.throttledApp(key, context.nowUnixMs);
  return entry !== undefined && context.dice() < entry.ratio;
}

function isUnhealthyAtPeers(store: StoreMetric, app: string, nowMs: number): boolean {
  return nowMs < store.unhealthyAtPeersUntilMs && app !== FRENO_APP;
}

function judge(store: StoreMetric, threshold: number): CheckResult {
  switch (store.state) {
    case MetricState.ok:
      // Written so that a value that is no number waits.
      return store.value <= threshold
        ? { status: 200, value: store.value, threshold, message: '' }
        : { status: 429, value: store.value, threshold, message: 'Threshold exceeded' };
    case MetricState.notCollected:
      return { status: 500, value: 0, threshold, message: 'Metric not collected yet' };
    case MetricState.noHosts:
      return { status: 500, value: 0, threshold, message: 'No hosts found' };
    default:
      return { status: 500, value: 0, threshold, message: store.errorText };
  }
}
