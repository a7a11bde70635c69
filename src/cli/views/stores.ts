/** The stores and their metrics, as the leader judges them. */
import type { Output } from '../output/output.js';
import type { Tone } from '../output/paint.js';
import { printable } from '../output/printable.js';
import { metricNumber, shortDuration } from '../output/quantities.js';
import { type Column, tableLines } from '../output/table.js';
import { isJsonObject, type JsonObject, okObject } from '../servers/reply-body.js';
import type { ServerGroup } from '../servers/server-group.js';

export interface StoreView {
  /** `mysql/main`, or `mysql/main/threads_running` for another metric than the own one. */
  readonly name: string;
  /** `within`, `above`, `error`, `not read yet` or `unknown`: as the server judges it. */
  readonly state: string;
  /** It is judged, and denies nothing. */
  readonly isObserved: boolean;
  /** Null: there is none. */
  readonly value: number | null;
  /** `3`, `3, 1 skipped`; empty for another metric than the own one. */
  readonly hosts: string;
  /** As `/stores` has it. */
  readonly metric: JsonObject;
}

const TONES: Readonly<Record<string, Tone>> = {
  within: 'good',
  above: 'bad',
  error: 'broken',
};

/** From bad to good. */
const WORST_FIRST = ['error', 'above', 'not read yet', 'unknown', 'within'];

/** Jobs wait for it. */
export function isWaitedFor({ state, isObserved }: StoreView): boolean {
  return state !== 'within' && !isObserved;
}

/** The worst first, those that are only observed after the others that jobs wait for. */
export async function readStores(group: ServerGroup): Promise<StoreView[]> {
  const [{ Stores: stores }, inventory] = (await Promise.all(
    ['/stores', '/inventory'].map(async (path) =>
      okObject(group, await group.ask(path), { name: path }),
    ),
  )) as [JsonObject, JsonObject];
  const views = Object.entries(isJsonObject(stores) ? stores : {}).flatMap(([name, store]) =>
    metricViews(name, store, inventory[name.replace(/^mysql\//, '')]),
  );
  return views.sort((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1));
}

/** The own metric is the first one. */
function metricViews(store: string, body: unknown, cluster: unknown): StoreView[] {
  const metrics = isJsonObject(body) && Array.isArray(body.Metrics) ? body.Metrics : [];
  return metrics.filter(isJsonObject).map((metric, at) => ({
    name: at === 0 ? store : `${store}/${metric.Metric}`,
    state: String(metric.State),
    isObserved: metric.Mode === 'observe',
    value: typeof metric.Value === 'number' ? metric.Value : null,
    hosts: at === 0 ? hostsText(cluster) : '',
    metric,
  }));
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

/** What is within its threshold comes last. */
function rank({ state, isObserved }: StoreView): number {
  const place = WORST_FIRST.indexOf(state);
  return isObserved && state !== 'within' ? WORST_FIRST.length - 1.5 : place;
}

export function storeLines(
  { paint }: Pick<Output, 'paint'>,
  stores: readonly StoreView[],
  { withHost = true }: { readonly withHost?: boolean } = {},
): string[] {
  if (stores.length === 0) return ['no store is configured'];
  const columns: Column[] = [
    { title: 'STORE' },
    { title: 'VALUE', right: true },
    { title: 'THRESHOLD', right: true },
    ...(withHost ? [{ title: 'HOST' }] : []),
    { title: 'HOSTS' },
    { title: 'STATE' },
  ];
  const rows = stores.map((store) => [
    printable(store.name),
    metricNumber(store.metric.Metric, store.value),
    metricNumber(store.metric.Metric, store.metric.Threshold),
    ...(withHost ? [printable(String(store.metric.Host ?? '-'))] : []),
    printable(store.hosts),
    paint(store.isObserved ? 'faint' : (TONES[store.state] ?? 'faint'), stateText(store)),
  ]);
  const isRead = stores.some(({ state }) => state !== 'unknown');
  return [
    ...tableLines(columns, rows),
    ...(isRead ? [] : ['no store has a value: this node does not lead, or has read none']),
  ];
}

/** With the keys of `/stores`. */
export function storeJson({ name, hosts, metric }: StoreView): object {
  return { Store: name, Hosts: hosts, ...metric };
}

/** `within`, `above for 12 s, only observed`, or the error. */
function stateText({ state, isObserved, metric }: StoreView): string {
  const { Since, Error: error, SetUntil } = metric;
  const ms = state === 'within' ? Number.NaN : Date.now() - Date.parse(String(Since));
  return [
    `${printable(String(error ?? state))}${Number.isNaN(ms) ? '' : ` for ${shortDuration(ms)}`}`,
    ...(SetUntil === undefined ? [] : ['threshold set']),
    ...(isObserved ? ['only observed'] : []),
  ].join(', ');
}
