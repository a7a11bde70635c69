/** A strict reader of Prometheus' text format (version 0.0.4): throws at any violation of it. */

export interface Series {
  /** With its suffix, such as `_bucket`. */
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface ParsedFamily {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly series: readonly Series[];
}

const TYPES = ['counter', 'gauge', 'histogram', 'summary', 'untyped'];
const SUFFIXES: Readonly<Record<string, readonly string[]>> = {
  histogram: ['_bucket', '_sum', '_count'],
  summary: ['', '_sum', '_count'],
};
const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const NUMBER = /^([+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]Inf|NaN)$/;

export class Exposition {
  readonly families = new Map<string, ParsedFamily>();

  constructor(text: string) {
    if (text !== '' && !text.endsWith('\n')) throw new Error('the last line does not end');
    let family: { name: string; type: string; help: string; series: Series[] } | undefined;
    const seen = new Set<string>();
    for (const line of text.split('\n')) {
      if (line === '') continue;
      const comment = new RegExp(`^# (HELP|TYPE) (${NAME}) (.*)$`).exec(line);
      if (comment?.[1] === 'HELP') {
        if (this.families.has(comment[2]!)) throw new Error(`${comment[2]} comes twice`);
        family = { name: comment[2]!, type: '', help: unescapeHelp(comment[3]!), series: [] };
        this.families.set(family.name, family);
      } else if (comment?.[1] === 'TYPE') {
        if (family?.name !== comment[2] || family?.type !== '' || !TYPES.includes(comment[3]!)) {
          throw new Error(`TYPE out of place: ${line}`);
        }
        family!.type = comment[3]!;
      } else if (line.startsWith('#')) {
        throw new Error(`neither HELP nor TYPE: ${line}`);
      } else {
        const series = seriesOf(line);
        if (family === undefined || family.type === '') throw new Error(`no TYPE before ${line}`);
        const suffixes = SUFFIXES[family.type] ?? [''];
        if (!suffixes.some((suffix) => series.name === family!.name + suffix)) {
          throw new Error(`${series.name} does not belong to ${family.name}`);
        }
        const key = identity(series);
        if (seen.has(key)) throw new Error(`comes twice: ${key}`);
        seen.add(key);
        family.series.push(series);
      }
    }
    for (const { type, name, series } of this.families.values()) {
      if (series.length === 0) throw new Error(`${name} has no series`);
      if (type === 'histogram') checkHistogram(name, series);
    }
  }

  /** Names of all series, with their suffixes. */
  get names(): Set<string> {
    return new Set([...this.families.values()].flatMap(({ series }) => series.map((s) => s.name)));
  }

  /** The value of the one series that has these labels; undefined when there is none. */
  value(name: string, labels: Readonly<Record<string, string>> = {}): number | undefined {
    const fitting = this.all(name, labels);
    if (fitting.length > 1) throw new Error(`${fitting.length} series of ${name} fit`);
    return fitting[0]?.value;
  }

  all(name: string, labels: Readonly<Record<string, string>> = {}): Series[] {
    return [...this.families.values()]
      .flatMap(({ series }) => series)
      .filter((one) => one.name === name)
      .filter((one) => Object.entries(labels).every(([key, value]) => one.labels[key] === value));
  }
}

function seriesOf(line: string): Series {
  const head = new RegExp(`^(${NAME})(\\{|[ \\t])`).exec(line);
  if (head === null) throw new Error(`no series: ${line}`);
  const labels: Record<string, string> = {};
  let at = head[1]!.length;
  if (line[at] === '{') {
    at++;
    while (line[at] !== '}') {
      const label = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|(?=\}))/.exec(
        line.slice(at),
      );
      if (label === null) throw new Error(`a label is malformed: ${line}`);
      if (label[1]! in labels) throw new Error(`a label comes twice: ${line}`);
      labels[label[1]!] = unescapeLabel(label[2]!);
      at += label[0].length;
    }
    at++;
  }
  const rest = /^[ \t]+(\S+)$/.exec(line.slice(at));
  if (rest === null || !NUMBER.test(rest[1]!)) throw new Error(`no number: ${line}`);
  return { name: head[1]!, labels, value: numberOf(rest[1]!) };
}

function checkHistogram(name: string, series: readonly Series[]): void {
  const groups = new Map<string, Series[]>();
  for (const one of series) {
    const { le: _, ...labels } = one.labels;
    const key = identity({ name, labels });
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  for (const [key, group] of groups) {
    const buckets = group.filter((one) => one.name === `${name}_bucket`);
    const count = group.find((one) => one.name === `${name}_count`)?.value;
    const bounds = buckets.map(({ labels }) => numberOf(labels.le ?? ''));
    const values = buckets.map(({ value }) => value);
    if (!ascends(bounds) || bounds.at(-1) !== Number.POSITIVE_INFINITY) {
      throw new Error(`the buckets of ${key} are not in order, or the last is missing`);
    }
    if (!ascends(values, true) || values.at(-1) !== count) {
      throw new Error(`the buckets of ${key} do not add up`);
    }
    if (!group.some((one) => one.name === `${name}_sum`)) throw new Error(`${key} has no sum`);
  }
}

function ascends(numbers: readonly number[], mayStay = false): boolean {
  return numbers.every((number, index) => {
    const before = numbers[index - 1] ?? Number.NEGATIVE_INFINITY;
    return number > before || (mayStay && number === before);
  });
}

function identity({ name, labels }: Pick<Series, 'name' | 'labels'>): string {
  return `${name}${JSON.stringify(Object.entries(labels).sort())}`;
}

function numberOf(text: string): number {
  return Number(text.replace('Inf', 'Infinity'));
}

function unescapeLabel(text: string): string {
  return text.replace(/\\(["\\n])/g, (_, character: string) =>
    character === 'n' ? '\n' : character,
  );
}

function unescapeHelp(text: string): string {
  if (!/^(?:[^\\]|\\[\\n])*$/.test(text)) throw new Error(`HELP is not escaped: ${text}`);
  return unescapeLabel(text);
}
