/**
 * Says why a check has its result: the rule that decided, and one sentence for a person. Pure. It
 * looks at the same request and context as the check did, and costs more than the check.
 */
import type { CheckContext, CheckRequest } from './check.js';
import { isHeld, ruleKeys } from './check.js';
import { EVERY_APP, NO_EXPIRY } from './commands.js';
import type { EntryNote, TableEntry } from './entry-table.js';
import { type JudgedMetric, type Judgement, judge } from './judgement.js';
import { MetricState, SKIPPED } from './metric.js';

/** What an explanation needs beside the check. */
export interface Surroundings {
  /** The host whose value decided the metric; empty: none did. */
  readonly hostOf: (metric: JudgedMetric) => string;
  /** The rule of the app, by its pattern; null: it has none. */
  readonly appPattern: string | null;
  /** The domains whose leaders report the store as unhealthy; empty: unknown. */
  readonly unhealthyDomains: string;
  /** Of `monotonicMs()`, to Unix time in milliseconds. */
  readonly toUnixMs: (monotonicMs: number) => number;
  /** The entry of a threshold that an operator has set for the metric, if one is in force. */
  readonly setThreshold: (metric: JudgedMetric) => TableEntry | undefined;
  /** All metrics of the store, with the thresholds that hold for all apps. */
  readonly storeMetrics: () => readonly JudgedMetric[];
  /** The skip in force of a host, by its address. */
  readonly skipOf: (address: string) => TableEntry | undefined;
}

export type RuleKind =
  | 'throttle'
  | 'exemption'
  | 'low priority'
  | 'shared domain'
  | 'skipped host'
  | 'threshold'
  | 'set threshold'
  | 'app rule'
  | 'threshold of the client';

/** The rule that decided; what does not apply to its kind is absent. */
export interface DecisiveRule {
  readonly kind: RuleKind;
  /** Of the entry; the pattern of an app rule; the domains that share; the skipped host. */
  readonly key?: string;
  readonly ratio?: number;
  readonly threshold?: number;
  /** Unix time in milliseconds, or `NO_EXPIRY`. */
  readonly expireAtMs?: number;
  readonly note?: EntryNote;
}

/** One metric that applies to the check. */
export interface ExplainedMetric extends Judgement {
  readonly metric: JudgedMetric;
  readonly host: string;
  /** Unix time in milliseconds since when it is so; null: unknown. */
  readonly sinceUnixMs: number | null;
  /** Of the oldest value that counts; null: there is none. */
  readonly ageMs: number | null;
  /** The threshold that an operator has set, where it is the one that judges. */
  readonly set?: TableEntry;
}

export interface CheckExplanation {
  /** Null: no metric of this node decided. */
  readonly decisive: ExplainedMetric | null;
  readonly sinceUnixMs: number | null;
  readonly rule: DecisiveRule | null;
  /** One sentence, without a period. */
  readonly why: string;
  readonly metrics: readonly ExplainedMetric[];
}

/** `result` is that of `check(request, context)`. The store is configured. */
export function explain(
  request: CheckRequest,
  context: CheckContext,
  result: Judgement,
  around: Surroundings,
): CheckExplanation {
  const metrics = (request.metrics ?? []).map((metric) => explainMetric(metric, context, around));
  const rule = decisiveRule(request, context, result, around);
  // What a shared domain decides is not measured here.
  const decisive =
    rule?.kind === 'shared domain'
      ? null
      : (metrics.find(({ metric }) => metric === result.metric) ?? null);
  return {
    decisive,
    sinceUnixMs: sinceOf(result, decisive, metrics, rule),
    rule,
    why: sentence({ request, context, result, rule, metrics, around }),
    metrics,
  };
}

function explainMetric(
  metric: JudgedMetric,
  context: CheckContext,
  around: Surroundings,
): ExplainedMetric {
  const judgement = judge(metric, context);
  const set = metric.origin === 'client' ? undefined : around.setThreshold(metric);
  const { sinceMs, readAtMs, state } = metric.reading;
  const isKnown = judgement.status !== 404;
  // What another threshold would have said is not kept.
  const isSinceKnown = isKnown && sinceMs > 0 && metric.origin === 'all';
  return {
    ...judgement,
    metric,
    host: isKnown ? around.hostOf(metric) : '',
    sinceUnixMs: isSinceKnown ? around.toUnixMs(sinceMs) : null,
    ageMs: isKnown && state === MetricState.ok ? Math.max(0, context.nowMs - readAtMs) : null,
    ...(set !== undefined && { set }),
  };
}

/** While all metrics pass: since the last of them does. */
function sinceOf(
  result: Judgement,
  decisive: ExplainedMetric | null,
  metrics: readonly ExplainedMetric[],
  rule: DecisiveRule | null,
): number | null {
  if (rule?.kind === 'throttle' || rule?.kind === 'exemption') return rule.note?.atMs ?? null;
  if (result.status !== 200) return decisive?.sinceUnixMs ?? null;
  const enforced = metrics.filter(({ metric }) => metric.mode === 'enforce');
  const times = enforced.map(({ sinceUnixMs }) => sinceUnixMs);
  if (times.length === 0 || times.includes(null)) return null;
  return Math.max(...(times as number[]));
}

function decisiveRule(
  request: CheckRequest,
  context: CheckContext,
  result: Judgement,
  around: Surroundings,
): DecisiveRule | null {
  if (result.status === 417) return denyingRule(request, context);
  if (result.message === 'App exempted') return exemptingRule(request, context);
  const { metric } = result;
  if (metric === null || result.status === 404) return null;
  if (result.status === 500) return skippingRule(result, around);
  if (result.status === 429 && result.value <= result.threshold) {
    const key = around.unhealthyDomains;
    return { kind: 'shared domain', ...(key !== '' && { key }) };
  }
  const { threshold } = result;
  if (metric.origin === 'client') return { kind: 'threshold of the client', threshold };
  const set = around.setThreshold(metric);
  if (set !== undefined) return { kind: 'set threshold', threshold, ...set };
  if (metric.origin === 'app') return { kind: 'app rule', key: around.appPattern ?? '', threshold };
  return { kind: 'threshold', threshold };
}

/**
 * A throttle with a ratio denies by chance: the first one that can have denied is taken, unless
 * low priority is held, which denies for certain.
 */
function denyingRule(request: CheckRequest, context: CheckContext): DecisiveRule | null {
  const { throttles, nowUnixMs } = context;
  const isCertain = isHeld(request, context);
  for (const key of ruleKeys(request)) {
    const entry = throttles.throttledApp(key, nowUnixMs);
    if (entry === undefined || entry.ratio === 0 || (isCertain && entry.ratio < 1)) continue;
    return { kind: 'throttle', key, ...entry };
  }
  return isCertain ? { kind: 'low priority' } : null;
}

/** The first host that is named as skipped. */
function skippingRule({ message }: Judgement, around: Surroundings): DecisiveRule | null {
  const at = message.indexOf(SKIPPED);
  if (at === -1) return null;
  const [address = ''] = message.slice(at + SKIPPED.length).split(/, | and /, 1);
  const entry = around.skipOf(address);
  return entry === undefined ? null : { kind: 'skipped host', key: address, ...entry };
}

/** Throttles of a part of the checks, which may deny the next one. */
function partialThrottles(request: CheckRequest, context: CheckContext): DecisiveRule[] {
  return ruleKeys(request).flatMap((key) => {
    const entry = context.throttles.throttledApp(key, context.nowUnixMs);
    const isPartial = entry !== undefined && entry.ratio > 0 && entry.ratio < 1;
    return isPartial ? [{ kind: 'throttle', key, ...entry } as const] : [];
  });
}

function exemptingRule(request: CheckRequest, context: CheckContext): DecisiveRule | null {
  for (const key of request.keys) {
    const entry = context.throttles.exemptedApp(key, context.nowUnixMs);
    if (entry !== undefined) return { kind: 'exemption', key, ...entry };
  }
  return null;
}

/** What a sentence is about. */
interface Explained {
  readonly request: CheckRequest;
  readonly context: CheckContext;
  readonly result: Judgement;
  readonly rule: DecisiveRule | null;
  readonly metrics: readonly ExplainedMetric[];
  readonly around: Surroundings;
}

function sentence(explained: Explained): string {
  const { request, context, result, rule, metrics, around } = explained;
  const { app, storeName } = request;
  if (app === '') return 'denied: no app indicated';
  switch (rule?.kind) {
    case 'throttle':
      return `denied: ${operatorRule(rule, 'throttled')}`;
    case 'low priority':
      return (
        `denied: low priority waits while other apps wait for ${storeName}` +
        othersWait(context, around)
      );
    case 'exemption':
      return `passes: ${operatorRule(rule, 'exempted')}; ${texts(despite(metrics), context)}`;
    case 'shared domain':
      return (
        `waits: ${storeName} is unhealthy at the leader of ${domainsOf(rule)}; ` +
        `here ${textOf(metrics[0]!, context)}`
      );
  }
  if (result.status === 417) return 'denied: an operator throttled the app';
  const judged = result.status === 200 ? passing(metrics, context) : waiting(explained);
  const throttles = partialThrottles(request, context);
  return [judged, ...throttles.map((entry) => operatorRule(entry, 'throttled'))].join('; ');
}

function passing(metrics: readonly ExplainedMetric[], context: CheckContext): string {
  const enforced = metrics.filter(({ metric }) => metric.mode === 'enforce');
  return `passes: ${texts(enforced.length > 0 ? enforced : metrics, context)}`;
}

function waiting({ context, result, rule, metrics }: Explained): string {
  const failing = failingOf(metrics);
  const others = failing.filter(({ metric }) => metric !== result.metric);
  const first = failing.filter(({ metric }) => metric === result.metric);
  const skip = rule?.kind === 'skipped host' ? [operatorRule(rule, 'skipped')] : [];
  return `waits: ${[texts([...first, ...others], context), ...skip].join('; ')}`;
}

function othersWait(context: CheckContext, around: Surroundings): string {
  const metrics = around.storeMetrics().map((metric) => explainMetric(metric, context, around));
  const failing = failingOf(metrics);
  return failing.length === 0 ? '' : `: ${texts(failing, context)}`;
}

function failingOf(metrics: readonly ExplainedMetric[]): ExplainedMetric[] {
  return metrics.filter(({ metric, status }) => metric.mode === 'enforce' && status !== 200);
}

/** What an exempted app would wait for; otherwise the first metric. */
function despite(metrics: readonly ExplainedMetric[]): readonly ExplainedMetric[] {
  const failing = failingOf(metrics);
  return failing.length > 0 ? failing : metrics.slice(0, 1);
}

function texts(metrics: readonly ExplainedMetric[], context: CheckContext): string {
  return metrics.map((metric) => textOf(metric, context)).join('; ');
}

function textOf(explained: ExplainedMetric, context: CheckContext): string {
  const { metric, status, value, threshold, message, host, set } = explained;
  const { name } = metric;
  const configured = metric.origin === 'app' ? metric.ownThreshold : metric.reading.threshold;
  if (status === 404) return `${name} has no value yet`;
  const lasts = status === 200 ? '' : lasting(explained, context);
  if (status === 500) return `${name} cannot be read${lasts}: ${message}`;
  const unit = name === OWN_METRIC ? ' s' : '';
  const where = host === '' ? '' : ` on ${host}`;
  const limit = `${status === 200 ? 'at most' : 'above'} ${rounded(threshold)}${unit}`;
  const by =
    set === undefined
      ? ''
      : ` (${setThresholdText(set)}; configured: ${rounded(configured)}${unit})`;
  const mode = metric.mode === 'observe' ? ' (only observed)' : '';
  return `${name}${where} is ${rounded(value)}${unit}, ${limit}${by}${lasts}${mode}`;
}

/** The own metric of a store unless the configuration names it: seconds. */
const OWN_METRIC = 'lag';

function lasting({ metric, sinceUnixMs }: ExplainedMetric, { nowMs }: CheckContext): string {
  if (sinceUnixMs === null) return '';
  const seconds = Math.max(0, Math.round((nowMs - metric.reading.sinceMs) / 1000));
  return seconds === 0 ? '' : `, for ${seconds} s`;
}

function domainsOf({ key }: DecisiveRule): string {
  if (key === undefined) return 'another domain';
  return `${key.includes(', ') ? 'domains' : 'domain'} ${key}`;
}

function operatorRule(rule: DecisiveRule, what: string): string {
  const { key = '', ratio } = rule;
  const [app, store] = key.split('/') as [string, string?];
  const who = app === EVERY_APP ? 'every app' : app;
  const where = store === undefined ? '' : ` on ${store}`;
  const share =
    ratio === undefined || ratio === 1 ? '' : ` for ${rounded(ratio * 100)} % of checks`;
  return `${who} is ${what}${where}${share}${entryText(rule)}`;
}

function setThresholdText(entry: TableEntry): string {
  return `set${entryText(entry)}`;
}

/** Who made an entry, until when and why. */
function entryText({ expireAtMs, note }: Pick<DecisiveRule, 'expireAtMs' | 'note'>): string {
  const by = note?.owner === undefined ? '' : ` by ${note.owner}`;
  const end =
    expireAtMs === undefined || expireAtMs === NO_EXPIRY
      ? ' until it is lifted'
      : ` until ${new Date(expireAtMs).toISOString()}`;
  const because = note?.reason === undefined ? '' : `: ${note.reason}`;
  return `${by}${end}${because}`;
}

/** At most three decimals, and none that are zero; two digits of what is smaller. */
function rounded(value: number): string {
  const short = Number(value.toFixed(3));
  return String(short === 0 ? Number(value.toPrecision(2)) : short);
}
