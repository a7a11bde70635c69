/** Who asks: apps that wait come first, the longest wait before the shorter ones. */
import { byId, element, type KeyedItem, KeyedList, setAttribute, setText } from './dom.js';
import { counted, percent, rate, wholeDuration } from './format.js';
import { meaningOf } from './glossary.js';
import { addressOf } from './stores.js';
import { type AppRow, type AppsTopic, goesOn } from './topics.js';

const ROWS_SHOWN = 12;
/** An app that has not asked for so long does not wait, as the node counts it. */
const GONE_AFTER_MS = 60_000;

export class WaitingZone {
  readonly #list = new KeyedList<AppRow>(byId('apps'), appItem);
  readonly #empty = byId('no-apps');
  readonly #more = byId<HTMLButtonElement>('more-apps');
  #rows = ROWS_SHOWN;
  #search = '';

  constructor() {
    this.#more.addEventListener('click', () => {
      this.#rows += 50;
    });
  }

  set search(text: string) {
    this.#search = text.trim().toLowerCase();
  }

  update(topic: AppsTopic | undefined): void {
    const apps = topic?.Apps ?? [];
    const matching = apps.filter(({ App, Store }) =>
      `${App} ${Store}`.toLowerCase().includes(this.#search),
    );
    const shown = matching.slice(0, this.#rows);
    this.#list.update(new Map(shown.map((app) => [`${app.App} ${app.Store}`, app])));
    this.#empty.hidden = matching.length > 0;
    const found = this.#search === '' ? 'No app has asked in the last hour.' : 'No app matches.';
    setText(this.#empty, found);
    const rest = (this.#search === '' ? (topic?.Total ?? 0) : matching.length) - shown.length;
    this.#more.hidden = rest <= 0 || shown.length === matching.length;
    setText(this.#more, `… ${counted(rest, 'app')} more`);
  }
}

function appItem(): KeyedItem<AppRow> {
  const name = element('th', { scope: 'row' });
  const state = element('td', { class: 'app-state' });
  const what = element('span');
  const more = element('span', { class: 'muted' });
  state.append(what, ' ', more);
  const speed = element('td', { class: 'number' });
  const node = element('tr', {}, name, state, speed);
  const store = element('a', { class: 'muted' });
  const app = element('span');
  name.append(app, ' ', store);
  return {
    node,
    update: (row) => {
      setText(app, row.App);
      setText(store, row.Store.replace('mysql/', ''));
      setAttribute(store, 'href', addressOf(row.Store));
      setText(what, stateText(row));
      setText(more, historyText(row));
      setAttribute(state, 'title', row.Why === undefined ? undefined : meaningOf(row.Why));
      setAttribute(node, 'class', row.WaitingSeconds === undefined ? '' : 'waits');
      setText(speed, rate(row.PerSecond));
      setAttribute(
        speed,
        'title',
        `last asked ${new Date(row.LastSeen).toLocaleTimeString('en-GB')}`,
      );
    },
  };
}

/** `waits 38 s: lag on db7`, `goes on`, `was refused once`, or `no longer asks`. */
function stateText(row: AppRow): string {
  const { WaitingSeconds, LastStatus, LastSeen } = row;
  if (WaitingSeconds === undefined) {
    const isGone = LastStatus !== 200 && Date.now() - Date.parse(LastSeen) > GONE_AFTER_MS;
    if (isGone) return 'no longer asks';
    return goesOn(row) ? 'goes on' : 'was refused once';
  }
  const age = WaitingSeconds < 1 ? '' : ` ${wholeDuration(WaitingSeconds)}`;
  return `waits${age}: ${whyText(row)}`;
}

/** `97 % of its checks wait, longest wait 41 s` */
function historyText(row: AppRow): string {
  const { WaitingSeconds, WaitShare, LongestWaitSeconds = 0 } = row;
  // A single refusal has no share.
  if (WaitingSeconds === undefined && !goesOn(row)) return '';
  const share = WaitShare > 0 ? [`${percent(WaitShare)} of its checks wait`] : [];
  const longest =
    LongestWaitSeconds < 1 ? [] : [`longest wait ${wholeDuration(LongestWaitSeconds)}`];
  return [...share, ...longest].join(', ');
}

function whyText({ App, Why, Metric, Host, Entry }: AppRow): string {
  switch (Why) {
    case 'threshold':
      return `${Metric ?? 'a metric'}${Host === undefined ? '' : ` on ${Host}`}`;
    case 'operator':
      return Entry === '*' && App !== '*' ? 'throttled, like every app' : 'throttled';
    case 'priority':
      return 'its low priority';
    default:
      return Why ?? 'not known';
  }
}
