/** What operators have entered and what is still in force; each entry can be changed and lifted. */
import type { Act, ActDialog } from './act-dialog.js';
import { type CommandAnswer, command } from './api.js';
import { button, byId, element, type KeyedItem, KeyedList, setAttribute, setText } from './dom.js';
import {
  ENTRY_KINDS,
  endOf,
  enterPath,
  entryOf,
  liftedKeys,
  liftPath,
  valuesOf,
} from './entry-commands.js';
import type { EntryForms } from './entry-forms.js';
import { entryEndText, entryText, KIND_LOOKS, keyText, noteText } from './entry-text.js';
import { counted, exactTime } from './format.js';
import type { EntriesTopic, EntryKind, InForceEntry } from './topics.js';

interface ShownEntry {
  readonly kind: EntryKind;
  readonly key: string;
  readonly entry: InForceEntry;
}

/** What happens when an entry is lifted. */
const AFTERWARDS: Readonly<Record<EntryKind, string>> = {
  ThrottledApps: 'Its checks will be answered by the metrics.',
  ExemptedApps: 'Its checks will be answered by the metrics.',
  SkippedHosts: 'It will be probed again, and counts.',
  Thresholds: 'The configured threshold will count again.',
};

export class InForceZone {
  readonly #node = byId('entries');
  readonly #heading = byId('in-force');
  readonly #list: KeyedList<ShownEntry>;
  readonly #empty = byId('no-entries');
  readonly #rest = byId('more-entries');
  #topic: EntriesTopic | undefined;

  constructor(forms: EntryForms, acts: ActDialog) {
    const lift = (shown: ShownEntry): void => {
      if (this.#topic !== undefined) acts.ask(this.#liftOf(shown, this.#topic));
    };
    this.#list = new KeyedList(this.#node, () => entryItem(forms, lift));
  }

  update(topic: EntriesTopic | undefined): void {
    if (topic === undefined) return;
    this.#topic = topic;
    const shown = new Map<string, ShownEntry>();
    let total = 0;
    for (const kind of ENTRY_KINDS) {
      total += topic[kind].Total;
      for (const key of Object.keys(topic[kind].Entries)) {
        shown.set(`${kind} ${key}`, { kind, key, entry: entryOf(topic, kind, key)! });
      }
    }
    const hadFocus = this.#node.contains(document.activeElement);
    this.#list.update(shown);
    if (hadFocus && !this.#node.contains(document.activeElement)) this.#heading.focus();
    this.#empty.hidden = total > 0;
    this.#rest.hidden = total <= shown.size;
    setText(this.#rest, `… ${counted(total - shown.size, 'entry')} more`);
  }

  #liftOf({ kind, key }: ShownEntry, topic: EntriesTopic): Act {
    const keys = liftedKeys(topic, kind, key);
    const texts = keys.map((each) => {
      const entry = entryOf(topic, kind, each)!;
      const note = noteText(entry);
      return `${keyText(each)}, ${entryEndText(kind, entry)}${note === '' ? '' : `, ${note}`}`;
    });
    return {
      title: `Lift: ${keyText(key)}, ${KIND_LOOKS[kind].word}`,
      effect: `This ends ${texts.join('; ')}. ${AFTERWARDS[kind]}`,
      verb: 'Lift',
      send: (note) => command(liftPath(kind, key, note)),
      done: (answer) => [`Done. ${endedText(answer)}`],
      back: keys.map((each) => enterPath(kind, valuesOf(kind, each, entryOf(topic, kind, each)!))),
      focusAfter: () => this.#heading.focus(),
    };
  }
}

function endedText({ matched: { Entries } }: CommandAnswer): string {
  if (Entries === undefined) return 'It is lifted.';
  if (Entries === 0) return 'It had ended before.';
  return `${counted(Entries, 'entry')} ended.`;
}

function entryItem(forms: EntryForms, lift: (shown: ShownEntry) => void): KeyedItem<ShownEntry> {
  const glyph = element('span', { class: 'glyph', role: 'img' });
  const key = element('strong');
  const text = element('span');
  const note = element('span', { class: 'muted' });
  let shown: ShownEntry | undefined;
  const changing = button('change', () => {
    if (shown !== undefined) forms.change(shown.kind, shown.key, shown.entry);
  });
  const lifting = button('lift', () => {
    if (shown !== undefined) lift(shown);
  });
  const words = element('div', { class: 'entry-text' }, glyph, ' ', key, ' ', text, ' ', note);
  const needs = { class: 'entry-acts', 'data-needs': 'control' };
  return {
    node: element('li', {}, words, element('div', needs, changing, lifting)),
    update: (value) => {
      shown = value;
      const { kind, entry } = value;
      const look = KIND_LOOKS[kind];
      setText(glyph, look.glyph);
      setAttribute(glyph, 'aria-label', look.word);
      setAttribute(glyph, 'title', look.word);
      setText(key, keyText(value.key));
      setText(text, entryText(kind, entry));
      setText(note, noteText(entry));
      setAttribute(lifting, 'aria-label', `lift: ${look.word} ${value.key}`);
      setAttribute(changing, 'aria-label', `change: ${look.word} ${value.key}`);
      const endMs = endOf(entry.ExpireAt);
      setAttribute(text, 'title', endMs === null ? undefined : `until ${exactTime(endMs)}`);
    },
  };
}
