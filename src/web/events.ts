/** What happened lately, the newest first: of all stores, and of one that is open. */
import { byId, element, type KeyedItem, KeyedList, setAttribute, setText } from './dom.js';
import { type Happening, happeningsOf } from './event-rows.js';
import { clockTime } from './format.js';
import type { EventRow } from './topics.js';

const EVENTS_SHOWN = 20;

export const EVENT_GLYPHS: Readonly<Record<string, string>> = {
  command: '✎',
  refused: '⊗',
  threshold: '↕',
  store: '!',
  leader: '★',
  reload: '⟳',
};

export class EventsZone {
  readonly #list = new EventList(byId('events'), EVENTS_SHOWN);
  readonly #empty = byId('no-events');
  #search = '';

  set search(text: string) {
    this.#search = text.trim().toLowerCase();
  }

  update(events: readonly EventRow[] | undefined): void {
    const shown = this.#list.update(events ?? [], this.#search);
    this.#empty.hidden = shown > 0;
    setText(this.#empty, this.#search === '' ? 'Nothing has happened.' : 'No event matches.');
  }
}

export class EventList {
  readonly #list: KeyedList<Happening>;
  readonly #limit: number;

  constructor(parent: Element, limit: number) {
    this.#list = new KeyedList(parent, () => eventItem());
    this.#limit = limit;
  }

  /** How many rows it shows. `search` in lower case. */
  update(events: readonly EventRow[], search = ''): number {
    const newest = happeningsOf(events)
      .filter(({ text }) => text.toLowerCase().includes(search))
      .slice(0, this.#limit);
    this.#list.update(new Map(newest.map((happening) => [happening.key, happening])));
    return newest.length;
  }
}

function eventItem(): KeyedItem<Happening> {
  const time = element('time');
  const glyph = element('span', { class: 'glyph', 'aria-hidden': 'true' });
  const words = element('span');
  return {
    node: element('li', {}, time, ' ', glyph, ' ', words),
    update: ({ kind, unixMs, text, title }) => {
      setText(time, clockTime(unixMs));
      setAttribute(time, 'title', title);
      setAttribute(time, 'datetime', new Date(unixMs).toISOString());
      setText(glyph, EVENT_GLYPHS[kind] ?? '·');
      setAttribute(glyph, 'title', kind);
      setText(words, text);
    },
  };
}
