/**
 * Bodies that list the operators' entries, from this thread's copy of the state. They are written
 * in time slices, so that a long list does not delay the checks.
 *
 * What an operator said of an entry follows its other keys. A skipped host is its time alone, as
 * in the original, and an object only when there is more to say.
 */
import { goTime, jsonString } from '../../base/json.js';
import { TextPieces } from '../../base/text-pieces.js';
import { sortInChunks, TimeSlice } from '../../base/time-slice.js';
import type { ListPage, StoreLocation } from '../../contracts/http.js';
import { thresholdKey } from '../../throttle/commands.js';
import type { EntryNote, TableEntry, TableRow } from '../../throttle/entry-table.js';
import type {
  ExemptedApp,
  SkippedHost,
  StateImage,
  ThresholdEntry,
  ThrottledApp,
  ThrottleState,
} from '../../throttle/state.js';

/** One kind of entries: where they are, and how they are written. */
interface EntryWriter<Entry extends TableEntry> {
  readonly rows: (image: StateImage) => ReadonlyArray<TableRow<Entry>>;
  readonly live: (state: ThrottleState, name: string, nowUnixMs: number) => Entry | undefined;
  readonly json: (entry: Entry, name: string, metrics: MetricNames) => string;
}

/** By the key of a threshold, the name of its metric; of what is configured. */
type MetricNames = ReadonlyMap<string, string>;

const THROTTLED_APPS: EntryWriter<ThrottledApp> = {
  rows: (image) => image.throttledApps,
  live: (state, key, nowUnixMs) => state.throttledApp(key, nowUnixMs),
  json: (entry) => object([expiry(entry), `"Ratio":${entry.ratio}`, ...noteFields(entry)]),
};

const SKIPPED_HOSTS: EntryWriter<SkippedHost> = {
  rows: (image) => image.skippedHosts,
  live: (state, host, nowUnixMs) => state.skippedHost(host, nowUnixMs),
  json: (entry) =>
    entry.note === undefined
      ? `"${goTime(entry.expireAtMs)}"`
      : object([expiry(entry), ...noteFields(entry)]),
};

const EXEMPTED_APPS: EntryWriter<ExemptedApp> = {
  rows: (image) => image.exemptedApps,
  live: (state, key, nowUnixMs) => state.exemptedApp(key, nowUnixMs),
  json: (entry) => object([expiry(entry), ...noteFields(entry)]),
};

const THRESHOLDS: EntryWriter<ThresholdEntry> = {
  rows: (image) => image.thresholds,
  live: (state, key, nowUnixMs) => state.threshold(key, nowUnixMs),
  json: (entry, key, metrics) =>
    object([
      `"Threshold":${entry.value}`,
      expiry(entry),
      ...metricField(metrics.get(key)),
      ...noteFields(entry),
    ]),
};

/** Writes a page of the entries in force at a Unix time. */
type ListWriter = (source: EntrySource, page: ListPage) => Promise<readonly string[]>;

/** What the lists are written from. */
export interface EntrySource {
  readonly state: ThrottleState;
  readonly nowUnixMs: number;
  readonly stores: readonly StoreLocation[];
}

/** By endpoint. */
export const entryLists = {
  throttledApps: (source, page) => writePage(THROTTLED_APPS, source, page),
  skippedHosts: (source, page) => writePage(SKIPPED_HOSTS, source, page),
  exemptedApps: (source, page) => writePage(EXEMPTED_APPS, source, page),
  thresholds: (source, page) => writePage(THRESHOLDS, source, page),
} as const satisfies Record<string, ListWriter>;

/**
 * All lists on one line, each with how many entries it has and at most `entriesMax` of them:
 * `{"ThrottledApps":{"Total":1,"Entries":{…}},…}`.
 */
export async function entriesInForce(
  { state, nowUnixMs, stores }: EntrySource,
  entriesMax: number,
): Promise<string> {
  const image = state.image();
  const metrics = metricNames(stores);
  const slice = new TimeSlice();
  const some = async <Entry extends TableEntry>(list: EntryWriter<Entry>): Promise<string> => {
    const written: string[] = [];
    let total = 0;
    for (const [name] of list.rows(image)) {
      const entry = list.live(state, name, nowUnixMs);
      if (entry !== undefined) {
        total += 1;
        if (total <= entriesMax) {
          written.push(`${jsonString(name)}:${list.json(entry, name, metrics)}`);
        }
      }
      if (slice.shouldYield) await slice.yield();
    }
    return `{"Total":${total},"Entries":{${written.join(',')}}}`;
  };
  return object([
    `"ThrottledApps":${await some(THROTTLED_APPS)}`,
    `"SkippedHosts":${await some(SKIPPED_HOSTS)}`,
    `"ExemptedApps":${await some(EXEMPTED_APPS)}`,
    `"Thresholds":${await some(THRESHOLDS)}`,
  ]);
}

async function writePage<Entry extends TableEntry>(
  list: EntryWriter<Entry>,
  { state, nowUnixMs, stores }: EntrySource,
  page: ListPage,
): Promise<readonly string[]> {
  const slice = new TimeSlice();
  const metrics = metricNames(stores);
  const names: string[] = [];
  for (const [name] of list.rows(state.image())) {
    if (name > page.after && name.startsWith(page.prefix)) names.push(name);
    if (slice.shouldYield) await slice.yield();
  }
  const pieces = new TextPieces();
  let count = 0;
  pieces.add('{');
  for (const name of await sortInChunks(names, slice)) {
    const entry = list.live(state, name, nowUnixMs);
    if (entry !== undefined) {
      pieces.add(`${count === 0 ? '' : ','}${jsonString(name)}:${list.json(entry, name, metrics)}`);
      if (++count === page.limit) break;
    }
    if (slice.shouldYield) await slice.yield();
  }
  pieces.add('}');
  return pieces.all;
}

/** The key of a store stands for its own metric. */
function metricNames(stores: readonly StoreLocation[]): MetricNames {
  const names = new Map<string, string>();
  for (const { name, metrics } of stores) {
    for (const [at, metric] of metrics.entries()) {
      names.set(thresholdKey('mysql', name, at === 0 ? '' : metric.name), metric.name);
    }
  }
  return names;
}

function metricField(name: string | undefined): string[] {
  return name === undefined ? [] : [`"Metric":${jsonString(name)}`];
}

function object(fields: readonly string[]): string {
  return `{${fields.join(',')}}`;
}

function expiry({ expireAtMs }: TableEntry): string {
  return `"ExpireAt":"${goTime(expireAtMs)}"`;
}

function noteFields({ note }: { readonly note?: EntryNote }): string[] {
  if (note === undefined) return [];
  const { reason, owner, atMs } = note;
  return [
    ...(reason === undefined ? [] : [`"Reason":${jsonString(reason)}`]),
    ...(owner === undefined ? [] : [`"Owner":${jsonString(owner)}`]),
    `"At":"${goTime(atMs)}"`,
  ];
}
