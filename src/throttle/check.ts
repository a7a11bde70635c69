/**
 * Decides a check: may this app write to this store now? A pure function of the store's metric, the
 * leadership, the operators' commands, the time and a random number. Status 417 is
 * decided here: "App denied" by `isThrottledOrHeld`, and "no app indicated".
 */
import { type LeadershipView, mayAct } from './leadership-view.js';
import {
  isCurrent,
  MetricState,
  noHostsMessage,
  type StoreMetric,
  thresholdInForce,
} from './metric.js';
import type { ThrottleState } from './state.js';

/** For how long a 429 to a normal-priority check holds low-priority apps off the store. */
const LOW_PRIORITY_DENIAL_MS = 1000;

/**
 * freno's own name as an app. Its checks never hold low-priority apps, and use only this node's own
 * measurements: otherwise leaders that share a domain would keep each other unhealthy.
 */
export const FRENO_APP = 'freno';

export type CheckStatus = 200 | 404 | 417 | 429 | 500;

export interface CheckResult {
  readonly status: CheckStatus;
  readonly value: number;
  readonly threshold: number;
  readonly message: string;
}

/** What a client asks for. */
export interface CheckRequest {
  /** Empty when the client gave none. */
  readonly app: string;
  readonly storeName: string;
  /** Undefined when no such store is configured. */
  readonly store: StoreMetric | undefined;
  /** The threshold of `check-read`, which replaces the configured one. */
  readonly readThreshold: number | undefined;
  readonly lowPriority: boolean;
  /** The check of a store that is not configured passes. */
  readonly ifExists: boolean;
}

/** What the result depends on besides the request. */
export interface CheckContext {
  readonly leadership: LeadershipView;
  readonly throttles: ThrottleState;
  /** `monotonicMs()`. */
  readonly nowMs: number;
  /** As of `expiryTimeMs`. */
  readonly nowUnixMs: number;
  /** As of `Board.lowPriorityHeldAtMs`. */
  readonly lowPriorityHeldAtMs: number;
  /** Uniform in [0, 1). */
  readonly dice: () => number;
}

/** The result for an unknown store type, for every app. */
export function unknownStoreType(ifExists: boolean): CheckResult {
  return { status: ifExists ? 200 : 404, value: 0, threshold: 0, message: 'No such metric' };
}

/** Decides a check of a store of a known type. */
export function check(request: CheckRequest, context: CheckContext): CheckResult {
  const { app, store } = request;
  if (isThrottledOrHeld(request, context)) {
    return {
      status: 417,
      value: 0,
      threshold: request.readThreshold ?? 0,
      message: app === '' ? 'no app indicated' : 'App denied',
    };
  }
  const threshold = request.readThreshold ?? configuredThreshold(store, context.nowUnixMs);
  if (store === undefined) {
    const status = request.ifExists ? 200 : 404;
    return { status, value: 0, threshold, message: 'No such metric' };
  }
  const current = isCurrent(store, context.leadership, context.nowMs);
  if (app === '') {
    const value = current && store.state === MetricState.ok ? store.value : 0;
    return { status: 417, value, threshold, message: 'no app indicated' };
  }
  if (!current) {
    const isLeader = mayAct(context.leadership, context.nowMs);
    const message = isLeader ? 'No metric yet' : 'Not the leader';
    return { status: 404, value: 0, threshold, message };
  }
  const result = judge(store, threshold);
  return result.status === 200 && isUnhealthyAtPeers(store, app, context.nowMs)
    ? { ...result, status: 429, message: 'Threshold exceeded' }
    : result;
}

/** Whether that result holds low-priority apps off the store for a while. */
export function holdsLowPriority(request: CheckRequest, result: CheckResult): boolean {
  return (
    result.status === 429 &&
    !request.lowPriority &&
    request.readThreshold === undefined &&
    request.app !== FRENO_APP
  );
}

function configuredThreshold(store: StoreMetric | undefined, nowUnixMs: number): number {
  return store === undefined ? 0 : thresholdInForce(store, nowUnixMs);
}

function isThrottledOrHeld(request: CheckRequest, context: CheckContext): boolean {
  if (
    request.lowPriority &&
    context.nowMs - context.lowPriorityHeldAtMs <= LOW_PRIORITY_DENIAL_MS
  ) {
    return true;
  }
  const { throttles } = context;
  if (!throttles.hasThrottledApps) return false;
  return (
    isThrottled(`${request.app}/${request.storeName}`, context) || isThrottled(request.app, context)
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
      // In this form, NaN exceeds every threshold.
      return store.value <= threshold
        ? { status: 200, value: store.value, threshold, message: '' }
        : { status: 429, value: store.value, threshold, message: 'Threshold exceeded' };
    case MetricState.notCollected:
      return { status: 500, value: 0, threshold, message: 'Metric not collected yet' };
    case MetricState.noHosts:
      return { status: 500, value: 0, threshold, message: noHostsMessage(store) };
    default:
      return { status: 500, value: 0, threshold, message: store.errorText };
  }
}
