/** An open store: its plots, its hosts from bad to good, and how it answered. */
import { report } from './api.js';
import { element, KeyedList, setText } from './dom.js';
import { bareStore, entryOf } from './entry-commands.js';
import { entryText, keyText, noteText } from './entry-text.js';
import { eventsOfStore } from './event-rows.js';
import { EventList } from './events.js';
import { counted, metricValue } from './format.js';
import { hostsWorstFirst } from './host-order.js';
import { hostItem } from './hosts.js';
import { pathOf } from './paths.js';
import { plotMarks } from './plot-marks.js';
import { type PlotBand, TimePlot } from './plots.js';
import { type Point, SERIES_SECONDS, spanOf } from './series.js';
import type { SeriesKeeper } from './series-keeper.js';
import type {
  EventRow,
  HistoryReport,
  HostRow,
  MetricRow,
  StoreReport,
  StoreRow,
  Topics,
} from './topics.js';

const PERIOD_MS = 1_000;
const HOSTS_SHOWN = 25;
const EVENTS_SHOWN = 10;
/** By status, in the order of the legend. */
const ANSWERS = [
  ['200', 'go on', 'fine', undefined],
  ['429', 'above', 'bad', undefined],
  ['417', 'denied', 'warn', [6, 3]],
  ['500', 'error', 'error', [2, 3]],
  ['404', 'unknown', 'muted', [1, 4]],
] as const;

export class StoreDetail {
  readonly node = element('tr', { class: 'detail' });
  readonly #store: string;
  readonly #series: SeriesKeeper;
  readonly #plots = element('div', { class: 'plots' });
  readonly #answers = new TimePlot({
    title: 'Answers per second',
    isLow: true,
    hidesZero: true,
    lines: ANSWERS.map(([status, word, colour, dash]) => ({
      label: `${status} ${word}`,
      colour,
      ...(dash !== undefined && { dash }),
    })),
  });
  readonly #metrics = new Map<string, TimePlot>();
  readonly #notes = element('ul', { class: 'notes' });
  readonly #eventRows = element('ol', { class: 'events' });
  readonly #eventList = new EventList(this.#eventRows, EVENTS_SHOWN);
  readonly #noEvents = element('p', { class: 'muted' }, 'Nothing has happened to it.');
  readonly #hostsCaption = element('caption');
  readonly #hosts: KeyedList<HostRow>;
  readonly #allHosts: HTMLButtonElement;
  #showsAllHosts = false;
  #history: HistoryReport | null = null;
  /** Each as `host:port`. */
  #hostNames: readonly string[] = [];
  #askedAtMs = 0;
  #isAsking = false;
  #isClosed = false;

  constructor(store: string, series: SeriesKeeper) {
    this.#store = store;
    this.#series = series;
    const body = element('tbody');
    const head = element('tr');
    head.append(element('td'));
    for (const title of ['Host', 'Value', 'Age', 'Counts']) {
      head.append(element('th', { scope: 'col' }, title));
    }
    this.#hosts = new KeyedList(body, hostItem);
    this.#allHosts = element('button', { type: 'button', class: 'quiet' });
    this.#allHosts.addEventListener('click', () => {
      this.#showsAllHosts = true;
      this.#askedAtMs = 0;
    });
    this.#plots.append(this.#answers.node);
    const table = element('table', { class: 'hosts' }, this.#hostsCaption);
    table.append(element('thead', {}, head), body);
    const hosts = element('div', {}, element('h2', {}, 'Hosts'), table, this.#allHosts);
    const events = element('div', {}, element('h2', {}, 'Just now, of this store'));
    events.append(this.#eventRows, this.#noEvents);
    const lists = element('div', { class: 'store-lists' }, hosts, events);
    this.node.append(element('td', { colspan: 5 }, this.#plots, this.#notes, lists));
  }

  update({ Metrics }: StoreRow, topics: Topics, nowUnixMs: number): void {
    const nowMs = performance.now();
    if (!this.#isAsking && nowMs - this.#askedAtMs >= PERIOD_MS) {
      this.#askedAtMs = nowMs;
      void this.#ask();
    }
    const store = this.#store;
    const asking = (topics.apps?.Apps ?? []).filter(({ Store }) => Store === store);
    const apps = asking.map(({ App }) => App);
    const scope = { store, hosts: this.#hostNames, apps };
    const events = eventsOfStore(topics.events ?? [], scope);
    const bands = bandsOf(topics, bareStore(store), apps, nowUnixMs);
    const spanSeconds = spanOf(Metrics.map(({ Metric }) => this.#series.of(store, Metric)));
    const drawn = { spanSeconds, events, bands };
    for (const metric of Metrics) this.#drawMetric(metric, drawn);
    this.#drawAnswers(drawn);
    this.#writeNotes(Metrics, bands);
    this.#noEvents.hidden = this.#eventList.update(events) > 0;
  }

  close(): void {
    this.#isClosed = true;
    this.node.remove();
    for (const plot of [this.#answers, ...this.#metrics.values()]) plot.destroy();
  }

  async #ask(): Promise<void> {
    this.#isAsking = true;
    const [history, store] = await Promise.all([
      this.#series.readHistory(this.#store),
      report<StoreReport>(pathOf(['stores', ...this.#store.split('/')])),
    ]);
    this.#isAsking = false;
    if (this.#isClosed) return;
    this.#history = history ?? this.#history;
    if (store !== null) this.#writeHosts(store);
  }

  #writeHosts({ Hosts, HostsError }: StoreReport): void {
    this.#hostNames = Hosts.map(({ Host }) => Host);
    const sorted = hostsWorstFirst(Hosts);
    const shown = this.#showsAllHosts ? sorted : sorted.slice(0, HOSTS_SHOWN);
    this.#hosts.update(new Map(shown.map((host) => [host.Host, host])));
    const rest = sorted.length - shown.length;
    this.#allHosts.hidden = rest === 0;
    setText(this.#allHosts, `… ${counted(rest, 'host')} more, which are better`);
    setText(this.#hostsCaption, HostsError ?? `${counted(sorted.length, 'host')}, the worst first`);
  }

  #drawMetric(metric: MetricRow, drawn: DrawnSpan): void {
    const { Metric, Mode } = metric;
    let plot = this.#metrics.get(Metric);
    if (plot === undefined) {
      plot = new TimePlot({
        title: Mode === 'observe' ? `${Metric} (observed: it denies nothing)` : Metric,
        format: (value) => metricValue(Metric, value),
        lines: [
          { label: 'value', colour: 'value', isFilled: true },
          { label: 'threshold', colour: 'threshold', dash: [8, 4], isStepped: true },
        ],
      });
      this.#metrics.set(Metric, plot);
      this.#plots.insertBefore(plot.node, this.#answers.node);
    }
    const series = this.#series.of(this.#store, Metric);
    const lines = [series.values, series.thresholds];
    plot.draw(contentOf(series.lastSecond, lines, drawn));
  }

  #drawAnswers(drawn: DrawnSpan): void {
    const history = this.#history;
    this.#answers.node.hidden = history === null;
    if (history === null) return;
    const lines = ANSWERS.map(([status]) => {
      const points: readonly Point[] = history.Answers[status] ?? new Array(history.Points).fill(0);
      const missing = new Array<Point>(Math.max(0, SERIES_SECONDS - points.length)).fill(null);
      return [...missing, ...points];
    });
    const lastSecond = Date.parse(history.From) / 1_000 + history.Points - 1;
    this.#answers.draw(contentOf(lastSecond, lines, drawn));
  }

  /** What the plots show, in words. */
  #writeNotes(metrics: readonly MetricRow[], bands: readonly PlotBand[]): void {
    const notes = [
      ...metrics.map((metric) => this.#summaryOf(metric)),
      ...bands.map(({ text }) => text),
    ];
    if (notes.join('\n') === [...this.#notes.children].map((each) => each.textContent).join('\n')) {
      return;
    }
    this.#notes.replaceChildren(...notes.map((note) => element('li', {}, note)));
  }

  #summaryOf({ Metric, Threshold, ConfiguredThreshold, Error: error }: MetricRow): string {
    const values = this.#series.of(this.#store, Metric).values.filter((value) => value !== null);
    const highest = values.length === 0 ? 'nothing' : metricValue(Metric, Math.max(...values));
    const set =
      ConfiguredThreshold === undefined
        ? ''
        : `, set by an operator (configured: ${metricValue(Metric, ConfiguredThreshold)})`;
    const failed = error === undefined ? '' : `; ${error}`;
    const threshold = metricValue(Metric, Threshold);
    return `${Metric}: highest in 15 minutes ${highest}, threshold ${threshold}${set}${failed}`;
  }
}

/** What all plots of the store have in common. */
interface DrawnSpan {
  readonly spanSeconds: number;
  readonly events: readonly EventRow[];
  readonly bands: readonly PlotBand[];
}

function contentOf(
  lastSecond: number,
  lines: ReadonlyArray<readonly Point[]>,
  { spanSeconds, events, bands }: DrawnSpan,
) {
  const marks = plotMarks(events, lastSecond - spanSeconds + 1, spanSeconds);
  return { lastSecond, spanSeconds, lines, marks, bands };
}

/** Throttles that hold back apps on this store. */
function bandsOf(
  { entries }: Topics,
  name: string,
  apps: readonly string[],
  nowUnixMs: number,
): PlotBand[] {
  if (entries === undefined) return [];
  const keys = Object.keys(entries.ThrottledApps.Entries);
  const concerning = keys.filter(
    (key) => key === '*' || key.endsWith(`/${name}`) || apps.includes(key),
  );
  return concerning.map((key) => {
    const entry = entryOf(entries, 'ThrottledApps', key)!;
    const { At, ExpireAt } = entry;
    const said = [entryText('ThrottledApps', entry), noteText(entry)].filter(Boolean).join(', ');
    return {
      fromSecond: At === undefined ? nowUnixMs / 1_000 : Date.parse(At) / 1_000,
      toSecond: Math.max(Date.parse(ExpireAt), nowUnixMs) / 1_000,
      text: `${keyText(key)}: ${said}`,
    };
  });
}
