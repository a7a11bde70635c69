/** An entry that operators have entered, in words. */
import { endOf } from './entry-commands.js';
import { endTime, metricValue, percent, wholeDuration } from './format.js';
import type { EntryKind, InForceEntry } from './topics.js';

interface KindLook {
  readonly glyph: string;
  readonly word: string;
}

export const KIND_LOOKS: Readonly<Record<EntryKind, KindLook>> = {
  ThrottledApps: { glyph: '‖', word: 'throttled' },
  SkippedHosts: { glyph: '⊘', word: 'skipped' },
  ExemptedApps: { glyph: '▶', word: 'exempt' },
  Thresholds: { glyph: '⇕', word: 'threshold' },
};

/** `etl/main1`, `every app` */
export function keyText(key: string): string {
  return key === '*' ? 'every app' : key.replace(/^mysql\//, '');
}

/** `throttled, 40 %, 12 min` */
export function entryText(kind: EntryKind, entry: InForceEntry): string {
  const endMs = endOf(entry.ExpireAt);
  const left = endMs === null ? 'until it is lifted' : wholeDuration((endMs - Date.now()) / 1_000);
  return `${whatText(kind, entry)}, ${left}`;
}

/** `throttled, 40 %, until 12:41:00` */
export function entryEndText(kind: EntryKind, entry: InForceEntry): string {
  const endMs = endOf(entry.ExpireAt);
  const until = endMs === null ? 'until it is lifted' : `until ${endTime(endMs)}`;
  return `${whatText(kind, entry)}, ${until}`;
}

function whatText(kind: EntryKind, { Ratio, Threshold, Metric = '' }: InForceEntry): string {
  const share = Ratio === undefined ? '' : `, ${percent(Ratio)}`;
  const threshold = Threshold === undefined ? '' : ` ${metricValue(Metric, Threshold)}`;
  return `${KIND_LOOKS[kind].word}${threshold}${share}`;
}

/** `by oncall: “backfill”` */
export function noteText({ Owner, Reason }: InForceEntry): string {
  const by = Owner === undefined ? '' : `by ${Owner}`;
  const reason = Reason === undefined ? '' : `“${Reason}”`;
  return [by, reason].filter((part) => part !== '').join(': ');
}
