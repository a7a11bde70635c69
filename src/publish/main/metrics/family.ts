/** One metric with all its series, and the text format in which Prometheus reads it. */
import type { PrometheusContentType } from 'prom-client';
import type { DurationCounts } from '../../../base/durations.js';

export type Labels = Readonly<Record<string, string | number>>;

type Type = 'counter' | 'gauge' | 'histogram' | 'summary';

interface MetricSample {
  /** Where it differs from the name of the metric. */
  readonly metricName?: string;
  readonly labels: Labels;
  readonly value: number;
}

/** In the shape in which prom-client takes over metrics that were counted elsewhere. */
export class Family {
  /** Samples with the same labels count together. */
  readonly aggregator = 'sum';
  readonly values: MetricSample[] = [];

  constructor(
    readonly type: Type,
    readonly name: string,
    readonly help: string,
  ) {}

  add(labels: Labels, value: number): this {
    this.values.push({ labels, value });
    return this;
  }

  addSummary(labels: Labels, sum: number, count: number): this {
    this.values.push({ metricName: `${this.name}_sum`, labels, value: sum });
    this.values.push({ metricName: `${this.name}_count`, labels, value: count });
    return this;
  }

  addHistogram(labels: Labels, { boundsSeconds, counts, sumSeconds }: DurationCounts): this {
    let cumulative = 0;
    for (const [bucket, count] of counts.entries()) {
      cumulative += count;
      const le = boundsSeconds[bucket] ?? '+Inf';
      this.values.push({
        metricName: `${this.name}_bucket`,
        labels: { ...labels, le },
        value: cumulative,
      });
    }
    return this.addSummary(labels, sumSeconds, cumulative);
  }
}

export function gauge(name: string, help: string): Family {
  return new Family('gauge', name, help);
}

export function counter(name: string, help: string): Family {
  return new Family('counter', name, help);
}

export function histogram(name: string, help: string): Family {
  return new Family('histogram', name, help);
}

export function summary(name: string, help: string): Family {
  return new Family('summary', name, help);
}

/**
 * 1 for the state that holds, 0 for the others: adding over nodes counts the nodes in each state.
 */
export function addStates(
  family: Family,
  labels: Labels,
  label: string,
  states: readonly string[],
  present: string,
): void {
  for (const state of states) family.add({ ...labels, [label]: state }, state === present ? 1 : 0);
}

/** The families as text, one after the other, so that the thread has its other work in between. */
export async function exposition(families: readonly Family[]): Promise<string> {
  // Only who is scraped needs it.
  const { AggregatorRegistry } = await import('prom-client');
  let text = '';
  for (const family of families) {
    if (family.values.length === 0) continue;
    text += await AggregatorRegistry.aggregate<PrometheusContentType>([[family]]).metrics();
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  return text;
}
