/** The hosts of an open store: each with its value, its age, and whether it counts. */
import { element, type KeyedItem, setAttribute, setText } from './dom.js';
import { metricValue, shortSeconds, wholeDuration } from './format.js';
import { meaningOf } from './glossary.js';
import type { HostMetricRow, HostRow } from './topics.js';

/** Those that decide, then those in error, then by their value, then those that do not count. */
export function hostsWorstFirst(hosts: readonly HostRow[]): HostRow[] {
  const ranked = hosts.map((host) => ({ host, rank: rankOf(host), value: highestOf(host) }));
  ranked.sort((left, right) => left.rank - right.rank || right.value - left.value);
  return ranked.map(({ host }) => host);
}

function rankOf({ Metrics }: HostRow): number {
  if (Metrics === undefined) return 4;
  if (Metrics.some(({ Decides }) => Decides === true)) return 0;
  if (Metrics.some((metric) => metric.Error !== undefined && metric.Value === undefined)) return 1;
  return Metrics.some(({ Standing }) => Standing === 'counts') ? 2 : 3;
}

function highestOf({ Metrics = [] }: HostRow): number {
  return Math.max(...Metrics.map(({ Value }) => Value ?? 0), 0);
}

export function hostItem(host: string): KeyedItem<HostRow> {
  const glyph = element('td', { class: 'glyph' });
  const value = element('td');
  const age = element('td', { class: 'number' });
  const standing = element('td');
  const node = element(
    'tr',
    {},
    glyph,
    element('th', { scope: 'row' }, host),
    value,
    age,
    standing,
  );
  return {
    node,
    update: (row) => {
      const decides = rankOf(row) === 0;
      setText(glyph, decides ? '▸' : '');
      setAttribute(glyph, 'title', decides ? 'this host decides' : undefined);
      setText(value, (row.Metrics ?? []).map(valueText).join(', '));
      setText(age, ageText(row.Metrics ?? []));
      const text = standingText(row);
      setText(standing, text);
      setAttribute(standing, 'title', meaningOf(text.split(/[,:]/)[0]!));
    },
  };
}

function valueText({ Metric, Value, Error: error, ErrorAgeSeconds }: HostMetricRow): string {
  const known = Value === undefined ? '' : `${Metric} ${metricValue(Metric, Value)}`;
  if (error === undefined) return known;
  const age = ErrorAgeSeconds === undefined ? '' : ` (${wholeDuration(ErrorAgeSeconds)} ago)`;
  return Value === undefined ? `${error}${age}` : `${known}; last error: ${error}${age}`;
}

/** Of the oldest value. */
function ageText(metrics: readonly HostMetricRow[]): string {
  const ages = metrics.flatMap(({ AgeSeconds }) => AgeSeconds ?? []);
  return ages.length === 0 ? '' : shortSeconds(Math.max(...ages));
}

function standingText({ Metrics, Standing, Until, Owner, Reason }: HostRow): string {
  if (Metrics !== undefined && Standing === undefined) {
    return [...new Set(Metrics.map((metric) => metric.Standing))].join(', ');
  }
  const left = Until === undefined ? '' : `, ${leftUntil(Until)} left`;
  const by = Owner === undefined ? '' : `, by ${Owner}`;
  return `${Standing ?? ''}${left}${by}${Reason === undefined ? '' : `: “${Reason}”`}`;
}

function leftUntil(time: string): string {
  return wholeDuration((Date.parse(time) - Date.now()) / 1_000);
}
