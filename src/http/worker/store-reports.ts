/** `/stores`: each metric of each store, from the board; written in time slices. */
import { monotonicMs, monotonicToUnixMs } from '../../base/clock.js';
import { jsonString } from '../../base/json.js';
import { jsonObjectInChunks } from '../../base/time-slice.js';
import { type Board, emptyLeadershipReading, emptyStoreReading } from '../../board/board.js';
import type { MetricLocation, StoreLocation } from '../../contracts/http.js';
import { type LeadershipView, mayAct } from '../../throttle/leadership-view.js';
import {
  isCurrent,
  MetricState,
  noHostsMessage,
  type StoreMetric,
  thresholdInForce,
} from '../../throttle/metric.js';

/** `{"Leading":true,"Stores":{"mysql/main1":{"Metrics":[…]}}}` */
export async function allStoresJson(
  board: Board,
  stores: readonly StoreLocation[],
): Promise<string> {
  const look = lookAt(board);
  const entries = new Map<string, string>();
  for (const store of stores) {
    entries.set(`mysql/${store.name}`, `{"Metrics":${metricsJson(board, store, look)}}`);
  }
  const written = await jsonObjectInChunks(entries);
  return `{"Leading":${look.isLeading},"Stores":${written}}`;
}

/** `{"Store":"mysql/main1","Leading":true,"Metrics":[…],"Hosts":[…]}`; `hosts`: `{"Hosts":[…]}`. */
export function storeJson(board: Board, store: StoreLocation, hosts: string): string {
  const look = lookAt(board);
  const metrics = metricsJson(board, store, look);
  const name = jsonString(`mysql/${store.name}`);
  return `{"Store":${name},"Leading":${look.isLeading},"Metrics":${metrics},${hosts.slice(1)}`;
}

/** The time of a report, and whose values they are. */
export interface BoardLook {
  readonly leadership: LeadershipView;
  readonly isLeading: boolean;
  readonly nowMs: number;
  readonly nowUnixMs: number;
}

export function lookAt(board: Board): BoardLook {
  const leadership = board.readLeadership(emptyLeadershipReading());
  const nowMs = monotonicMs();
  const isLeading = mayAct(leadership, nowMs);
  return { leadership, isLeading, nowMs, nowUnixMs: board.expiryTimeMs() };
}

/** A JSON list of the metrics of a store. */
export function metricsJson(board: Board, { metrics }: StoreLocation, look: BoardLook): string {
  const reading = emptyStoreReading();
  const written = metrics.map((metric) => metricJson(board, metric, reading, look));
  return `[${written.join(',')}]`;
}

function metricJson(
  board: Board,
  { name, mode, slot }: MetricLocation,
  reading: StoreMetric & Parameters<Board['readStore']>[1],
  { leadership, nowMs, nowUnixMs }: BoardLook,
): string {
  board.readStore(slot, reading);
  const { threshold, setThreshold, setThresholdUntilMs, value, sinceMs, readAtMs } = reading;
  const isSet = nowUnixMs < setThresholdUntilMs;
  const state = stateOf(reading, leadership, nowMs, nowUnixMs);
  const isKnown = state !== 'unknown';
  const hasValue = state === 'within' || state === 'above';
  const host = isKnown ? board.readHost(slot) : '';
  const error = state === 'error' ? errorOf(reading) : '';
  const members = [
    `"Metric":${jsonString(name)},"Mode":"${mode}","State":"${state}"`,
    ...(hasValue ? [`"Value":${value}`] : []),
    `"Threshold":${isSet ? setThreshold : threshold}`,
    ...(isSet
      ? [`"ConfiguredThreshold":${threshold},"SetUntil":"${rfc3339(setThresholdUntilMs)}"`]
      : []),
    ...(host === '' ? [] : [`"Host":${jsonString(host)}`]),
    ...(hasValue ? [`"AgeSeconds":${Math.max(0, Math.round(nowMs - readAtMs)) / 1000}`] : []),
    ...(isKnown && sinceMs > 0 ? [`"Since":"${rfc3339(monotonicToUnixMs(sinceMs))}"`] : []),
    ...(error === '' ? [] : [`"Error":${jsonString(error)}`]),
  ];
  return `{${members.join(',')}}`;
}

export type ReportedState = 'within' | 'above' | 'not read yet' | 'error' | 'unknown';

/** The worst of the metrics that are enforced, and since when (`monotonicMs`; 0: not known). */
export function storeStateOf(
  board: Board,
  { metrics }: StoreLocation,
  { leadership, nowMs, nowUnixMs }: BoardLook,
): { readonly state: ReportedState; readonly sinceMs: number } {
  const reading = emptyStoreReading();
  let worst: { readonly state: ReportedState; readonly sinceMs: number } | undefined;
  for (const { mode, slot } of metrics) {
    if (mode === 'observe') continue;
    board.readStore(slot, reading);
    const state = stateOf(reading, leadership, nowMs, nowUnixMs);
    if (worst === undefined || WORST_FIRST.indexOf(state) < WORST_FIRST.indexOf(worst.state)) {
      worst = { state, sinceMs: reading.sinceMs };
    }
  }
  return worst ?? { state: 'unknown', sinceMs: 0 };
}

function stateOf(
  reading: StoreMetric,
  leadership: LeadershipView,
  nowMs: number,
  nowUnixMs: number,
): ReportedState {
  if (!isCurrent(reading, leadership, nowMs)) return 'unknown';
  if (reading.state === MetricState.notCollected) return 'not read yet';
  if (reading.state !== MetricState.ok) return 'error';
  return reading.value <= thresholdInForce(reading, nowUnixMs) ? 'within' : 'above';
}

/** From bad to good. */
export const WORST_FIRST: readonly ReportedState[] = [
  'above',
  'error',
  'not read yet',
  'unknown',
  'within',
];

function errorOf(reading: StoreMetric): string {
  return reading.state === MetricState.noHosts ? noHostsMessage(reading) : reading.errorText;
}

function rfc3339(unixMs: number): string {
  return new Date(unixMs).toISOString();
}
