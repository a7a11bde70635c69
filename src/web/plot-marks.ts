/** Which events the plots of a store mark: few enough to leave the curves visible. */
import type { EventRow } from './topics.js';

const MARKS_MAX = 12;
/** Closer ones are one mark: this share of the width. */
const MERGED_WITHIN = 1 / 60;

/** Something that happened, drawn as a line. */
export interface PlotMark {
  readonly second: number;
  readonly kind: string;
}

/**
 * The newest dozen of what was done to the store. Crossings, and errors, only while they are no
 * more than a dozen: of a value that wavers around its threshold the curve itself shows them.
 */
export function plotMarks(
  events: readonly EventRow[],
  fromSecond: number,
  spanSeconds: number,
): PlotMark[] {
  const apartSeconds = spanSeconds * MERGED_WITHIN;
  const marks = events
    .map(({ At, Kind }) => ({ second: Date.parse(At) / 1_000, kind: Kind }))
    .filter(({ second }) => second >= fromSecond);
  const isMeasured = ({ kind }: PlotMark): boolean => kind === 'threshold' || kind === 'store';
  const measured = merged(marks.filter(isMeasured), apartSeconds);
  const done = merged(
    marks.filter((mark) => !isMeasured(mark)),
    apartSeconds,
  );
  const shown = done.slice(-MARKS_MAX);
  // One glyph in one place: what was done is not what the curve shows.
  const isApart = ({ second }: PlotMark): boolean =>
    shown.every((mark) => Math.abs(mark.second - second) > apartSeconds);
  return [...(measured.length <= MARKS_MAX ? measured.filter(isApart) : []), ...shown];
}

/** Of marks that are close together the first one stays. `marks`: oldest first. */
function merged(marks: readonly PlotMark[], apartSeconds: number): PlotMark[] {
  const kept: PlotMark[] = [];
  for (const mark of marks) {
    const last = kept.at(-1);
    if (last === undefined || mark.second - last.second > apartSeconds) kept.push(mark);
  }
  return kept;
}
