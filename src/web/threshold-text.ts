/** What a threshold would change, in words, before it is set. */
import { comparedValues, counted, metricValue } from './format.js';
import type { MetricRow, StoreRow } from './topics.js';

/** A threshold so many times the configured one holds nothing back: it may be a slip. */
const TIMES_MAX = 10;

export interface ThresholdLook {
  readonly text: string;
  /** It is to be confirmed. */
  readonly isFar: boolean;
}

/** `given`: not a number while none is. */
export function thresholdLook(
  { Store, Metrics }: StoreRow,
  metric: string,
  given: number,
): ThresholdLook {
  const row = metric === '' ? Metrics[0] : Metrics.find(({ Metric }) => Metric === metric);
  if (row === undefined) {
    const names = Metrics.map(({ Metric }) => Metric).join(', ');
    return { text: `${Store} has no metric ${metric}. It has ${names}.`, isFar: false };
  }
  const said = [presentText(row)];
  const { Metric, Value, Threshold, ConfiguredThreshold: configured = Threshold } = row;
  const isFar = configured > 0 && given > TIMES_MAX * configured;
  if (isFar) {
    const times = counted(Number((given / configured).toPrecision(3)), 'time');
    said.push(`${metricValue(Metric, given)} is ${times} the configured one.`);
  } else if (Value !== undefined && Value > given) {
    said.push(`The value is above ${metricValue(Metric, given)}: jobs will wait.`);
  }
  return { text: said.join(' '), isFar };
}

/** `lag is 864 ms now, its threshold 50 ms, set by an operator; configured: 1 s.` */
function presentText({ Metric, Value, Threshold, ConfiguredThreshold }: MetricRow): string {
  const [value, threshold] = comparedValues(Metric, Value ?? Threshold, Threshold);
  const now = Value === undefined ? `${Metric} has no value now` : `${Metric} is ${value} now`;
  const origin =
    ConfiguredThreshold === undefined
      ? 'as configured'
      : `set by an operator; configured: ${metricValue(Metric, ConfiguredThreshold)}`;
  return `${now}, its threshold ${threshold}, ${origin}.`;
}
