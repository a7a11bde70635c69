/** Aligned columns of text. */
import { stripVTControlCharacters } from 'node:util';

export interface Column {
  readonly title: string;
  /** Numbers. */
  readonly right?: boolean;
}

const GAP = '  ';

/**
 * Lines without blanks at their end: the titles, unless `titles` is false, then one line for each
 * row. Cells may have colours.
 */
export function tableLines(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  titles = true,
): string[] {
  const all = titles ? [columns.map(({ title }) => title), ...rows] : rows;
  const widths = columns.map((_, at) => Math.max(0, ...all.map((row) => widthOf(row[at]!))));
  return all.map((row) =>
    row
      .map((cell, at) => {
        const blanks = ' '.repeat(widths[at]! - widthOf(cell));
        return columns[at]!.right === true ? blanks + cell : cell + blanks;
      })
      .join(GAP)
      .trimEnd(),
  );
}

/** Columns on a terminal, of text without wide characters. */
export function widthOf(text: string): number {
  return [...stripVTControlCharacters(text)].length;
}
