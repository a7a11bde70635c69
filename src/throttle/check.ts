/**
 * Decides a check: may this app write to this store now? A pure function of the store's metrics,
 * the leadership, the operators' commands, the time and random numbers. Status 417 is decided here:
 * "App denied" by a throttle or the hold on low priority, and "no app indicated".
 */
import { EVERY_APP } from './commands.js';
import {
  isWorse,
  type JudgedMetric,
  type Judgement,
  type JudgingTime,
  judge,
  shownValue,
  thresholdOf,
} from './judgement.js';
import { mayAct } from './leadership-view.js';
import type { ThrottleState } from './state.js';

/** For how long a 429 to a normal-priority check holds low-priority apps off the store. */
const LOW_PRIORITY_DENIAL_MS = 1000;

/**
 * freno's own name as an app. Its checks never hold low-priority apps, and use only this node's own
 * measurements: otherwise leaders that share a domain would keep each other unhealthy.
 */
export const FRENO_APP = 'freno';

/** What a client asks for. */
export interface CheckRequest {
  /** Empty when the client gave none. */
  readonly app: string;
  readonly storeName: string;
  /** The keys of the entries that concern the app on this store: see `entryKeys`. */
  readonly keys: readonly string[];
  /**
   * The metrics that apply, and at least one; the store's own metric first, if it is among them.
   * Undefined: no such store is configured.
   */
  readonly metrics: readonly [JudgedMetric, ...JudgedMetric[]] | undefined;
  /** The threshold of `check-read`. */
  readonly readThreshold: number | undefined;
  readonly lowPriority: boolean;
  /** The check of a store that is not configured passes. */
  readonly ifExists: boolean;
}

/** What the result depends on besides the request. */
export interface CheckContext extends JudgingTime {
  readonly throttles: ThrottleState;
  /** As of `Board.lowPriorityHeldAtMs`. */
  readonly lowPriorityHeldAtMs: number;
  /** Uniform in [0, 1). */
  readonly dice: () => number;
  /** A metric that is only observed would have denied the check. */
  readonly observed: (denial: Judgement) => void;
}

/**
 * The keys of the entries that concern an app on a store: of the app itself, then of the groups
 * that it is part of, each first for the store and then for all.
 */
export function entryKeys(appAndPrefixes: readonly string[], storeName: string): string[] {
  return appAndPrefixes.flatMap((name) => [`${name}/${storeName}`, name]);
}

/** The result for an unknown store type, for every app. */
export function unknownStoreType(ifExists: boolean): Judgement {
  return unknownStore(ifExists, 0);
}

/** Decides a check of a store of a known type. */
export function check(request: CheckRequest, context: CheckContext): Judgement {
  const { app, metrics } = request;
  const exemption = isExempted(request, context);
  if (isThrottled(request, context, exemption) || (!exemption && isHeld(request, context))) {
    return denied(app, 0, request.readThreshold ?? 0);
  }
  if (metrics === undefined) {
    const threshold = request.readThreshold ?? 0;
    return app === '' ? denied(app, 0, threshold) : unknownStore(request.ifExists, threshold);
  }
  const [first] = metrics;
  if (app === '') {
    return denied(app, shownValue(first, context), thresholdOf(first, context.nowUnixMs));
  }
  if (exemption && mayAct(context.leadership, context.nowMs)) return exempted(first, context);
  let decisive: Judgement | null = null;
  let passed: Judgement | null = null;
  for (const metric of metrics) {
    const judgement = judge(metric, context);
    if (metric === first) passed = judgement;
    if (judgement.status === 200) continue;
    if (metric.mode === 'observe') context.observed(judgement);
    else if (decisive === null || isWorse(judgement, decisive)) decisive = judgement;
  }
  if (decisive !== null) return decisive;
  return judgedByPeers(app, passed!, context);
}

/** Whether that result holds low-priority apps off the store for a while. */
export function holdsLowPriority(request: CheckRequest, result: Judgement): boolean {
  return (
    result.status === 429 &&
    !request.lowPriority &&
    request.readThreshold === undefined &&
    // What one app may not exceed says nothing about the others.
    result.metric?.origin !== 'app' &&
    request.app !== FRENO_APP
  );
}

function denied(app: string, value: number, threshold: number): Judgement {
  const message = app === '' ? 'no app indicated' : 'App denied';
  return { status: 417, value, threshold, message, metric: null };
}

function unknownStore(ifExists: boolean, threshold: number): Judgement {
  const status = ifExists ? 200 : 404;
  return { status, value: 0, threshold, message: 'No such metric', metric: null };
}

function exempted(metric: JudgedMetric, context: CheckContext): Judgement {
  const value = shownValue(metric, context);
  const threshold = thresholdOf(metric, context.nowUnixMs);
  return { status: 200, value, threshold, message: 'App exempted', metric };
}

/** No enforced metric denies it; `passed` is of the first metric, which may be observed only. */
function judgedByPeers(app: string, passed: Judgement, context: CheckContext): Judgement {
  const metric = passed.metric!;
  if (passed.status !== 200 && !mayAct(context.leadership, context.nowMs)) return passed;
  if (isUnhealthyAtPeers(metric, app, context.nowMs)) {
    return { ...passed, status: 429, message: 'Threshold exceeded' };
  }
  if (passed.status === 200) return passed;
  const { value, threshold } = passed;
  return { status: 200, value, threshold, message: '', metric };
}

/** Whether low priority is held off the store, and the check has it. */
export function isHeld(request: CheckRequest, context: CheckContext): boolean {
  return (
    request.lowPriority && context.nowMs - context.lowPriorityHeldAtMs <= LOW_PRIORITY_DENIAL_MS
  );
}

/** By an entry of the app or of its groups; by one of all apps, unless it is exempted. */
function isThrottled(request: CheckRequest, context: CheckContext, isExempt: boolean): boolean {
  if (!context.throttles.hasThrottledApps) return false;
  for (const key of request.keys) if (isDrawn(key, context)) return true;
  if (isExempt) return false;
  for (const key of keysOfAll(request)) if (isDrawn(key, context)) return true;
  return false;
}

/** The keys of all entries that can deny the check, in the order in which they are tried. */
export function ruleKeys(request: CheckRequest): string[] {
  return [...request.keys, ...keysOfAll(request)];
}

/** Of the entries that concern every app, on the store and everywhere; freno itself is none. */
function keysOfAll({ app, storeName }: CheckRequest): readonly string[] {
  return app === FRENO_APP ? [] : [`${EVERY_APP}/${storeName}`, EVERY_APP];
}

function isDrawn(key: string, context: CheckContext): boolean {
  const entry = context.throttles.throttledApp(key, context.nowUnixMs);
  return entry !== undefined && context.dice() < entry.ratio;
}

function isExempted(request: CheckRequest, context: CheckContext): boolean {
  const { throttles, nowUnixMs } = context;
  if (!throttles.hasExemptedApps) return false;
  return request.keys.some((key) => throttles.exemptedApp(key, nowUnixMs) !== undefined);
}

function isUnhealthyAtPeers({ reading }: JudgedMetric, app: string, nowMs: number): boolean {
  return nowMs < reading.unhealthyAtPeersUntilMs && app !== FRENO_APP;
}
