/**
 * The forms by which operators throttle, exempt, skip and set: each shows what it would match and
 * how long it lasts before it is sent, and then what the node answered and what takes it back.
 */
import { command, hasToken, pathOf, report } from './api.js';
import { byId, element, setText } from './dom.js';
import { clockTime } from './format.js';
import { matchesText, needsConfirmation } from './matches-text.js';
import type { EntryKind, InForceEntry, MatchesReport, Topics } from './topics.js';

const MINUTE_MS = 60_000;
const LOOK_AFTER_MS = 200;
const OWNER_KEY = 'freno.owner';
/** An entry without end has this time, as in the original. */
const NO_END = '0001-01-01';

/** A command as the form has it: what to send, and what takes it back. */
interface EntryCommand {
  readonly path: string;
  readonly undo: string;
}

interface FormKind {
  readonly title: string;
  readonly fields: readonly string[];
  readonly commandOf: (values: FormValues) => EntryCommand;
  /** Where the node says what it would match. */
  readonly matchesPath: (values: FormValues) => string | null;
}

type FormValues = Readonly<Record<string, string>>;

const FORMS: Readonly<Record<EntryKind, FormKind>> = {
  ThrottledApps: {
    title: 'Throttle an app',
    fields: ['app', 'store', 'ratio'],
    commandOf: (values) => ({
      path: pathOf(
        ['throttle-app', name(values), 'ttl', minutes(values), 'ratio', ratioOf(values)],
        { ...storeQuery(values), ...noteQueries(values) },
      ),
      undo: pathOf(['unthrottle-app', name(values)], storeQuery(values)),
    }),
    matchesPath: appMatches,
  },
  ExemptedApps: {
    title: 'Exempt an app',
    fields: ['app', 'store'],
    commandOf: (values) => ({
      path: pathOf(['exempt-app', name(values), 'ttl', minutes(values)], {
        ...storeQuery(values),
        ...noteQueries(values),
      }),
      undo: pathOf(['unexempt-app', name(values)], storeQuery(values)),
    }),
    matchesPath: appMatches,
  },
  Thresholds: {
    title: 'Set a threshold',
    fields: ['store', 'metric', 'threshold'],
    commandOf: (values) => ({
      path: pathOf(
        ['set-threshold', 'mysql', store(values), values.threshold ?? '', ...metric(values)].concat(
          ['ttl', minutes(values)],
        ),
        noteQueries(values),
      ),
      undo: pathOf(['reset-threshold', 'mysql', store(values), ...metric(values)]),
    }),
    matchesPath: () => null,
  },
  SkippedHosts: {
    title: 'Skip a host',
    fields: ['host'],
    commandOf: (values) => ({
      path: pathOf(['skip-host', values.host ?? '', 'ttl', minutes(values)], noteQueries(values)),
      undo: pathOf(['recover-host', values.host ?? '']),
    }),
    matchesPath: ({ host = '' }) => (host === '' ? null : pathOf(['matches', 'host', host])),
  },
};

export class EntryForms {
  readonly #dialog = byId<HTMLDialogElement>('entry-dialog');
  readonly #form = byId<HTMLFormElement>('entry-form');
  readonly #title = byId('entry-title');
  readonly #matches = byId('entry-matches');
  readonly #lasts = byId('entry-lasts');
  readonly #confirm = byId('entry-confirm');
  readonly #confirmWord = byId('entry-confirm-word');
  readonly #answer = byId('entry-answer');
  readonly #submit = byId<HTMLButtonElement>('entry-submit');
  #kind: EntryKind = 'ThrottledApps';
  #topics: Topics = {};
  #lookTimer: ReturnType<typeof setTimeout> | undefined;
  /** What must be typed once more; empty: nothing. */
  #word = '';

  constructor() {
    for (const kind of Object.keys(FORMS) as EntryKind[]) {
      byId(`new-${kind}`).addEventListener('click', () => this.#show(kind, {}));
    }
    byId('entry-close').addEventListener('click', () => this.#dialog.close());
    this.#form.addEventListener('input', () => this.#changed());
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#send();
    });
  }

  /** What the fields suggest comes from the topics. */
  update(topics: Topics): void {
    this.#topics = topics;
  }

  /** The form of an entry that is there. */
  change(kind: EntryKind, key: string, entry: InForceEntry): void {
    const endMs = endOf(entry.ExpireAt);
    const left = endMs === null ? 0 : Math.max(1, Math.round((endMs - Date.now()) / MINUTE_MS));
    this.#show(kind, {
      ...keyValues(kind, key),
      ...(entry.Ratio !== undefined && { ratio: String(entry.Ratio * 100) }),
      ...(entry.Threshold !== undefined && { threshold: String(entry.Threshold) }),
      ...(entry.Reason !== undefined && { reason: entry.Reason }),
      minutes: String(left),
    });
  }

  #show(kind: EntryKind, values: FormValues): void {
    this.#kind = kind;
    const { title, fields } = FORMS[kind];
    this.#form.reset();
    setText(this.#title, title);
    setText(this.#answer, '');
    this.#answer.replaceChildren();
    for (const label of this.#form.querySelectorAll<HTMLElement>('[data-field]')) {
      const isShown = fields.includes(label.dataset.field ?? '');
      label.hidden = !isShown;
      for (const input of label.querySelectorAll('input')) input.disabled = !isShown;
    }
    const storeInput = this.#input('store');
    storeInput.required = kind === 'Thresholds';
    const isEndless = kind === 'ThrottledApps';
    this.#input('minutes').min = isEndless ? '0' : '1';
    this.#input('minutes').max = kind === 'ThrottledApps' || kind === 'SkippedHosts' ? '' : '1440';
    byId('minutes-hint').hidden = !isEndless;
    const remembered = { owner: localStorage.getItem(OWNER_KEY) ?? '' };
    for (const [field, value] of Object.entries({ ...remembered, ...values })) {
      this.#input(field).value = value;
    }
    this.#suggest();
    this.#changed();
    this.#dialog.showModal();
  }

  #suggest(): void {
    const { apps, stores } = this.#topics;
    fill('known-apps', new Set((apps?.Apps ?? []).map(({ App }) => App)));
    fill(
      'known-stores',
      new Set((stores?.Rows ?? []).map(({ Store }) => Store.replace('mysql/', ''))),
    );
    const hosts = (stores?.Rows ?? []).flatMap(({ Metrics }) =>
      Metrics.flatMap(({ Host }) => Host ?? []),
    );
    fill('known-hosts', new Set(hosts));
  }

  #changed(): void {
    const values = this.#values();
    const lasting = Number(values.minutes ?? '');
    const until = clockTime(Date.now() + lasting * MINUTE_MS);
    setText(this.#lasts, lasting === 0 ? 'Until it is lifted.' : `Until ${until}.`);
    this.#setWord(values.app === '*' ? '*' : '', 'every app');
    this.#checkConfirmation();
    clearTimeout(this.#lookTimer);
    this.#lookTimer = setTimeout(() => void this.#look(values), LOOK_AFTER_MS);
  }

  async #look(values: FormValues): Promise<void> {
    const path = FORMS[this.#kind].matchesPath(values);
    if (path === null) {
      setText(this.#matches, '');
      return;
    }
    const matches = await report<MatchesReport>(path);
    if (JSON.stringify(values) !== JSON.stringify(this.#values())) return;
    if (matches === null) setText(this.#matches, 'The node does not say what this would match.');
    else {
      setText(this.#matches, matchesText(matches, values.app ?? ''));
      const { StoresWithoutHosts: emptied } = matches;
      if (needsConfirmation(matches)) this.#setWord(values.host ?? '', emptied!.join(', '));
    }
  }

  /** Asks for the word once more, because all of that is at stake. */
  #setWord(word: string, stake: string): void {
    if (word === this.#word) return;
    this.#word = word;
    this.#confirm.hidden = word === '';
    setText(this.#confirmWord, `This concerns ${stake}. Type ${word} once more to confirm.`);
    const input = this.#input('confirmation');
    input.disabled = word === '';
    input.value = '';
    this.#checkConfirmation();
  }

  /** A form with an invalid field is not sent. */
  #checkConfirmation(): void {
    const input = this.#input('confirmation');
    const isConfirmed = this.#word === '' || input.value === this.#word;
    input.setCustomValidity(isConfirmed ? '' : `Type ${this.#word} to confirm`);
  }

  async #send(): Promise<void> {
    const values = this.#values();
    if (values.owner !== undefined) localStorage.setItem(OWNER_KEY, values.owner);
    const { path, undo } = FORMS[this.#kind].commandOf(values);
    this.#submit.disabled = true;
    const answer = await command(path);
    this.#submit.disabled = false;
    const lines = [element('p', { class: answer.isDone ? 'done' : 'failed' }, answer.text)];
    if (answer.isDone) {
      const sent = hasToken() ? ' -H "Authorization: Bearer $FRENO_TOKEN"' : '';
      const back = element('code', {}, `curl -X POST${sent} '${location.origin}${undo}'`);
      lines.push(element('p', {}, 'To take it back: ', back));
    }
    this.#answer.replaceChildren(...lines);
  }

  #values(): FormValues {
    const entries = [...new FormData(this.#form)].map(([field, value]) => [
      field,
      String(value).trim(),
    ]);
    const { confirmation: _, ...values } = Object.fromEntries(entries) as Record<string, string>;
    return values;
  }

  #input(field: string): HTMLInputElement {
    return this.#form.elements.namedItem(field) as HTMLInputElement;
  }
}

/** When an entry ends, in Unix milliseconds; null: never by itself. */
export function endOf(time: string): number | null {
  return time.startsWith(NO_END) ? null : Date.parse(time);
}

function fill(list: string, names: ReadonlySet<string>): void {
  byId(list).replaceChildren(...[...names].map((value) => element('option', { value })));
}

function keyValues(kind: EntryKind, key: string): FormValues {
  if (kind === 'SkippedHosts') return { host: key };
  const [first = '', second = '', third = ''] = key.split('/');
  return kind === 'Thresholds' ? { store: second, metric: third } : { app: first, store: second };
}

function appMatches({ app = '', store: storeName = '' }: FormValues): string | null {
  return app === '' ? null : pathOf(['matches', 'app', app], { store_name: bare(storeName) });
}

function name({ app = '' }: FormValues): string {
  return app;
}

function store({ store: given = '' }: FormValues): string {
  return bare(given);
}

function metric({ metric: given = '' }: FormValues): string[] {
  return given === '' ? [] : ['metric', given];
}

function minutes({ minutes: given = '60' }: FormValues): string {
  return given;
}

function ratioOf({ ratio = '100' }: FormValues): string {
  return String(Number(ratio) / 100);
}

function storeQuery(values: FormValues): FormValues {
  return { store_name: store(values) };
}

function noteQueries({ reason = '', owner = '' }: FormValues): FormValues {
  return { reason, owner };
}

/** The name of a store without its type. */
function bare(given: string): string {
  return given.replace(/^mysql\//, '');
}
