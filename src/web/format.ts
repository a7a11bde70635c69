/** Numbers and times as text: three digits as a rule, always with their unit. */

const MINUTE = 60;
const HOUR = 3_600;
const DAY = 86_400;
const YEAR = 365.25 * DAY;

/** Of a number beside others; more where two numbers would look the same. */
const DIGITS = 3;
const DIGITS_MAX = 7;

/** `0`, `0.04`, `412`, `12.3 k`, `1.5 M`, `1 G`. */
export function shortNumber(value: number, digits = DIGITS): string {
  const size = Math.abs(value);
  if (size >= 999_500_000) return `${rounded(value / 1e9, digits)} G`;
  if (size >= 999_500) return `${rounded(value / 1e6, digits)} M`;
  if (size >= 999.5) return `${rounded(value / 1e3, digits)} k`;
  return rounded(value, digits);
}

/** A measured time: `0.1 ms`, `412 ms`, `8.2 s`, `3.5 min`, `2 h`. */
export function shortSeconds(seconds: number, digits = DIGITS): string {
  const size = Math.abs(seconds);
  if (size === 0) return '0 s';
  if (size < 0.9995) return `${rounded(seconds * 1e3, size < 0.1 ? digits - 1 : digits)} ms`;
  if (size < 2 * MINUTE) return `${rounded(seconds, digits)} s`;
  if (size < 2 * HOUR) return `${rounded(seconds / MINUTE, digits)} min`;
  if (size < 2 * DAY) return `${rounded(seconds / HOUR, digits)} h`;
  if (size < 1_000 * DAY) return `${rounded(seconds / DAY, digits)} d`;
  return `${rounded(seconds / YEAR, digits)} years`;
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
export function metricValue(metric: string, value: number, digits = DIGITS): string {
  return metric === 'lag' ? shortSeconds(value, digits) : shortNumber(value, digits);
}

/** Both as text, with as many digits as it takes to tell which one is higher. */
export function comparedValues(
  metric: string,
  value: number,
  threshold: number,
): readonly [value: string, threshold: string] {
  for (let digits = DIGITS; ; digits++) {
    const [text, other] = [value, threshold].map((each) => metricValue(metric, each, digits));
    if (text !== other || value === threshold || digits === DIGITS_MAX) return [text!, other!];
  }
}

/** `12:03:10`, in the time zone of the reader. */
export function clockTime(unixMs: number): string {
  return new Date(unixMs).toLocaleTimeString('en-GB');
}

/** `12:03`; with the day where that is another one. */
export function endTime(unixMs: number): string {
  const [day, time] = new Date(unixMs).toLocaleString('sv').split(' ');
  const [today] = new Date().toLocaleString('sv').split(' ');
  const minute = (time ?? '').slice(0, 5);
  return day === today ? minute : `${day} ${minute}`;
}

/** The exact time, for what is shown as an age. */
export function exactTime(unixMs: number): string {
  return `${new Date(unixMs).toLocaleString('sv')} (local time)`;
}

/** `1 store`, `14 stores`, `3 entries` */
export function counted(count: number, noun: string): string {
  const plural = noun.endsWith('y') ? `${noun.slice(0, -1)}ies` : `${noun}s`;
  return `${count.toLocaleString('en')} ${count === 1 ? noun : plural}`;
}

/** `1.2/s`, `15/s`: no more digits than stay still from one second to the next. */
export function rate(perSecond: number): string {
  return `${shortNumber(perSecond, perSecond < 9.95 ? 2 : 3)}/s`;
}

/** Without zeros at the end of a fraction. */
function rounded(value: number, digits: number): string {
  return String(Number(value.toPrecision(digits)));
}
