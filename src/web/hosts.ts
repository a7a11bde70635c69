/** The hosts of an open store: each with its value, its age, and whether it counts. */
import { element, type KeyedItem, setAttribute, setText } from './dom.js';
import { metricValue, shortSeconds, wholeDuration } from './format.js';
import { meaningOf } from './glossary.js';
import { rankOf } from './host-order.js';
import type { HostMetricRow, HostRow } from './topics.js';

export function hostItem(host: string): KeyedItem<HostRow> {
  const glyph = element('td', { class: 'glyph' });
  const value = element('td');
  const age = element('td', { class: 'age' });
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
      const isFailing = (row.Metrics ?? []).some(({ Error: error }) => error !== undefined);
      setAttribute(value, 'class', isFailing ? '' : 'number');
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
