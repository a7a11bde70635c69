/** The stores and their metrics, as the leader judges them. */
import type { Output } from '../output/output.js';
import type { Tone } from '../output/paint.js';
import { printable } from '../output/printable.js';
import { shortDuration, shortNumber } from '../output/quantities.js';
import { tableLines } from '../output/table.js';
import { isJsonObject, type JsonObject, okObject } from '../servers/reply-body.js';
import type { ServerGroup } from '../servers/server-group.js';

/** `waiting`: above its threshold, or without a value. */
export type MetricVerdict = 'good' | 'waiting' | 'unknown';

export interface StoreView {
  /** `mysql/main`, or `mysql/main/threads_running` for another metric than the own one. */
  readonly name: string;
  /** Null: there is none. */
  readonly value: number | null;
  /** Why there is no value; empty: there is one. */
  readonly error: string;
  readonly verdict: MetricVerdict;
  /** Milliseconds since it was within its threshold last; null: not known. */
  readonly waitingMs: number | null;
  /** `3`, `3, 1 skipped`; empty for another metric than the own one. */
  readonly hosts: string;
}

const TONES: Readonly<Record<MetricVerdict, Tone>> = {
  good: 'good',
  waiting: 'bad',
  unknown: 'faint',
};

const ERROR_PREFIX = 'error: ';

/** The worst first. */
export async function readStores(group: ServerGroup): Promise<StoreView[]> {
  const [values, health, inventory] = (await Promise.all(
    ['/aggregated-metrics', '/metrics-health', '/inventory'].map(async (path) =>
      okObject(group, await group.ask(path), { name: path }),
    ),
  )) as [JsonObject, JsonObject, JsonObject];
  const names = new Set([...Object.keys(values), ...Object.keys(health)]);
  const views = [...names].map((name) => ({
    name,
    hosts: hostsText(inventory[name.replace(/^mysql\//, '')]),
    ...viewOf(values[name], health[name]),
  }));
  return views.sort((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1));
}

type JudgedView = Omit<StoreView, 'name' | 'hosts'>;

function viewOf(text: unknown, health: unknown): JudgedView {
  const shown = typeof text === 'string' ? text : '';
  const error = shown.startsWith(ERROR_PREFIX) ? shown.slice(ERROR_PREFIX.length) : '';
  const value = shown === '' || error !== '' ? null : Number(shown);
  const seconds = isJsonObject(health) ? Number(health.SecondsSinceLastHealthy) : Number.NaN;
  if (Number.isNaN(seconds)) return { value, error, verdict: 'unknown', waitingMs: null };
  const isWaiting = seconds > 0 || value === null;
  const verdict = isWaiting ? 'waiting' : 'good';
  return { value, error, verdict, waitingMs: isWaiting ? seconds * 1_000 : 0 };
}

/** How many hosts are probed, and how many are not, although they are listed. */
function hostsText(cluster: unknown): string {
  if (!isJsonObject(cluster)) return '';
  const count = (list: unknown): number => (Array.isArray(list) ? list.length : 0);
  const [skipped, ignored] = [count(cluster.SkippedHosts), count(cluster.IgnoredHosts)];
  return [
    String(count(cluster.Hosts)),
    ...(skipped > 0 ? [`${skipped} skipped`] : []),
    ...(ignored > 0 ? [`${ignored} ignored`] : []),
  ].join(', ');
}

function rank({ verdict, error }: StoreView): number {
  if (verdict === 'good') return 2;
  return error === '' ? 1 : 0;
}

export function storeLines(
  { paint }: Pick<Output, 'paint'>,
  stores: readonly StoreView[],
): string[] {
  if (stores.length === 0) return ['no store has a value: this node does not lead, or has none'];
  return tableLines(
    [{ title: 'STORE' }, { title: 'VALUE', right: true }, { title: 'HOSTS' }, { title: 'STATE' }],
    stores.map((store) => [
      printable(store.name),
      store.value === null ? '-' : shortNumber(store.value),
      printable(store.hosts),
      paint(TONES[store.verdict], stateText(store)),
    ]),
  );
}

/** With keys as those of the server. */
export function storeJson(store: StoreView): object {
  const { name, value, hosts, error, verdict, waitingMs } = store;
  return {
    Store: name,
    Value: value,
    Hosts: hosts,
    Error: error,
    Verdict: verdict,
    WaitingMillis: waitingMs,
  };
}

/** `good`, `above its threshold for 12 s`, or the error. */
function stateText({ verdict, error, waitingMs }: StoreView): string {
  if (verdict === 'unknown') return 'unknown';
  if (verdict === 'good') return 'good';
  const time = waitingMs === null || waitingMs === 0 ? '' : ` for ${shortDuration(waitingMs)}`;
  return error === '' ? `above its threshold${time}` : `${printable(error)}${time}`;
}
