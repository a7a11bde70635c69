/** The JSON of `/history/<type>/<store>`. */
import { jsonString } from '../../../base/json.js';
import { ANSWER_STATUSES } from '../../../board/answer-counts.js';
import type { MetricRings, NumberRing, RecordedSeconds } from './rings.js';

/** Digits that a plot can show. */
const DIGITS = 4;

export interface HistorySpan {
  readonly lastSecond: number;
  readonly seconds: number;
}

/**
 * Points are oldest first. Thresholds seldom change: they are runs, `[index, threshold]` from that
 * point on. Statuses that were never answered are left out.
 */
export function historyJson(
  store: string,
  { lastSecond, seconds }: HistorySpan,
  recorded: RecordedSeconds,
  metrics: ReadonlyMap<string, MetricRings>,
  answers: readonly NumberRing[],
): string {
  const first = lastSecond - seconds + 1;
  const pointsOf = (ring: NumberRing): number[] =>
    Array.from({ length: seconds }, (_, index) => ring.at(first + index, recorded));
  const ofMetrics = [...metrics].map(([name, { values, thresholds }]) => {
    const points = pointsOf(values).map(pointJson).join(',');
    const runs = runsOf(pointsOf(thresholds)).join(',');
    return `{"Metric":${jsonString(name)},"Values":[${points}],"Thresholds":[${runs}]}`;
  });
  const ofStatuses = answers.flatMap((ring, index) => {
    const points = pointsOf(ring);
    if (!points.some((count) => count > 0)) return [];
    return [`"${ANSWER_STATUSES[index]}":[${points.map(pointJson).join(',')}]`];
  });
  return (
    `{"Store":${jsonString(store)},"From":"${new Date(first * 1_000).toISOString()}",` +
    `"Step":1,"Points":${seconds},"Metrics":[${ofMetrics.join(',')}],` +
    `"Answers":{${ofStatuses.join(',')}}}`
  );
}

function runsOf(points: readonly number[]): string[] {
  const runs: string[] = [];
  for (const [index, point] of points.entries()) {
    if (index > 0 && Object.is(point, points[index - 1])) continue;
    runs.push(`[${index},${pointJson(point)}]`);
  }
  return runs;
}

function pointJson(value: number): string {
  return Number.isFinite(value) ? String(Number(value.toPrecision(DIGITS))) : 'null';
}
