/**
 * JSON bodies of responses, without the final newline where they are sent between threads. The
 * keys and their order are those of the original freno.
 */
import { goTime, jsonString } from '../../base/json.js';
import { TextPieces } from '../../base/text-pieces.js';
import { TimeSlice } from '../../base/time-slice.js';
import type { RecentApp } from '../../contracts/http.js';
import type { ClusterReport, HostListReport } from '../../contracts/reports.js';

export const JSON_TYPE = 'application/json';

/** The body of every response that is only a status and a message. */
export function generalMessage(status: number, message: string): string {
  return `{"StatusCode":${status},"Message":${jsonString(message)}}`;
}

/** The body for a command that took effect; `matched`: what it matched, as JSON. */
export function commandJson(matched: string): string {
  return `{"StatusCode":200,"Message":"OK","Matched":${matched}}`;
}

/** The body for a hand-over of leadership, with the address of the node that leads now. */
export function yieldJson(leader: string): string {
  return `{"StatusCode":200,"Message":"OK","Leader":${jsonString(leader)}}`;
}

/** The entries of `/recent-apps` as JSON, by key `app/client`. */
export async function recentAppsJson(
  recentApps: Iterable<RecentApp>,
  nowUnixMs: number,
): Promise<Map<string, string>> {
  const slice = new TimeSlice();
  const entries = new Map<string, string>();
  for (const { app, client, checkedAtUnixMs } of recentApps) {
    const epoch = Math.floor(checkedAtUnixMs / 1000);
    const minutes = Math.max(0, Math.floor((nowUnixMs - checkedAtUnixMs) / 60_000));
    entries.set(`${app}/${client}`, `{"CheckedAtEpoch":${epoch},"MinutesSinceChecked":${minutes}}`);
    if (slice.shouldYield) await slice.yield();
  }
  return entries;
}

/**
 * By cluster, for these names: where its hosts come from, which are probed and which are left out,
 * when the list was last read, its last error, and its odd rows. The same for each metric with
 * hosts of its own.
 */
export async function inventoryJson(
  names: readonly string[],
  reportOf: (name: string) => ClusterReport | undefined,
): Promise<readonly string[]> {
  const slice = new TimeSlice();
  const pieces = new TextPieces();
  let separator = '{';
  for (const name of names) {
    const cluster = reportOf(name);
    if (cluster === undefined) continue;
    const fields = hostListFields(cluster);
    const { otherLists } = cluster;
    if (otherLists.size > 0) fields.push(`"Metrics":${objectJson(otherLists, hostListJson)}`);
    pieces.add(`${separator}${jsonString(name)}:{${fields.join(',')}}`);
    separator = ',';
    if (slice.isOver) await slice.yield();
  }
  pieces.add(separator === '{' ? '{}' : '}');
  return pieces.all;
}

/** Sorted by key. */
function objectJson<Value>(
  entries: ReadonlyMap<string, Value>,
  valueJson: (value: Value) => string,
): string {
  const sorted = [...entries].sort(([left], [right]) => (left < right ? -1 : 1));
  return `{${sorted.map(([key, value]) => `${jsonString(key)}:${valueJson(value)}`).join(',')}}`;
}

function hostListJson(list: HostListReport): string {
  return `{${hostListFields(list).join(',')}}`;
}

function hostListFields(list: HostListReport): string[] {
  const { source, hosts, ignored, skipped, readAtUnixMs, error, oddRows } = list;
  const readAt = readAtUnixMs === null ? 'null' : `"${goTime(readAtUnixMs)}"`;
  return [
    `"Source":${jsonString(source)}`,
    `"Hosts":${listJson(hosts)}`,
    `"IgnoredHosts":${listJson(ignored)}`,
    `"SkippedHosts":${listJson(skipped)}`,
    `"LastReadAt":${readAt}`,
    `"LastError":${jsonString(error)}`,
    `"OddRows":${listJson(oddRows)}`,
  ];
}

function listJson(texts: readonly string[]): string {
  return `[${texts.map(jsonString).join(',')}]`;
}
