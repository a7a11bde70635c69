/**
 * The forms by which operators throttle, exempt, skip and set: each shows what it would match and
 * how long it lasts before it is sent, and then what the node answered and what takes it back.
 */
import { rememberedOwner, rememberOwner, showDone, showRefusal } from './answer.js';
import { command, report } from './api.js';
import { byId, element, inputOf, onSubmit, setText } from './dom.js';
import {
  bareStore,
  ENTRY_KINDS,
  enterPath,
  entryOf,
  type FormValues,
  keyOf,
  liftPath,
  valuesOf,
} from './entry-commands.js';
import { entryEndText, keyText } from './entry-text.js';
import { endTime } from './format.js';
import { matchesText, needsConfirmation } from './matches-text.js';
import { pathOf } from './paths.js';
import { thresholdLook } from './threshold-text.js';
import type {
  EntryKind,
  InForceEntry,
  InventoryReport,
  MatchesReport,
  StoreReport,
  Topics,
} from './topics.js';

const MINUTE_MS = 60_000;
const LOOK_AFTER_MS = 200;
const DAY_MINUTES = 1_440;
const SUGGESTED_MAX = 1_000;

interface FormKind {
  readonly title: string;
  readonly fields: readonly string[];
  /** At least one minute otherwise. */
  readonly mayBeEndless?: boolean;
  readonly minutesMax?: number;
  /** By field. */
  readonly hints: FormValues;
}

const FORMS: Readonly<Record<EntryKind, FormKind>> = {
  ThrottledApps: {
    title: 'Throttle an app',
    fields: ['app', 'store', 'ratio'],
    mayBeEndless: true,
    hints: {
      app: '* stands for every app',
      store: 'leave empty for all stores',
      minutes: '0: until it is lifted',
    },
  },
  ExemptedApps: {
    title: 'Exempt an app',
    fields: ['app', 'store'],
    minutesMax: DAY_MINUTES,
    hints: {
      app: 'one app; for all of them set a threshold',
      store: 'leave empty for all stores',
      minutes: 'at most a day',
    },
  },
  Thresholds: {
    title: 'Set a threshold',
    fields: ['store', 'metric', 'threshold'],
    minutesMax: DAY_MINUTES,
    hints: {
      metric: "leave empty for the store's own metric",
      threshold: 'of lag in seconds',
      minutes: 'at most a day',
    },
  },
  SkippedHosts: {
    title: 'Skip a host',
    fields: ['host'],
    hints: { host: 'a name stands for all its ports; or host:port' },
  },
};

/** What must be typed once more, because of what is at stake; an empty word: nothing. */
interface WordToType {
  readonly word: string;
  readonly stake: string;
}

const NO_CONFIRMATION: WordToType = { word: '', stake: '' };
const EVERY_APP = '*';

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
  /** What the node said about what is in the form. */
  #looked: Promise<void> = Promise.resolve();
  #confirmation = NO_CONFIRMATION;
  /** Grows when the dialog closes: what was sent before shows no answer in another form. */
  #use = 0;

  constructor() {
    for (const kind of ENTRY_KINDS) {
      byId(`new-${kind}`).addEventListener('click', () => this.#show(kind, {}));
    }
    byId('entry-close').addEventListener('click', () => this.#dialog.close());
    this.#form.addEventListener('input', () => this.#changed());
    this.#dialog.addEventListener('close', () => {
      this.#use += 1;
    });
    onSubmit(this.#form, () => this.#send());
  }

  /** What the fields suggest comes from the topics. */
  update(topics: Topics): void {
    this.#topics = topics;
  }

  /** The form of an entry that is there. */
  change(kind: EntryKind, key: string, entry: InForceEntry): void {
    const { owner: _, ...values } = valuesOf(kind, key, entry);
    this.#show(kind, values);
  }

  #show(kind: EntryKind, values: FormValues): void {
    this.#kind = kind;
    const { title, fields, hints, mayBeEndless = false, minutesMax } = FORMS[kind];
    this.#form.reset();
    setText(this.#title, title);
    setText(this.#matches, '');
    this.#answer.replaceChildren();
    this.#submit.disabled = false;
    for (const label of this.#form.querySelectorAll<HTMLElement>('[data-field]')) {
      const isShown = fields.includes(label.dataset.field ?? '');
      label.hidden = !isShown;
      for (const input of label.querySelectorAll('input')) input.disabled = !isShown;
    }
    for (const hint of this.#form.querySelectorAll<HTMLElement>('[data-hint]')) {
      setText(hint, hints[hint.dataset.hint ?? ''] ?? '');
    }
    inputOf(this.#form, 'store').required = kind === 'Thresholds';
    inputOf(this.#form, 'minutes').min = mayBeEndless ? '0' : '1';
    inputOf(this.#form, 'minutes').max = minutesMax === undefined ? '' : String(minutesMax);
    for (const [field, value] of Object.entries({ owner: rememberedOwner(), ...values })) {
      inputOf(this.#form, field).value = value;
    }
    this.#suggest();
    this.#changed();
    this.#dialog.showModal();
  }

  #suggest(): void {
    const { apps, stores } = this.#topics;
    const rows = stores?.Rows ?? [];
    const names = (apps?.Apps ?? []).map(({ App }) => App);
    suggest('known-apps', this.#kind === 'ThrottledApps' ? [...names, EVERY_APP] : names);
    suggest(
      'known-stores',
      rows.map(({ Store }) => bareStore(Store)),
    );
    suggest('known-metrics', []);
    if (this.#kind === 'SkippedHosts') void this.#suggestHosts();
  }

  async #suggestHosts(): Promise<void> {
    const inventory = await report<InventoryReport>('/inventory');
    const listed = Object.values(inventory ?? {}).flatMap(({ Hosts = [] }) => Hosts);
    suggest('known-hosts', listed.sort());
  }

  #changed(): void {
    const values = this.#values();
    setText(this.#lasts, this.#lastsText());
    this.#require(this.#starConfirmation(values));
    clearTimeout(this.#lookTimer);
    this.#lookTimer = setTimeout(() => this.#lookNow(), LOOK_AFTER_MS);
  }

  #lookNow(): void {
    clearTimeout(this.#lookTimer);
    this.#lookTimer = undefined;
    this.#looked = this.#look(this.#values());
  }

  #lastsText(): string {
    const input = inputOf(this.#form, 'minutes');
    if (!input.validity.valid) {
      const upTo = input.max === '' ? '' : ` to ${input.max}`;
      return `Minutes: a whole number from ${input.min}${upTo}.`;
    }
    const minutes = Number(input.value);
    if (minutes === 0) return 'Until it is lifted.';
    return `Until ${endTime(Date.now() + minutes * MINUTE_MS)}.`;
  }

  /** Says what the form would match, or change. */
  async #look(values: FormValues): Promise<void> {
    const { app = '', host = '', store = '' } = values;
    const isCurrent = (): boolean => JSON.stringify(values) === JSON.stringify(this.#values());
    if (this.#kind === 'Thresholds') {
      const path = pathOf(['stores', 'mysql', bareStore(store)]);
      const found = store === '' ? null : await report<StoreReport>(path);
      if (isCurrent()) this.#showThreshold(values, found);
      return;
    }
    const isSkip = this.#kind === 'SkippedHosts';
    const name = isSkip ? host : app;
    if (name === '' || this.#isRefusedStar(values)) {
      setText(this.#matches, name === '' ? '' : 'An exemption is for one app.');
      return;
    }
    const queries = isSkip ? {} : { store_name: bareStore(store) };
    const path = pathOf(['matches', isSkip ? 'host' : 'app', name], queries);
    const matches = await report<MatchesReport>(path);
    if (!isCurrent()) return;
    if (matches === null) setText(this.#matches, 'The node does not say what this would match.');
    else {
      setText(this.#matches, matchesText(matches, app));
      const { StoresWithoutHosts: emptied } = matches;
      if (needsConfirmation(matches)) this.#require({ word: host, stake: emptied!.join(', ') });
    }
  }

  #showThreshold(
    { store = '', metric = '', threshold = '' }: FormValues,
    found: StoreReport | null,
  ) {
    suggest(
      'known-metrics',
      (found?.Metrics ?? []).map(({ Metric }) => Metric),
    );
    if (store === '' || found === null) {
      setText(this.#matches, store === '' ? '' : `The node knows no store ${store}.`);
      return;
    }
    const given = threshold === '' ? Number.NaN : Number(threshold);
    const { text, isFar } = thresholdLook(found, metric, given);
    setText(this.#matches, text);
    if (isFar) this.#require({ word: bareStore(store), stake: 'every app that asks about it' });
  }

  #isRefusedStar({ app }: FormValues): boolean {
    return this.#kind === 'ExemptedApps' && app === EVERY_APP;
  }

  #starConfirmation(values: FormValues): WordToType {
    const isStar = this.#kind === 'ThrottledApps' && values.app === EVERY_APP;
    return isStar ? { word: EVERY_APP, stake: 'every app' } : NO_CONFIRMATION;
  }

  #require(confirmation: WordToType): void {
    const { word, stake } = confirmation;
    const input = inputOf(this.#form, 'confirmation');
    if (word !== this.#confirmation.word) input.value = '';
    this.#confirmation = confirmation;
    this.#confirm.hidden = word === '';
    input.disabled = word === '';
    setText(this.#confirmWord, `This concerns ${stake}. Type ${word} once more to confirm.`);
    this.#checkValidity();
  }

  /** A form with an invalid field is not sent. */
  #checkValidity(): void {
    const { word } = this.#confirmation;
    const input = inputOf(this.#form, 'confirmation');
    input.setCustomValidity(word === '' || input.value === word ? '' : `Type ${word} to confirm`);
    const isStar = this.#isRefusedStar(this.#values());
    inputOf(this.#form, 'app').setCustomValidity(isStar ? 'An exemption is for one app' : '');
  }

  async #send(): Promise<void> {
    // What it would match may be about to come, and to ask for a confirmation.
    if (this.#lookTimer !== undefined) this.#lookNow();
    const use = this.#use;
    this.#submit.disabled = true;
    await this.#looked;
    if (use !== this.#use) return;
    this.#submit.disabled = false;
    if (!this.#form.reportValidity()) return;
    const kind = this.#kind;
    const values = this.#values();
    rememberOwner(values.owner ?? '');
    const key = keyOf(kind, values);
    const { entries } = this.#topics;
    const before = entries === undefined ? null : entryOf(entries, kind, key);
    const back =
      before === null ? liftPath(kind, key) : enterPath(kind, valuesOf(kind, key, before));
    this.#submit.disabled = true;
    const { isDone, refusal, matched } = await command(enterPath(kind, values));
    if (use !== this.#use) return;
    this.#submit.disabled = false;
    this.#submit.focus();
    if (!isDone) showRefusal(this.#answer, refusal);
    else {
      const said = [doneText(kind, key, values, matched), matchesText(matched, values.app ?? '')];
      showDone(
        this.#answer,
        said.filter((text) => text !== ''),
        [back],
      );
    }
  }

  #values(): FormValues {
    const entries = [...new FormData(this.#form)].map(([field, value]) => [
      field,
      String(value).trim(),
    ]);
    const { confirmation: _, ...values } = Object.fromEntries(entries) as Record<string, string>;
    return values;
  }
}

/** `Done. etl/main1: throttled, 40 %, until 12:41:00.` */
function doneText(
  kind: EntryKind,
  key: string,
  { minutes = '', ratio, threshold }: FormValues,
  { Metric }: MatchesReport,
): string {
  const end = new Date(Date.now() + Number(minutes) * MINUTE_MS).toISOString();
  const entry: InForceEntry = {
    ExpireAt: minutes === '0' ? '0001-01-01T00:00:00Z' : end,
    ...(ratio !== undefined && { Ratio: Number(ratio) / 100 }),
    ...(threshold !== undefined && { Threshold: Number(threshold) }),
    ...(Metric !== undefined && { Metric }),
  };
  return `Done. ${keyText(key)}: ${entryEndText(kind, entry)}.`;
}

function suggest(list: string, names: readonly string[]): void {
  const options = [...new Set(names)].slice(0, SUGGESTED_MAX);
  byId(list).replaceChildren(...options.map((value) => element('option', { value })));
}
