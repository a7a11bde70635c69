/** What operators have entered and what is still in force; each entry can be changed and lifted. */
import { command, pathOf } from './api.js';
import { button, byId, element, type KeyedItem, KeyedList, setAttribute, setText } from './dom.js';
import { type EntryForms, endOf } from './entry-forms.js';
import { counted, exactTime, percent, shortNumber, wholeDuration } from './format.js';
import type { EntriesTopic, EntryKind, InForceEntry } from './topics.js';

interface KindLook {
  readonly glyph: string;
  readonly word: string;
  /** Lifts an entry: the path of the command. */
  readonly lift: (key: string) => string;
}

export const KIND_LOOKS: Readonly<Record<EntryKind, KindLook>> = {
  ThrottledApps: { glyph: '‖', word: 'throttled', lift: (key) => appPath('unthrottle-app', key) },
  SkippedHosts: { glyph: '⊘', word: 'skipped', lift: (key) => pathOf(['recover-host', key]) },
  ExemptedApps: { glyph: '▶', word: 'exempt', lift: (key) => appPath('unexempt-app', key) },
  Thresholds: { glyph: '⇕', word: 'threshold', lift: resetPath },
};

const KINDS = Object.keys(KIND_LOOKS) as EntryKind[];

interface ShownEntry {
  readonly kind: EntryKind;
  readonly key: string;
  readonly entry: InForceEntry;
}

export class InForceZone {
  readonly #list: KeyedList<ShownEntry>;
  readonly #empty = byId('no-entries');
  readonly #rest = byId('more-entries');

  constructor(forms: EntryForms) {
    this.#list = new KeyedList(byId('entries'), () => entryItem(forms));
  }

  update(topic: EntriesTopic | undefined): void {
    if (topic === undefined) return;
    const shown = new Map<string, ShownEntry>();
    let total = 0;
    for (const kind of KINDS) {
      const { Total, Entries } = topic[kind];
      total += Total;
      for (const [key, value] of Object.entries(Entries)) {
        const entry = typeof value === 'string' ? { ExpireAt: value } : value;
        shown.set(`${kind} ${key}`, { kind, key, entry });
      }
    }
    this.#list.update(shown);
    this.#empty.hidden = total > 0;
    this.#rest.hidden = total <= shown.size;
    setText(
      this.#rest,
      `… ${counted(total - shown.size, 'entry').replace('entrys', 'entries')} more`,
    );
  }
}

function entryItem(forms: EntryForms): KeyedItem<ShownEntry> {
  const glyph = element('span', { class: 'glyph', role: 'img' });
  const key = element('strong');
  const text = element('span');
  const note = element('div', { class: 'muted' });
  const answer = element('output', { class: 'muted' });
  let shown: ShownEntry | undefined;
  const change = button('change', () => shown && forms.change(shown.kind, shown.key, shown.entry), {
    class: 'quiet',
    'data-needs': 'control',
  });
  const lift = button('lift', () => void liftShown(), {
    class: 'quiet',
    'data-needs': 'control',
  });
  const liftShown = async (): Promise<void> => {
    if (shown === undefined) return;
    const { text: answered } = await command(KIND_LOOKS[shown.kind].lift(shown.key));
    setText(answer, answered);
  };
  const line = element('div', {}, glyph, ' ', key, ' ', text, ' ', change, lift);
  return {
    node: element('li', {}, line, note, answer),
    update: (value) => {
      shown = value;
      const { kind, entry } = value;
      const look = KIND_LOOKS[kind];
      setText(glyph, look.glyph);
      setAttribute(glyph, 'aria-label', look.word);
      setAttribute(glyph, 'title', look.word);
      setText(key, value.key === '*' ? 'every app' : value.key);
      setText(text, entryText(kind, entry));
      setText(note, noteText(entry));
      setAttribute(lift, 'aria-label', `lift: ${look.word} ${value.key}`);
      setAttribute(change, 'aria-label', `change: ${look.word} ${value.key}`);
      const endMs = endOf(entry.ExpireAt);
      setAttribute(text, 'title', endMs === null ? undefined : `until ${exactTime(endMs)}`);
    },
  };
}

function entryText(kind: EntryKind, { ExpireAt, Ratio, Threshold }: InForceEntry): string {
  const endMs = endOf(ExpireAt);
  const left = endMs === null ? 'until it is lifted' : wholeDuration((endMs - Date.now()) / 1_000);
  const share = Ratio === undefined ? '' : `, ${percent(Ratio)}`;
  const threshold = Threshold === undefined ? '' : ` ${shortNumber(Threshold)}`;
  return `${KIND_LOOKS[kind].word}${threshold}${share}, ${left}`;
}

function noteText({ Owner, Reason }: InForceEntry): string {
  const by = Owner === undefined ? '' : `by ${Owner}`;
  const reason = Reason === undefined ? '' : `“${Reason}”`;
  return [by, reason].filter((part) => part !== '').join(': ');
}

/** The key of an entry is `app` or `app/store`. */
function appPath(verb: string, key: string): string {
  const slash = key.indexOf('/');
  if (slash === -1) return pathOf([verb, key]);
  return pathOf([verb, key.slice(0, slash)], { store_name: key.slice(slash + 1) });
}

/** The key of a threshold is `mysql/store` or `mysql/store/metric`. */
function resetPath(key: string): string {
  const [type = '', store = '', metric] = key.split('/');
  const ofMetric = metric === undefined ? [] : ['metric', metric];
  return pathOf(['reset-threshold', type, store, ...ofMetric]);
}
