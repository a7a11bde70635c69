/** A line of small bars: the recent values of a metric, in one row of text. */
import type { Painter } from './paint.js';

const BARS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const;
const GAP = ' ';

/** What the highest bar stands for, at least, in thresholds: a quiet metric looks quiet. */
const SCALE_THRESHOLDS_MIN = 1.5;

export interface SeriesScale {
  /** Null: unknown. */
  readonly threshold: number | null;
}

/**
 * The last `width` values, one column each, the latest at the right; null is a gap. Values above
 * the threshold are painted as such.
 */
export function sparkline(
  values: readonly (number | null)[],
  width: number,
  { threshold }: SeriesScale,
  paint: Painter,
): string {
  const shown = values.slice(-width);
  const top = topOf(shown, threshold);
  const bars = shown.map((value) => {
    if (value === null) return GAP;
    const bar = BARS[barOf(value, top)]!;
    return threshold !== null && value > threshold ? paint('bad', bar) : paint('good', bar);
  });
  return GAP.repeat(Math.max(0, width - shown.length)) + bars.join('');
}

/** The value at the top of a scale that begins at 0; above 0. */
export function topOf(values: readonly (number | null)[], threshold: number | null): number {
  const known = values.filter((value) => value !== null);
  const top = Math.max(0, (threshold ?? 0) * SCALE_THRESHOLDS_MIN, ...known);
  return top > 0 ? top : 1;
}

function barOf(value: number, top: number): number {
  const share = Math.max(0, Math.min(1, value / top));
  return Math.min(BARS.length - 1, Math.floor(share * BARS.length));
}
