/**
 * What happened, in rows. Crossings of one store that follow each other are one row, and so are
 * those of several stores at one moment, because of one host: a value that wavers around its
 * threshold does not bury what people did.
 */
import { bareStore } from './entry-commands.js';
import { clockTime, comparedValues, counted, endTime, exactTime, wholeDuration } from './format.js';
import type { EventRow } from './topics.js';

/** Crossings that are further apart stay apart. */
const RUN_GAP_MS = 120_000;
/** The node looks at each metric once a second. */
const SAME_MOMENT_MS = 1_500;
const STORES_NAMED = 3;

export interface Happening {
  /** The same for the same row, as long as it is there. */
  readonly key: string;
  readonly kind: string;
  /** Of the latest event of the row. */
  readonly unixMs: number;
  readonly text: string;
  /** When exactly. */
  readonly title: string;
}

/** Events of one kind, one metric and one store, or the same of several stores. */
interface EventRun {
  readonly stores: string[];
  readonly latest: EventRow;
  readonly latestMs: number;
  earliestMs: number;
  count: number;
}

/** The newest first. `events`: oldest first. */
export function happeningsOf(events: readonly EventRow[]): Happening[] {
  const rows: Array<EventRun | EventRow> = [];
  const current = new Map<string, EventRun>();
  for (const event of [...events].reverse()) {
    const place = placeOf(event);
    if (place === null) {
      rows.push(event);
      continue;
    }
    const unixMs = Date.parse(event.At);
    const run = current.get(place);
    if (run !== undefined && follows(run, event, unixMs)) {
      run.earliestMs = unixMs;
      run.count += 1;
    } else {
      const started = { latest: event, latestMs: unixMs, earliestMs: unixMs, count: 1 };
      const fresh: EventRun = {
        ...started,
        stores: event.Store === undefined ? [] : [event.Store],
      };
      current.set(place, fresh);
      rows.push(fresh);
    }
  }
  const seen = new Map<string, number>();
  return joined(rows).map((row) => {
    const happening = 'latest' in row ? ofRun(row) : ofEvent(row);
    // Equal events of one millisecond are rows of their own.
    const times = seen.get(happening.key) ?? 0;
    seen.set(happening.key, times + 1);
    return times === 0 ? happening : { ...happening, key: `${happening.key} ${times}` };
  });
}

/** Where an event may follow another one; null: each command is a row of its own. */
function placeOf({ Kind, Store, Metric, Threshold }: EventRow): string | null {
  if (Kind === 'command') return null;
  return JSON.stringify(isMeasured(Kind) ? [Kind, Store, Metric, Threshold] : [Kind]);
}

/** Of what is not measured, only the same that comes again. */
function follows({ latest, earliestMs }: EventRun, event: EventRow, unixMs: number): boolean {
  if (earliestMs - unixMs > RUN_GAP_MS) return false;
  return isMeasured(event.Kind) || eventText(latest) === eventText(event);
}

function isMeasured(kind: string): boolean {
  return kind === 'threshold' || kind === 'store';
}

/** Runs of several stores that say the same are one. */
function joined(rows: ReadonlyArray<EventRun | EventRow>): Array<EventRun | EventRow> {
  const kept: Array<EventRun | EventRow> = [];
  const latestOf = new Map<string, EventRun>();
  for (const row of rows) {
    if (!('latest' in row) || row.stores.length === 0) {
      kept.push(row);
      continue;
    }
    const { latest, latestMs, count } = row;
    const { Kind, Metric, Host, Threshold } = latest;
    const what = [Kind, Metric, Host, Threshold, isAbove(latest), count, saidOf(latest)];
    const key = JSON.stringify(Kind === 'threshold' ? what.slice(0, -1) : what);
    const same = latestOf.get(key);
    if (same !== undefined && same.latestMs - latestMs <= SAME_MOMENT_MS) {
      same.stores.push(...row.stores);
      same.earliestMs = Math.min(same.earliestMs, row.earliestMs);
    } else {
      latestOf.set(key, row);
      kept.push(row);
    }
  }
  return kept;
}

function ofRun({ stores, latest, latestMs, earliestMs, count }: EventRun): Happening {
  const { Kind, Metric = '', Value, Threshold, Host } = latest;
  const names = stores.map(bareStore).sort();
  const about = names.length === 0 ? '' : `${namesOf(names)}: `;
  const seconds = (latestMs - earliestMs) / 1e3;
  const span = `${counted(count, 'time')}${seconds < 1 ? '' : ` in ${wholeDuration(seconds)}`}`;
  const title =
    count === 1
      ? exactTime(latestMs)
      : `${clockTime(earliestMs)} to ${clockTime(latestMs)}: ${span}`;
  const common = { kind: Kind, unixMs: latestMs, title };
  const key = `${Kind} ${names[0]} ${Metric} ${earliestMs}`;
  if (Kind !== 'threshold' || Value === undefined || Threshold === undefined) {
    const often = count === 1 ? '' : ` (the last of ${span})`;
    return { ...common, key, text: `${about}${saidOf(latest)}${often}` };
  }
  const [value, threshold] = comparedValues(Metric, Value, Threshold);
  const where = Host === undefined ? '' : ` on ${Host}`;
  const side = isAbove(latest) ? 'above' : 'at most';
  if (count === 1) {
    const again = isAbove(latest) ? '' : ' again';
    return {
      ...common,
      ...{ key, text: `${about}${Metric}${where} is ${value}, ${side} ${threshold}${again}` },
    };
  }
  const last = `last ${isAbove(latest) ? 'up' : 'down'} to ${value}${where}`;
  return { ...common, key, text: `${about}${Metric} crossed ${threshold} ${span}, ${last}` };
}

function ofEvent(event: EventRow): Happening {
  const unixMs = Date.parse(event.At);
  const text = eventText(event);
  const title = exactTime(unixMs);
  return { key: `${event.At} ${text}`, kind: event.Kind, unixMs, text, title };
}

/** `etl-nightly: app throttled for 50 % of checks until 12:41, by oncall: “backfill”` */
export function eventText(event: EventRow): string {
  const { Kind, Text, App, Host, Metric, Until, Owner, Caller, Reason } = event;
  const subject = Kind === 'command' ? (App ?? Host ?? bareStore(Metric ?? '')) : '';
  const about = subject === '' ? '' : `${subject === '*' ? 'every app' : subject}: `;
  const who = Owner ?? Caller;
  const by = who === undefined ? '' : `, by ${who}`;
  const reason = Reason === undefined ? '' : `${by === '' ? ',' : ':'} “${Reason}”`;
  // The node writes the time of its log; a reader has a clock of an own time zone.
  const endMs = Until === undefined ? Number.NaN : Date.parse(Until);
  const said = Number.isNaN(endMs) ? Text : Text.replace(Until!, endTime(endMs));
  return `${about}${said}${by}${reason}`;
}

function isAbove({ Value = 0, Threshold = 0 }: EventRow): boolean {
  return Value > Threshold;
}

/** Without the store, which the row names. */
function saidOf(event: EventRow): string {
  const { Store } = event;
  const text = eventText(event);
  return Store !== undefined && text.startsWith(`${Store}: `) ? text.slice(Store.length + 2) : text;
}

function namesOf(stores: readonly string[]): string {
  const rest = stores.length - STORES_NAMED;
  const named = stores.slice(0, STORES_NAMED).join(', ');
  return rest <= 0 ? named : `${named} and ${counted(rest, 'store')} more`;
}

/** What else belongs to a store: by these, commands concern it. */
export interface StoreScope {
  /** `mysql/main3` */
  readonly store: string;
  /** Each as `host:port`. */
  readonly hosts: readonly string[];
  /** That ask about it. */
  readonly apps: readonly string[];
}

/** What happened to a store, and the commands that concern it. */
export function eventsOfStore(events: readonly EventRow[], scope: StoreScope): EventRow[] {
  return events.filter((event) => concerns(event, scope));
}

function concerns(event: EventRow, { store, hosts, apps }: StoreScope): boolean {
  const { Kind, Store, App, Host, Metric } = event;
  if (Kind === 'leader' || Kind === 'reload' || Store === store) return true;
  if (Kind !== 'command') return false;
  if (Metric !== undefined) return Metric === store || Metric.startsWith(`${store}/`);
  if (Host !== undefined) return hosts.some((each) => each === Host || withoutPort(each) === Host);
  if (App === undefined) return false;
  return App === '*' || App.endsWith(`/${bareStore(store)}`) || apps.includes(App);
}

/** `[2001:db8::1]:3306` is a port of `2001:db8::1`. */
function withoutPort(host: string): string {
  return host.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
}
