/** One metric with all its series (a metric family), and Prometheus' text format. */
import type { Metric } from 'prom-client';
import type { DurationCounts } from '../../../base/durations.js';
import { TextPieces } from '../../../base/text-pieces.js';
import { TimeSlice } from '../../../base/time-slice.js';

export type Labels = Readonly<Record<string, string | number>>;

type Type = 'counter' | 'gauge' | 'histogram' | 'summary';

interface MetricSample {
  /** Where it differs from the name of the family. */
  readonly metricName?: string;
  readonly labels: Labels;
  /** Further labels. prom-client writes those of one object once, however many samples have it. */
  readonly sharedLabels: Labels;
  readonly value: number;
}

const NO_LABELS: Labels = {};

/** Has the shape in which prom-client accepts metrics that were counted elsewhere. */
export class Family {
  readonly values: MetricSample[] = [];

  constructor(
    readonly type: Type,
    readonly name: string,
    readonly help: string,
  ) {}

  add(labels: Labels, value: number): this {
    this.values.push({ labels, sharedLabels: NO_LABELS, value });
    return this;
  }

  /** `sharedLabels`: the same object for many samples, beside `labels`. */
  addShared(sharedLabels: Labels, value: number, labels = NO_LABELS): this {
    this.values.push({ labels, sharedLabels, value });
    return this;
  }

  addSummary(sharedLabels: Labels, sum: number, count: number): this {
    const labels = { labels: NO_LABELS, sharedLabels };
    this.values.push({ metricName: `${this.name}_sum`, ...labels, value: sum });
    this.values.push({ metricName: `${this.name}_count`, ...labels, value: count });
    return this;
  }

  addHistogram(labels: Labels, { boundsSeconds, counts, sumSeconds }: DurationCounts): this {
    let cumulative = 0;
    for (const [bucket, count] of counts.entries()) {
      cumulative += count;
      const le = boundsSeconds[bucket] ?? '+Inf';
      this.values.push({
        metricName: `${this.name}_bucket`,
        labels: { le },
        sharedLabels: labels,
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

/** 1 for the current state, 0 for the others: the sum over nodes counts the nodes in a state. */
export function addStates(
  family: Family,
  sharedLabels: Labels,
  states: readonly StateLabels[],
  current: string,
): void {
  for (const { name, labels } of states) {
    family.addShared(sharedLabels, name === current ? 1 : 0, labels);
  }
}

/** A state and its label, which all samples of that state share. */
export interface StateLabels {
  readonly name: string;
  readonly labels: Labels;
}

export function stateLabels(label: string, names: Iterable<string>): StateLabels[] {
  return Array.from(names, (name) => ({ name, labels: { [label]: name } }));
}

/** Samples that are written in one go: a fraction of a millisecond. */
const SAMPLES_PER_PIECE = 100;

/**
 * The families as text in pieces, written in time slices. No two samples of a family may have the
 * same name and labels: Prometheus would refuse the whole text.
 */
export async function prometheusText(families: readonly Family[]): Promise<readonly string[]> {
  // Loaded on the first scrape only.
  const { Registry } = await import('prom-client');
  const registry = new Registry();
  const slice = new TimeSlice();
  const text = new TextPieces();
  for (const { name, help, type, values: samples } of families) {
    let values: Family['values'] = [];
    const metric = { name, get: () => ({ name, help, type, values }) };
    registry.registerMetric(metric as unknown as Metric);
    for (let from = 0; from < samples.length; from += SAMPLES_PER_PIECE) {
      values = samples.slice(from, from + SAMPLES_PER_PIECE);
      const piece = await registry.getSingleMetricAsString(name);
      text.add(`${from === 0 ? piece : withoutHead(piece)}\n`);
      if (slice.isOver) await slice.yield();
    }
  }
  return text.all;
}

/** Without the two lines `# HELP` and `# TYPE`. */
function withoutHead(piece: string): string {
  return piece.slice(piece.indexOf('\n', piece.indexOf('\n') + 1) + 1);
}
