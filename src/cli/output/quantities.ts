/** Numbers, times and durations: as people read them, and as they type them. */
import { usageFailure } from '../exit-codes.js';
import type { Output } from './output.js';

const UNITS_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

const DURATION = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/;

/**
 * Milliseconds of `90`, `90s`, `1.5h`; a number alone is in `unit`. Throws a usage failure that
 * names the option.
 */
export function durationMs(option: string, text: string, unit: 's' | 'm'): number {
  const match = DURATION.exec(text);
  if (match === null) {
    throw usageFailure(
      `${option}: must be a duration such as 90s, 10m or 2h, got ${JSON.stringify(text)}`,
    );
  }
  return Number(match[1]) * UNITS_MS[match[2] ?? unit]!;
}

/** Whether `durationMs` reads the text. */
export function isDuration(text: string): boolean {
  return DURATION.test(text);
}

/** The longest delay of a timer; a longer one would fire at once. */
const TIMER_MAX_MS = 2 ** 31 - 1;

/** As `durationMs`, in seconds unless given, for a timer. */
export function timerMs(option: string, text: string): number {
  const ms = durationMs(option, text, 's');
  if (ms <= TIMER_MAX_MS) return ms;
  throw usageFailure(`${option}: at most 24d, got ${JSON.stringify(text)}`);
}

/**
 * Whole minutes, as the server takes them; a part of a minute counts as one, with a note.
 */
export function wholeMinutes(output: Pick<Output, 'note'>, option: string, text: string): number {
  // To the millisecond: 1.1h are 66 minutes, and not a little more.
  const exact = Math.round(durationMs(option, text, 'm')) / UNITS_MS.m!;
  const minutes = Math.ceil(exact);
  if (minutes !== exact) {
    const rounded = minutes === 1 ? '1 minute' : `${minutes} minutes`;
    output.note(`${option} ${text}: rounded up to ${rounded}, as freno counts whole ones`);
  }
  return minutes;
}

/** `8.2 s`, `4 min`, `3 h`, `2 d`: the largest unit of which there are two, or the smallest. */
export function shortDuration(ms: number): string {
  const seconds = Math.max(0, ms) / 1_000;
  if (seconds < 10) return `${Number(seconds.toFixed(1))} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800
    ? `${Math.round(seconds / 3_600)} h`
    : `${Math.round(seconds / 86_400)} d`;
}

/** `+1.2 s`, `-3 min`; `0 s` for less than a tenth of a second. */
export function signedDuration(ms: number): string {
  const text = shortDuration(Math.abs(ms));
  if (text === '0 s') return text;
  return ms < 0 ? `-${text}` : `+${text}`;
}

/** A measured value: four significant digits, no more than the reader compares. */
export function shortNumber(value: number): string {
  if (!Number.isFinite(value)) return '-';
  const magnitude = Math.abs(value);
  if (magnitude !== 0 && (magnitude < 0.001 || magnitude >= 1e9)) return value.toExponential(2);
  return String(magnitude >= 1_000 ? Math.round(value) : Number(value.toPrecision(4)));
}

/** Replication lag, in seconds; the unit of no other metric is known. */
const LAG = 'lag';

/** A value, or a threshold, of a metric: `1.2 s` of lag, `25` of another one. */
export function metricNumber(metric: unknown, value: unknown): string {
  const text = shortNumber(typeof value === 'number' ? value : Number.NaN);
  return metric === LAG && text !== '-' ? `${text} s` : text;
}

/** The time of day here, or the date with it when that is not today. `at`: RFC 3339. */
export function localTime(at: string | number, now = new Date()): string {
  const time = new Date(at);
  if (Number.isNaN(time.getTime())) return String(at);
  const pad = (part: number): string => String(part).padStart(2, '0');
  const day = `${time.getFullYear()}-${pad(time.getMonth() + 1)}-${pad(time.getDate())}`;
  const clock = [time.getHours(), time.getMinutes(), time.getSeconds()].map(pad).join(':');
  return time.toDateString() === now.toDateString() ? clock : `${day} ${clock}`;
}
