/**
 * Bodies that list the operators' entries, from this thread's copy of the state. They are written
 * in time slices, so that a long list does not delay the checks.
 *
 * What an operator said of an entry follows its other keys. A skipped host is its time alone, as
 * in the original, and an object only when there is more to say.
 */
import { goTime, jsonString } from '../../base/json.js';
import { jsonObjectInChunks, TimeSlice } from '../../base/time-slice.js';
import type { EntryNote, TableEntry, TableRow } from '../../throttle/entry-table.js';
import type { ThrottleState } from '../../throttle/state.js';

/** Writes a list of the entries in force at a Unix time. */
type ListWriter = (state: ThrottleState, nowUnixMs: number) => Promise<string>;

/** By endpoint. */
export const entryLists = {
  throttledApps: (state, nowUnixMs) =>
    list(
      state.image().throttledApps,
      (key) => state.throttledApp(key, nowUnixMs),
      (entry) => object([expiry(entry), `"Ratio":${entry.ratio}`, ...noteFields(entry)]),
    ),
  skippedHosts: (state, nowUnixMs) =>
    list(
      state.image().skippedHosts,
      (host) => state.skippedHost(host, nowUnixMs),
      (entry) =>
        entry.note === undefined
          ? `"${goTime(entry.expireAtMs)}"`
          : object([expiry(entry), ...noteFields(entry)]),
    ),
  exemptedApps: (state, nowUnixMs) =>
    list(
      state.image().exemptedApps,
      (key) => state.exemptedApp(key, nowUnixMs),
      (entry) => object([expiry(entry), ...noteFields(entry)]),
    ),
  thresholds: (state, nowUnixMs) =>
    list(
      state.image().thresholds,
      (key) => state.threshold(key, nowUnixMs),
      (entry) => object([`"Threshold":${entry.value}`, expiry(entry), ...noteFields(entry)]),
    ),
} as const satisfies Record<string, ListWriter>;

async function list<Entry extends TableEntry>(
  rows: ReadonlyArray<TableRow<Entry>>,
  live: (name: string) => Entry | undefined,
  json: (entry: Entry) => string,
): Promise<string> {
  const slice = new TimeSlice();
  const entries = new Map<string, string>();
  for (const [name] of rows) {
    const entry = live(name);
    if (entry !== undefined) entries.set(name, json(entry));
    if (slice.shouldYield) await slice.yield();
  }
  return jsonObjectInChunks(entries);
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
