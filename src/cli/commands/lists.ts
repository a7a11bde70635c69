/** The lists of what is in force, and of the apps that ask. */
import type { CommandContext } from '../context.js';
import { EXIT } from '../exit-codes.js';
import { printable } from '../output/printable.js';
import { localTime, metricNumber, shortDuration } from '../output/quantities.js';
import { type Column, tableLines } from '../output/table.js';
import { isJsonObject, type JsonObject, okObject } from '../servers/reply-body.js';
import { ServerGroup } from '../servers/server-group.js';

/** A list of entries that end: by the name of each, its end or an object with it. */
export interface EntryList {
  readonly path: string;
  /** What an entry is named by. */
  readonly title: string;
  /** A further column. */
  readonly value?: { readonly title: string; readonly key: string };
  readonly empty: string;
}

export const THROTTLED: EntryList = {
  path: '/throttled-apps',
  title: 'APP',
  value: { title: 'RATIO', key: 'Ratio' },
  empty: 'no app is throttled',
};

export const SKIPPED: EntryList = {
  path: '/skipped-hosts',
  title: 'HOST',
  empty: 'no host is skipped',
};

export const EXEMPTED: EntryList = {
  path: '/exempted-apps',
  title: 'APP',
  empty: 'no app is exempted',
};

export const THRESHOLDS: EntryList = {
  path: '/thresholds',
  title: 'METRIC',
  value: { title: 'THRESHOLD', key: 'Threshold' },
  empty: 'no threshold is set',
};

/** The time of an entry that has no end. */
const NO_END = '0001-01-01T00:00:00Z';

export async function list(
  { servers, output }: CommandContext,
  entries: EntryList,
): Promise<number> {
  const group = new ServerGroup(servers);
  const reply = await group.askLeader(entries.path);
  const body = await okObject(group, reply, { name: entries.path });
  if (output.isJson) output.json(body);
  else output.lines(...entryLines(entries, body));
  return EXIT.ok;
}

/** The entries, each as one line of text without titles. */
export function entryTexts({ value }: EntryList, body: JsonObject): string[] {
  return Object.entries(body).map(([name, entry]) => {
    const fields = isJsonObject(entry) ? entry : { ExpireAt: entry };
    const { Owner, Reason } = fields;
    return [
      printable(name),
      ...(value === undefined
        ? []
        : [`${value.title.toLowerCase()} ${metricNumber(fields.Metric, fields[value.key])}`]),
      `ends ${endText(String(fields.ExpireAt ?? ''))}`,
      ...[Owner, Reason].filter((said) => said !== undefined).map((said) => textOf(said)),
    ].join(', ');
  });
}

/** One line for each entry, below the titles; or that there is none. */
export function entryLines(entries: EntryList, body: JsonObject): string[] {
  const rows = Object.entries(body).map(([name, entry]) => entryRow(entries, name, entry));
  if (rows.length === 0) return [entries.empty];
  const columns: Column[] = [
    { title: entries.title },
    ...(entries.value === undefined ? [] : [{ title: entries.value.title, right: true }]),
    { title: 'ENDS' },
    { title: 'OWNER' },
    { title: 'REASON' },
  ];
  return tableLines(columns, rows);
}

function entryRow({ value }: EntryList, name: string, entry: unknown): string[] {
  const fields = isJsonObject(entry) ? entry : { ExpireAt: entry };
  return [
    printable(name),
    ...(value === undefined ? [] : [metricNumber(fields.Metric, fields[value.key])]),
    endText(String(fields.ExpireAt ?? '')),
    textOf(fields.Owner),
    textOf(fields.Reason),
  ];
}

function endText(expireAt: string): string {
  if (expireAt === NO_END) return 'never';
  const leftMs = Date.parse(expireAt) - Date.now();
  return Number.isNaN(leftMs) ? '-' : `in ${shortDuration(leftMs)}`;
}

/** `/recent-apps`, the latest first. */
export async function recent(
  { servers, output }: CommandContext,
  minutes: number | null,
): Promise<number> {
  const group = new ServerGroup(servers);
  const path = minutes === null ? '/recent-apps' : `/recent-apps/${minutes}`;
  const reply = await group.askLeader(path);
  const body = await okObject(group, reply, { name: '/recent-apps' });
  if (output.isJson) {
    output.json(body);
    return EXIT.ok;
  }
  const apps = Object.entries(body)
    .map(([name, entry]) => ({ name, atMs: checkedAtMs(entry) }))
    .sort((a, b) => b.atMs - a.atMs);
  const columns = [
    { title: 'APP' },
    { title: 'CLIENT' },
    { title: 'LAST CHECK' },
    { title: 'AGO', right: true },
  ];
  const rows = apps.map(({ name, atMs }) => {
    const slash = name.indexOf('/');
    const ago = shortDuration(Date.now() - atMs);
    return [
      printable(name.slice(0, slash)),
      printable(name.slice(slash + 1)),
      localTime(atMs),
      ago,
    ];
  });
  output.lines(
    ...(rows.length === 0 ? ['no app has checked recently'] : tableLines(columns, rows)),
  );
  return EXIT.ok;
}

function checkedAtMs(entry: unknown): number {
  return isJsonObject(entry) ? Number(entry.CheckedAtEpoch) * 1_000 : Number.NaN;
}

function textOf(value: unknown): string {
  return typeof value === 'string' && value !== '' ? printable(value) : '-';
}
