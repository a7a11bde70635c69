/** A plot of a metric in rows of text: bars of eighths, with the threshold as a line. */
import type { Painter } from './paint.js';
import { shortNumber } from './quantities.js';
import { topOf } from './sparkline.js';

const EIGHTHS = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const;
const LABEL_WIDTH = 8;

export interface PlotOptions {
  readonly columns: number;
  /** Rows of the plot, without the axis below it; at least 2. */
  readonly rows: number;
  /** Null: unknown. */
  readonly threshold: number | null;
  /** What stands below the left end; the right end is now. */
  readonly since: string;
}

/** The last values that fit, one column each, the latest at the right; null is a gap. */
export function plotLines(
  values: readonly (number | null)[],
  options: PlotOptions,
  paint: Painter,
): string[] {
  const { rows, columns, threshold, since } = options;
  const width = Math.max(1, columns - LABEL_WIDTH - 2);
  const shown = values.slice(-width);
  const padded = [...Array<null>(width - shown.length).fill(null), ...shown];
  const top = topOf(shown, threshold);
  const thresholdRow = threshold === null ? -1 : rowOf(threshold, top, rows);
  const lines = Array.from({ length: rows }, (_, line) => {
    const row = rows - 1 - line;
    const cells = padded.map((value) => cellOf(value, row, { ...options, top }, paint));
    const label = labelOf(row, { rows, top, threshold, thresholdRow });
    return `${label.padStart(LABEL_WIDTH)} ┤${cells.join('')}`;
  });
  const blank = ' '.repeat(LABEL_WIDTH);
  const axis = `${blank} └${'─'.repeat(width)}`;
  return [...lines, axis, `${blank}  ${since.padEnd(Math.max(since.length + 1, width - 3))}now`];
}

interface CellScale extends PlotOptions {
  readonly top: number;
}

function cellOf(
  value: number | null,
  row: number,
  { rows, top, threshold }: CellScale,
  paint: Painter,
): string {
  const eighths = value === null ? 0 : eighthsIn(value, row, top, rows);
  if (eighths === 0) {
    const isThreshold = threshold !== null && row === rowOf(threshold, top, rows);
    return isThreshold ? paint('faint', '╌') : ' ';
  }
  const isAbove = value !== null && threshold !== null && value > threshold;
  return paint(isAbove ? 'bad' : 'good', EIGHTHS[eighths]!);
}

/** How much of that row, from 0 for the lowest one, the bar of a value fills. */
function eighthsIn(value: number, row: number, top: number, rows: number): number {
  // A value of 0 is a value: it has the thinnest bar.
  const total = Math.max(1, Math.round((Math.max(0, value) / top) * rows * 8));
  return Math.max(0, Math.min(8, total - row * 8));
}

function rowOf(value: number, top: number, rows: number): number {
  return Math.max(0, Math.min(rows - 1, Math.ceil((value / top) * rows) - 1));
}

interface RowLabels {
  readonly rows: number;
  readonly top: number;
  readonly threshold: number | null;
  readonly thresholdRow: number;
}

function labelOf(row: number, { rows, top, threshold, thresholdRow }: RowLabels): string {
  if (row === thresholdRow) return shortNumber(threshold!);
  if (row === rows - 1) return shortNumber(top);
  return row === 0 ? '0' : '';
}
