/**
 * The commands of operators as paths: those that enter an entry, those that lift it, and those that
 * take either back.
 */

import { pathOf } from './paths.js';
import type { EntriesTopic, EntryKind, InForceEntry } from './topics.js';

const MINUTE_MS = 60_000;
/** An entry without end has this time, as in the original. */
const NO_END = '0001-01-01';

/** The fields of a form, by name. */
export type FormValues = Readonly<Record<string, string>>;

export const ENTRY_KINDS: readonly EntryKind[] = [
  'ThrottledApps',
  'SkippedHosts',
  'ExemptedApps',
  'Thresholds',
];

/** The command that enters what the form says. */
export function enterPath(kind: EntryKind, values: FormValues): string {
  const { app = '', host = '', threshold = '', metric = '', minutes = '60' } = values;
  const { ratio = '100', reason = '', owner = '' } = values;
  const store = bareStore(values.store ?? '');
  const note = { reason, owner };
  const ttl = ['ttl', minutes];
  switch (kind) {
    case 'ThrottledApps': {
      const share = ['ratio', String(Number(ratio) / 100)];
      return pathOf(['throttle-app', app, ...ttl, ...share], { store_name: store, ...note });
    }
    case 'ExemptedApps':
      return pathOf(['exempt-app', app, ...ttl], { store_name: store, ...note });
    case 'SkippedHosts':
      return pathOf(['skip-host', host, ...ttl], note);
    case 'Thresholds': {
      const ofMetric = metric === '' ? [] : ['metric', metric];
      return pathOf(['set-threshold', 'mysql', store, threshold, ...ofMetric, ...ttl], note);
    }
  }
}

/** The key of the entry that the form is about. */
export function keyOf(kind: EntryKind, values: FormValues): string {
  const { app = '', host = '', metric = '' } = values;
  const store = bareStore(values.store ?? '');
  if (kind === 'SkippedHosts') return host;
  const parts = kind === 'Thresholds' ? ['mysql', store, metric] : [app, store];
  return parts.filter((part) => part !== '').join('/');
}

/** The fields of an entry that is there. */
export function valuesOf(kind: EntryKind, key: string, entry: InForceEntry): FormValues {
  const { ExpireAt, Ratio, Threshold, Reason, Owner } = entry;
  const endMs = endOf(ExpireAt);
  const left = endMs === null ? 0 : Math.max(1, Math.ceil((endMs - Date.now()) / MINUTE_MS));
  return {
    ...keyValues(kind, key),
    ...(Ratio !== undefined && { ratio: String(Number((Ratio * 100).toPrecision(6))) }),
    ...(Threshold !== undefined && { threshold: String(Threshold) }),
    ...(Reason !== undefined && { reason: Reason }),
    ...(Owner !== undefined && { owner: Owner }),
    minutes: String(left),
  };
}

/** The command that lifts an entry. */
export function liftPath(kind: EntryKind, key: string, note: FormValues = {}): string {
  const { reason = '', owner = '' } = note;
  const { app = '', store = '', metric = '' } = keyValues(kind, key);
  const queries = { reason, owner };
  switch (kind) {
    case 'ThrottledApps':
      return pathOf(['unthrottle-app', app], { store_name: store, ...queries });
    case 'ExemptedApps':
      return pathOf(['unexempt-app', app], { store_name: store, ...queries });
    case 'SkippedHosts':
      return pathOf(['recover-host', key], queries);
    case 'Thresholds': {
      const ofMetric = metric === '' ? [] : ['metric', metric];
      return pathOf(['reset-threshold', 'mysql', store, ...ofMetric], queries);
    }
  }
}

/**
 * The keys of the entries that end with that one: the entries of an app on single stores, and the
 * skips of a host's ports, are lifted with it.
 */
export function liftedKeys(topic: EntriesTopic, kind: EntryKind, key: string): string[] {
  const ends = (other: string): boolean => {
    if (other === key) return true;
    if (kind === 'Thresholds') return false;
    if (kind !== 'SkippedHosts') return !key.includes('/') && other.startsWith(`${key}/`);
    const isAddress = key.includes(':');
    return other.startsWith(`[${key}]:`) || (!isAddress && other.startsWith(`${key}:`));
  };
  return Object.keys(topic[kind].Entries).filter(ends);
}

/** Null: there is no such entry. A host without reason and owner is its time alone. */
export function entryOf(topic: EntriesTopic, kind: EntryKind, key: string): InForceEntry | null {
  const entry = topic[kind].Entries[key];
  if (entry === undefined) return null;
  return typeof entry === 'string' ? { ExpireAt: entry } : entry;
}

/** When an entry ends, in Unix milliseconds; null: never by itself. */
export function endOf(time: string): number | null {
  return time.startsWith(NO_END) ? null : Date.parse(time);
}

/** The name of a store without its type. */
export function bareStore(given: string): string {
  return given.replace(/^mysql\//, '');
}

/** The key of an app is `app` or `app/store`, that of a threshold `mysql/store[/metric]`. */
function keyValues(kind: EntryKind, key: string): FormValues {
  if (kind === 'SkippedHosts') return { host: key };
  const [first = '', second = '', third = ''] = key.split('/');
  return kind === 'Thresholds' ? { store: second, metric: third } : { app: first, store: second };
}
