/** A store's row as a sentence: what, how bad, since when, because of which host. */
import { comparedValues, metricValue, wholeDuration } from './format.js';
import type { MetricRow } from './topics.js';

export interface StoreSentence {
  readonly value: string;
  readonly rest: string;
}

/** `nowUnixMs`: by the clock of the node. */
export function storeSentence(metric: MetricRow, nowUnixMs: number): StoreSentence {
  const { Metric, State, Value, Threshold, Host, Since, Error: error } = metric;
  const seconds = Since === undefined ? 0 : (nowUnixMs - Date.parse(Since)) / 1e3;
  const age = seconds < 1 ? '' : ` for ${wholeDuration(seconds)}`;
  const host = Host === undefined ? '' : ` because of ${Host}`;
  const [value, threshold] = comparedValues(Metric, Value ?? Threshold, Threshold);
  const set = setText(metric);
  switch (State) {
    case 'above':
      return { value: `${Metric} ${value}`, rest: `above ${threshold}${set}${age}${host}` };
    case 'error':
      return { value: `error${age}`, rest: error ?? '' };
    case 'not read yet':
      return { value: 'not read yet', rest: host.trim() };
    case 'unknown':
      return { value: 'unknown', rest: '' };
    case 'within':
      return {
        value: Value === undefined ? Metric : `${Metric} ${value}`,
        rest: Value === Threshold ? `at its threshold${set}` : `of ${threshold}${set}`,
      };
  }
}

/** Of a threshold that is not the configured one. */
function setText({ Metric, ConfiguredThreshold }: MetricRow): string {
  if (ConfiguredThreshold === undefined) return '';
  return ` (set by an operator, configured ${metricValue(Metric, ConfiguredThreshold)})`;
}
