/** The body of a check that also says why: `?verbose=1`, and `/why/…`. */
import { parseAddress } from '../../base/address.js';
import { monotonicToUnixMs } from '../../base/clock.js';
import { jsonString } from '../../base/json.js';
import type { Board } from '../../board/board.js';
import { nearest } from '../../config/nearest.js';
import type { ClusterStatus } from '../../contracts/consensus.js';
import { NO_EXPIRY } from '../../throttle/commands.js';
import type { TableEntry } from '../../throttle/entry-table.js';
import type {
  CheckExplanation,
  DecisiveRule,
  ExplainedMetric,
  Surroundings,
} from '../../throttle/explanation.js';
import type { JudgedMetric, Judgement } from '../../throttle/judgement.js';
import type { ThrottleState } from '../../throttle/state.js';
import {
  ApplicableMetric,
  type CompiledCheck,
  type ConfiguredMetric,
  type ConfiguredStore,
  checkJson,
} from './compiled-check.js';

const NAME_LENGTH_SHOWN = 100;

/** Where explanations of this thread come from. */
export interface ExplanationSources {
  readonly board: Board;
  readonly state: ThrottleState;
}

/** What `explain` needs to know beside the check. */
export function surroundingsOf(
  compiled: CompiledCheck,
  nowUnixMs: number,
  { board, state }: ExplanationSources,
): Surroundings {
  const store = `mysql/${compiled.request.storeName}`;
  const own = compiled.store?.metrics[0]?.name;
  const slot = compiled.metrics[0]?.slot;
  return {
    hostOf: (metric) => board.readHost((metric as ApplicableMetric).slot),
    appPattern: compiled.appPattern,
    unhealthyDomains: slot === undefined ? '' : board.readUnhealthyDomains(slot),
    toUnixMs: monotonicToUnixMs,
    setThreshold: (metric: JudgedMetric) => {
      const key = metric.name === own ? store : `${store}/${metric.name}`;
      return state.threshold(key, nowUnixMs);
    },
    storeMetrics: () => (compiled.store?.metrics ?? []).map(forAllApps),
    skipOf: (address) =>
      state.skippedHost(address, nowUnixMs) ??
      state.skippedHost(parseAddress(address, 0)?.host ?? address, nowUnixMs),
  };
}

function forAllApps(metric: ConfiguredMetric): ApplicableMetric {
  const applicable = new ApplicableMetric(metric, 'all', 0, null);
  applicable.refresh();
  return applicable;
}

/** The keys of the check, then `Host`, `Since`, `Rule`, `Why` and `Metrics`. */
export function explainedJson(result: Judgement, explanation: CheckExplanation): string {
  const { decisive, sinceUnixMs, rule, why, metrics } = explanation;
  const members = [
    ...(decisive !== null && decisive.host !== '' ? [`"Host":${jsonString(decisive.host)}`] : []),
    ...(sinceUnixMs === null ? [] : [`"Since":"${rfc3339(sinceUnixMs)}"`]),
    ...(rule === null ? [] : [`"Rule":${ruleJson(rule)}`]),
    `"Why":${jsonString(why)}`,
    `"Metrics":[${metrics.map(metricJson).join(',')}]`,
  ];
  return `${checkJson(result, true).slice(0, -1)},${members.join(',')}}`;
}

/** Of a store that is not configured. */
export function unknownStoreJson(
  result: Judgement,
  storeName: string,
  configured: Iterable<string>,
): string {
  const known = nearest(storeName, [...configured]);
  const hint = known === undefined ? '' : `; did you mean mysql/${known}?`;
  return unjudgedJson(result, `no such store: mysql/${shortened(storeName)}${hint}`);
}

/** Of a type of stores that there is not. */
export function unknownTypeJson(result: Judgement, storeType: string): string {
  return unjudgedJson(result, `no such type of stores: ${shortened(storeType)}; it is mysql`);
}

/** Of a metric that the store does not have. */
export function unknownMetricJson(
  result: Judgement,
  name: string,
  { name: storeName, metrics }: ConfiguredStore,
): string {
  const names = metrics.map((metric) => metric.name);
  const known = nearest(name, names);
  const hint = known === undefined ? `; it has ${names.join(', ')}` : `; did you mean ${known}?`;
  return unjudgedJson(result, `mysql/${storeName} has no metric ${shortened(name)}${hint}`);
}

/** Nothing was judged. */
function unjudgedJson(result: Judgement, why: string, members = ''): string {
  const json = checkJson(result, false).slice(0, -1);
  return `${json},${members}"Why":${jsonString(why)},"Metrics":[]}`;
}

/** Clients choose the names. */
function shortened(name: string): string {
  return name.length > NAME_LENGTH_SHOWN ? `${name.slice(0, NAME_LENGTH_SHOWN)}...` : name;
}

/** Of a node that does not lead. `cluster`: what is known of the leader; null: nothing. */
export function notLeadingJson(
  result: Judgement,
  cluster: Pick<ClusterStatus, 'Leader' | 'LeaderHTTP'> | null,
): string {
  const { Leader = '', LeaderHTTP = '' } = cluster ?? {};
  // Without a scheme: the service may be behind TLS.
  const known = LeaderHTTP === '' ? Leader : LeaderHTTP;
  const where = known === '' ? 'no leader is known here' : `the leader is ${known}`;
  const why = `not answered here: this node does not lead; ${where}`;
  const members = [
    ...(Leader === '' ? [] : [`"Leader":${jsonString(Leader)},`]),
    ...(LeaderHTTP === '' ? [] : [`"LeaderHTTP":${jsonString(LeaderHTTP)},`]),
  ];
  return unjudgedJson(result, why, members.join(''));
}

function metricJson(explained: ExplainedMetric): string {
  const { metric, status, value, threshold, message, host, sinceUnixMs, ageMs, set } = explained;
  const members = [
    `"Metric":${jsonString(metric.name)},"StatusCode":${status}`,
    `"Value":${value},"Threshold":${threshold},"Message":${jsonString(message)}`,
    `"Mode":"${metric.mode}"`,
    ...(host === '' ? [] : [`"Host":${jsonString(host)}`]),
    ...(sinceUnixMs === null ? [] : [`"Since":"${rfc3339(sinceUnixMs)}"`]),
    ...(ageMs === null ? [] : [`"AgeSeconds":${Math.round(ageMs) / 1000}`]),
    ...(set === undefined ? [] : setThresholdMembers(metric, set)),
  ];
  return `{${members.join(',')}}`;
}

/** Of a threshold that an operator has set, in the place of the configured one. */
function setThresholdMembers(
  { origin, ownThreshold, reading }: JudgedMetric,
  { expireAtMs, note }: TableEntry,
): string[] {
  const configured = origin === 'app' ? ownThreshold : reading.threshold;
  return [
    `"ConfiguredThreshold":${configured},"SetUntil":"${rfc3339(expireAtMs)}"`,
    ...(note?.reason === undefined ? [] : [`"Reason":${jsonString(note.reason)}`]),
    ...(note?.owner === undefined ? [] : [`"Owner":${jsonString(note.owner)}`]),
  ];
}

function ruleJson({ kind, key, ratio, threshold, expireAtMs, note }: DecisiveRule): string {
  const members = [
    `"Kind":${jsonString(kind)}`,
    ...(key === undefined ? [] : [`"Key":${jsonString(key)}`]),
    ...(ratio === undefined ? [] : [`"Ratio":${ratio}`]),
    ...(threshold === undefined ? [] : [`"Threshold":${threshold}`]),
    ...(expireAtMs === undefined || expireAtMs === NO_EXPIRY
      ? []
      : [`"ExpireAt":"${rfc3339(expireAtMs)}"`]),
    ...(note?.reason === undefined ? [] : [`"Reason":${jsonString(note.reason)}`]),
    ...(note?.owner === undefined ? [] : [`"Owner":${jsonString(note.owner)}`]),
    ...(note === undefined ? [] : [`"At":"${rfc3339(note.atMs)}"`]),
  ];
  return `{${members.join(',')}}`;
}

function rfc3339(unixMs: number): string {
  return new Date(unixMs).toISOString();
}
