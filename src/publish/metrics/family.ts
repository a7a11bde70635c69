/**
 * One metric with all its series, and the text format in which Prometheus reads it (version 0.0.4 of "Exposition formats").
 * Written here, since everything is counted elsewhere: what a library would keep and register is not needed.
 */
import type { DurationCounts } from '../../base/durations.js';

export type Labels = Readonly<Record<string, string | number>>;

type Type = 'counter' | 'gauge' | 'histogram' | 'summary';

export class Family {
  /** Values by series, each as it is written: name and labels. */
  readonly #series = new Map<string, number>();

  constructor(
    readonly type: Type,
    readonly name: string,
    readonly help: string,
  ) {}

  /** Samples with the same labels, in the same order, count together. */
  add(labels: Labels, value: number): this {
    return this.#add(this.name, labels, value);
  }

  addSummary(labels: Labels, sum: number, count: number): this {
    this.#add(`${this.name}_sum`, labels, sum);
    return this.#add(`${this.name}_count`, labels, count);
  }

  addHistogram(labels: Labels, { boundsSeconds, counts, sumSeconds }: DurationCounts): this {
    let cumulative = 0;
    for (const [bucket, count] of counts.entries()) {
      cumulative += count;
      const le = numberText(boundsSeconds[bucket] ?? Number.POSITIVE_INFINITY);
      this.#add(`${this.name}_bucket`, { ...labels, le }, cumulative);
    }
    return this.addSummary(labels, sumSeconds, cumulative);
  }

  /** Empty when there is no series. */
  get text(): string {
    if (this.#series.size === 0) return '';
    const help = this.help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
    let text = `# HELP ${this.name} ${help}\n# TYPE ${this.name} ${this.type}\n`;
    for (const [series, value] of this.#series) text += `${series} ${numberText(value)}\n`;
    return text;
  }

  #add(name: string, labels: Labels, value: number): this {
    const series = `${name}${labelsText(labels)}`;
    this.#series.set(series, (this.#series.get(series) ?? 0) + value);
    return this;
  }
}

function labelsText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}="${escaped(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function escaped(value: string | number): string {
  return String(value).replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

function numberText(value: number): string {
  if (Number.isFinite(value) || Number.isNaN(value)) return String(value);
  return value > 0 ? '+Inf' : '-Inf';
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

/** 1 for the state that holds, 0 for the others: adding over nodes counts the nodes in each state. */
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
  let text = '';
  for (const family of families) {
    text += family.text;
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  return text;
}
