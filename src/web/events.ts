/** What happened lately, the newest first. */
import { byId, element, type KeyedItem, KeyedList, setAttribute, setText } from './dom.js';
import { clockTime, exactTime } from './format.js';
import type { EventRow } from './topics.js';

const EVENTS_SHOWN = 30;

const GLYPHS: Readonly<Record<string, string>> = {
  command: '✎',
  refused: '⊗',
  threshold: '↕',
  store: '!',
  leader: '★',
  reload: '⟳',
};

export class EventsZone {
  readonly #list = new KeyedList<EventRow>(byId('events'), () => eventItem());
  readonly #empty = byId('no-events');
  #search = '';

  set search(text: string) {
    this.#search = text.trim().toLowerCase();
  }

  update(events: readonly EventRow[] | undefined): void {
    const newest = [...(events ?? [])]
      .reverse()
      .filter((event) => eventText(event).toLowerCase().includes(this.#search))
      .slice(0, EVENTS_SHOWN);
    this.#list.update(new Map(newest.map((event) => [`${event.At} ${eventText(event)}`, event])));
    this.#empty.hidden = newest.length > 0;
  }
}

function eventItem(): KeyedItem<EventRow> {
  const time = element('time');
  const glyph = element('span', { class: 'glyph', 'aria-hidden': 'true' });
  const text = element('span');
  return {
    node: element('li', {}, time, ' ', glyph, ' ', text),
    update: (event) => {
      const { At, Kind } = event;
      const unixMs = Date.parse(At);
      setText(time, clockTime(unixMs));
      setAttribute(time, 'title', exactTime(unixMs));
      setAttribute(time, 'datetime', At);
      setText(glyph, GLYPHS[Kind] ?? '·');
      setAttribute(glyph, 'title', Kind);
      setText(text, eventText(event));
    },
  };
}

/** `etl-nightly: app throttled, by oncall: “backfill”` */
export function eventText({ Kind, Text, App, Host, Metric, Owner, Reason }: EventRow): string {
  const subject = Kind === 'command' ? (App ?? Host ?? Metric) : undefined;
  const about = subject === undefined ? '' : `${subject === '*' ? 'every app' : subject}: `;
  const by = Owner === undefined ? '' : `, by ${Owner}`;
  const reason = Reason === undefined ? '' : `${by === '' ? ',' : ':'} “${Reason}”`;
  return `${about}${Text}${by}${reason}`;
}
