/** The stores: those that hold jobs back first, each a row that reads as a sentence. */
import { report } from './api.js';
import { byId, element, type KeyedItem, KeyedList, setAttribute, setText } from './dom.js';
import { counted, exactTime, wholeDuration } from './format.js';
import { meaningOf } from './glossary.js';
import { nextOrder, ORDER_PERIOD_MS } from './order.js';
import type { SeriesKeeper } from './series-keeper.js';
import { Sparkline } from './sparkline.js';
import { decidingMetric, STATE_LOOKS } from './states.js';
import { StoreDetail } from './store-detail.js';
import { storeSentence } from './store-sentence.js';
import {
  type AppRow,
  goesOn,
  type InventoryReport,
  type StoreRow,
  type StoresTopic,
  type Topics,
} from './topics.js';

/** Rows beyond the troubled ones, unless somebody searches or asks for more. */
const FINE_ROWS = 8;
const MORE_ROWS = 50;
/** The whole list is read again after this while it is searched. */
const SEARCH_PERIOD_MS = 2_000;
/** Lists of hosts seldom change. */
const HOSTS_PERIOD_MS = 10_000;

/** A row with what belongs to it. */
interface ShownStore {
  readonly store: StoreRow;
  /** By which host a search found it; empty: by its name, or there is no search. */
  readonly foundHost: string;
  readonly topics: Topics;
  readonly nowUnixMs: number;
}

export class StoresZone {
  readonly #series: SeriesKeeper;
  readonly #table = byId<HTMLTableElement>('stores');
  readonly #more = byId<HTMLButtonElement>('more-stores');
  readonly #none = byId('no-match');
  readonly #unknown = byId('no-store');
  readonly #unknownName = byId('no-store-name');
  readonly #list: KeyedList<ShownStore>;
  #order: readonly string[] = [];
  #orderedAtMs = 0;
  #isUnderPointer = false;
  #search = '';
  #extraRows = 0;
  #open: string | null = null;
  /** Of all stores, while they are searched or listed. */
  #all: ReadonlyMap<string, StoreRow> | null = null;
  #allAtMs = 0;
  #isReadingAll = false;
  /** Of each store, while hosts are searched. */
  #hosts: ReadonlyMap<string, readonly string[]> = new Map();
  #hostsAtMs = Number.NEGATIVE_INFINITY;

  constructor(series: SeriesKeeper) {
    this.#series = series;
    this.#list = new KeyedList(this.#table, (key) => new StoreItem(key, series));
    this.#table.addEventListener('pointerenter', () => this.#pointed(true));
    this.#table.addEventListener('pointerleave', () => this.#pointed(false));
    this.#more.addEventListener('click', () => {
      this.#extraRows += MORE_ROWS;
      this.#allAtMs = 0;
    });
  }

  set search(text: string) {
    this.#search = text.trim().toLowerCase();
    this.#orderedAtMs = 0;
    this.#allAtMs = 0;
  }

  /** The store whose row is open, such as `mysql/main3`. */
  set open(store: string | null) {
    this.#open = store;
    this.#orderedAtMs = 0;
    this.#allAtMs = 0;
  }

  /** Whether the search, if there is one, finds that store. */
  finds(store: string): boolean {
    return this.#search === '' || this.#foundBy(store) !== null;
  }

  update(topics: Topics): void {
    const { stores } = topics;
    if (stores === undefined) return;
    void this.#readAllIfDue(stores);
    const nowUnixMs = Date.parse(stores.At);
    this.#series.add(stores.Rows, Math.floor(nowUnixMs / 1_000));
    const rows = this.#rows(stores);
    const wanted = [...rows.keys()];
    const nowMs = performance.now();
    const isUsed = this.#isUnderPointer || this.#table.contains(document.activeElement);
    const mayMove =
      this.#orderedAtMs === 0 || (!isUsed && nowMs - this.#orderedAtMs >= ORDER_PERIOD_MS);
    this.#order = nextOrder(this.#order, wanted, mayMove);
    if (mayMove) this.#orderedAtMs = nowMs;
    this.#list.update(
      new Map(
        this.#order.map((key) => {
          const foundHost = this.#foundBy(key) ?? '';
          return [key, { store: rows.get(key)!, foundHost, topics, nowUnixMs }];
        }),
      ),
    );
    this.#tellTheRest(stores, rows.size);
    const open = this.#open;
    this.#unknown.hidden = open === null || rows.has(open) || this.#all === null;
    setText(this.#unknownName, `No store is called ${open?.replace(/^mysql\//, '')}.`);
  }

  #rows({ Rows }: StoresTopic): ReadonlyMap<string, StoreRow> {
    const rows = new Map<string, StoreRow>();
    const isListed = this.#search !== '' || this.#extraRows > 0;
    const known = new Map(Rows.map((row) => [row.Store, row]));
    const listed = this.#all ?? new Map<string, StoreRow>();
    const open = [...listed].filter(([name]) => name === this.#open);
    const all = new Map([...known, ...(isListed ? listed : open)]);
    const limit = this.#search === '' ? FINE_ROWS + this.#extraRows : MORE_ROWS + this.#extraRows;
    let fine = 0;
    for (const [name, older] of all) {
      const row = known.get(name) ?? older;
      const isOpen = name === this.#open;
      const isMatch = this.#foundBy(name) !== null;
      const isFine = decidingMetric(row).State === 'within';
      if (!isOpen && (!isMatch || (isFine && fine >= limit))) continue;
      if (isFine) fine++;
      rows.set(name, row);
    }
    return rows;
  }

  /** The host by which the search finds a store; empty: by its name; null: it does not. */
  #foundBy(name: string): string | null {
    if (name.toLowerCase().includes(this.#search)) return '';
    return this.#hosts.get(name)?.find((host) => host.toLowerCase().includes(this.#search)) ?? null;
  }

  async #readAllIfDue({ Rows }: StoresTopic): Promise<void> {
    const isOpenUnknown = this.#open !== null && !Rows.some(({ Store }) => Store === this.#open);
    if (this.#search === '' && this.#extraRows === 0 && !isOpenUnknown) {
      this.#all = null;
      return;
    }
    const nowMs = performance.now();
    if (this.#isReadingAll || nowMs - this.#allAtMs < SEARCH_PERIOD_MS) return;
    this.#allAtMs = nowMs;
    this.#isReadingAll = true;
    type AllStores = { readonly Stores: Readonly<Record<string, Omit<StoreRow, 'Store'>>> };
    const [all] = await Promise.all([report<AllStores>('/stores'), this.#readHostsIfDue(nowMs)]);
    this.#isReadingAll = false;
    if (all === null) return;
    const rows = Object.entries(all.Stores).map(([Store, { Metrics }]) => ({ Store, Metrics }));
    this.#all = new Map(rows.map((row) => [row.Store, row]));
  }

  async #readHostsIfDue(nowMs: number): Promise<void> {
    if (this.#search === '' || nowMs - this.#hostsAtMs < HOSTS_PERIOD_MS) return;
    this.#hostsAtMs = nowMs;
    const inventory = await report<InventoryReport>('/inventory');
    const hosts = new Map<string, string[]>();
    for (const [key, { Hosts = [], SkippedHosts = [] }] of Object.entries(inventory ?? {})) {
      const store = `mysql/${key.split('/')[0]}`;
      hosts.set(store, [...(hosts.get(store) ?? []), ...Hosts, ...SkippedHosts]);
    }
    this.#hosts = hosts;
  }

  #tellTheRest({ Counts }: StoresTopic, shown: number): void {
    const total = Object.values(Counts).reduce((sum, count) => sum + count, 0);
    const rest = this.#search === '' ? total - shown : 0;
    this.#more.hidden = rest <= 0;
    const troubled = total - (Counts.within ?? 0);
    const kind = troubled > shown ? 'more' : 'more, which are fine';
    setText(this.#more, `… ${counted(rest, 'store')} ${kind}`);
    this.#none.hidden = this.#search === '' || shown > 0;
    setText(this.#none, `No store is called “${this.#search}”. No store has such a host either.`);
  }

  #pointed(isUnderPointer: boolean): void {
    this.#isUnderPointer = isUnderPointer;
  }
}

class StoreItem implements KeyedItem<ShownStore> {
  readonly node = element('tbody');
  readonly #key: string;
  readonly #series: SeriesKeeper;
  readonly #row = element('tr');
  readonly #state = element('span', { class: 'state' });
  readonly #link: HTMLAnchorElement;
  readonly #value = element('strong');
  readonly #rest = element('span');
  readonly #others = element('span', { class: 'muted' });
  readonly #found = element('span', { class: 'muted' });
  readonly #spark = new Sparkline();
  readonly #asking = element('td', { class: 'asking' });
  #detail: StoreDetail | undefined;

  constructor(key: string, series: SeriesKeeper) {
    this.#key = key;
    this.#series = series;
    this.#link = element(
      'a',
      { href: addressOf(key), class: 'row-link' },
      key.replace('mysql/', ''),
    );
    this.#row.append(
      element('td', { class: 'glyph' }, this.#state),
      element('th', { scope: 'row' }, this.#link),
      element(
        'td',
        { class: 'sentence' },
        this.#value,
        ' ',
        this.#rest,
        ' ',
        this.#others,
        ' ',
        this.#found,
      ),
      element('td', { class: 'spark-cell' }, this.#spark.node),
      this.#asking,
    );
    this.node.append(this.#row);
  }

  update({ store, foundHost, topics, nowUnixMs }: ShownStore): void {
    const metric = decidingMetric(store);
    const { glyph, word } = STATE_LOOKS[metric.State];
    setAttribute(this.node, 'class', `store ${metric.State.replaceAll(' ', '-')}`);
    setText(this.#state, glyph);
    setAttribute(this.#state, 'title', `${word}: ${meaningOf(metric.State) ?? ''}`);
    setAttribute(this.#state, 'role', 'img');
    setAttribute(this.#state, 'aria-label', word);
    const { value, rest } = storeSentence(metric, nowUnixMs);
    setText(this.#value, value);
    setText(this.#rest, rest);
    if (metric.Since !== undefined) {
      setAttribute(this.#rest, 'title', `since ${exactTime(Date.parse(metric.Since))}`);
    }
    const others = store.Metrics.length - 1;
    setText(this.#others, others > 0 ? `+ ${counted(others, 'metric')}` : '');
    setText(this.#found, foundHost === '' ? '' : `(it has ${foundHost})`);
    setText(this.#asking, askingText(this.#key, topics.apps?.Apps ?? []));
    this.#spark.draw(this.#series.of(this.#key, metric.Metric));
    this.#updateDetail(store, topics, nowUnixMs);
  }

  #updateDetail(store: StoreRow, topics: Topics, nowUnixMs: number): void {
    const isOpen = location.hash === addressOf(this.#key);
    setAttribute(this.#link, 'aria-expanded', String(isOpen));
    if (!isOpen) {
      this.#detail?.close();
      this.#detail = undefined;
      return;
    }
    if (this.#detail === undefined) {
      this.#detail = new StoreDetail(this.#key, this.#series);
      this.node.append(this.#detail.node);
    }
    this.#detail.update(store, topics, nowUnixMs);
  }
}

/** The address of an open row: another one closes it. */
export function addressOf(store: string): string {
  return `#/stores/${store.split('/').map(encodeURIComponent).join('/')}`;
}

/** `14 apps wait, longest 38 s`, or `9 apps go on`. */
function askingText(store: string, apps: readonly AppRow[]): string {
  const asking = apps.filter((app) => app.Store === store);
  const waiting = asking.filter((app) => app.WaitingSeconds !== undefined);
  if (waiting.length === 0) {
    const going = asking.filter(goesOn).length;
    return going === 0 ? '' : `${counted(going, 'app')} ${going === 1 ? 'goes' : 'go'} on`;
  }
  const longest = Math.max(...waiting.map((app) => app.WaitingSeconds ?? 0));
  const verb = waiting.length === 1 ? 'waits' : 'wait';
  const age = `${waiting.length === 1 ? '' : ', longest'} ${wholeDuration(longest)}`;
  return `${counted(waiting.length, 'app')} ${verb}${longest < 1 ? '' : age}`;
}
