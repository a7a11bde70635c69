/** A store's row as a sentence: what, how bad, since when, because of which host. */
import { metricValue, wholeDuration } from './format.js';
import type { MetricRow } from './topics.js';

export interface StoreSentence {
  readonly value: string;
  readonly rest: string;
}

/** `nowUnixMs`: by the clock of the node. */
export function storeSentence(metric: MetricRow, nowUnixMs: number): StoreSentence {
  const { Metric, State, Value, Threshold, Host, Since, Error: error } = metric;
  const age =
    Since === undefined ? '' : ` for ${wholeDuration((nowUnixMs - Date.parse(Since)) / 1e3)}`;
  const host = Host === undefined ? '' : ` because of ${Host}`;
  switch (State) {
    case 'above':
      return {
        value: `${Metric} ${valueTextOf(metric)}`,
        rest: `above ${metricValue(Metric, Threshold)}${age}${host}`,
      };
    case 'error':
      return { value: `error${age}`, rest: error ?? '' };
    case 'not read yet':
      return { value: 'not read yet', rest: host.trim() };
    case 'unknown':
      return { value: 'unknown', rest: '' };
    case 'within':
      return {
        value: `${Metric} ${Value === undefined ? '' : valueTextOf(metric)}`,
        rest: `of ${metricValue(Metric, Threshold)}`,
      };
  }
}

function valueTextOf({ Metric, Value }: MetricRow): string {
  return metricValue(Metric, Value ?? 0);
}
