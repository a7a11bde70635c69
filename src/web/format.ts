/** Numbers and times as text: three digits at most, always with their unit. */

const MINUTE = 60;
const HOUR = 3_600;
const DAY = 86_400;

/** `0`, `0.04`, `412`, `12.3 k`, `1.5 M`. */
export function shortNumber(value: number): string {
  const size = Math.abs(value);
  if (size >= 999_500) return `${threeDigits(value / 1e6)} M`;
  if (size >= 999.5) return `${threeDigits(value / 1e3)} k`;
  return threeDigits(value);
}

/** A measured time: `412 ms`, `8.2 s`, `3.5 min`, `2 h`. */
export function shortSeconds(seconds: number): string {
  const size = Math.abs(seconds);
  if (size === 0) return '0 s';
  if (size < 0.9995) return `${threeDigits(Math.round(seconds * 1e3))} ms`;
  if (size < 2 * MINUTE) return `${threeDigits(seconds)} s`;
  if (size < 2 * HOUR) return `${threeDigits(seconds / MINUTE)} min`;
  if (size < 2 * DAY) return `${threeDigits(seconds / HOUR)} h`;
  return `${threeDigits(seconds / DAY)} d`;
}

/** An age or a time left, in whole units: `40 s`, `12 min`, `3 h`, `2 d`. */
export function wholeDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 2 * MINUTE) return `${whole} s`;
  if (whole < 2 * HOUR) return `${Math.round(whole / MINUTE)} min`;
  if (whole < 2 * DAY) return `${Math.round(whole / HOUR)} h`;
  return `${Math.round(whole / DAY)} d`;
}

/** `97 %`; shares that are neither none nor all are not rounded to them. */
export function percent(share: number): string {
  if (share <= 0) return '0 %';
  if (share >= 1) return '100 %';
  return `${Math.min(99, Math.max(1, Math.round(share * 100)))} %`;
}

/** The value of a metric: replication lag is in seconds; of others the unit is not known. */
export function metricValue(metric: string, value: number): string {
  return metric === 'lag' ? shortSeconds(value) : shortNumber(value);
}

/** `12:03:10`, in the time zone of the reader. */
export function clockTime(unixMs: number): string {
  return new Date(unixMs).toLocaleTimeString('en-GB');
}

/** The exact time, for what is shown as an age. */
export function exactTime(unixMs: number): string {
  return `${new Date(unixMs).toLocaleString('sv')} (local time)`;
}

/** `1 store`, `14 stores` */
export function counted(count: number, noun: string): string {
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;
}

/** Three digits, without zeros at the end of a fraction. */
function threeDigits(value: number): string {
  return String(Number(value.toPrecision(3)));
}
