/** The value in the result of a metric query. */
import type { ResultRow, ResultRows } from '../../../base/mysql/text-query.js';

/** A result that has no value. */
export interface UnusableResult {
  /** For a message that starts with the address of the host. */
  readonly reason: string;
}

/** A number as servers write it: of any numeric type, or of a text that holds one. */
const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

const EXCERPT_CHARS_MAX = 40;

/** The only column of the only row. */
export function readSingleValue(rows: ResultRows | null): number | UnusableResult {
  const row = singleRow(rows);
  if (!isRow(row)) return row;
  if (row.length !== 1) {
    return { reason: `the metric query returned ${row.length} columns instead of 1` };
  }
  return readNumber(row[0]!);
}

/** The second column of the only row: `SHOW GLOBAL …` returns name and value. */
export function readNamedValue(rows: ResultRows | null): number | UnusableResult {
  const row = singleRow(rows);
  if (!isRow(row)) return row;
  if (row.length !== 2) {
    return { reason: `the metric query returned ${row.length} columns instead of 2` };
  }
  return readNumber(row[1]!);
}

/** The value of a column. */
export function readNumber(text: string | null): number | UnusableResult {
  if (text === null) return { reason: 'the metric query returned NULL' };
  const number = DECIMAL.test(text) ? Number(text) : Number.NaN;
  if (Number.isFinite(number)) return number;
  const excerpt = JSON.stringify(text.slice(0, EXCERPT_CHARS_MAX));
  return { reason: `the metric query returned ${excerpt}, which is not a number` };
}

function singleRow(rows: ResultRows | null): ResultRow | UnusableResult {
  if (rows === null) return { reason: 'the metric query returned no rows' };
  if (rows.length === 1) return rows[0]!;
  return { reason: `the metric query returned ${rows.length || 'no'} rows instead of 1` };
}

function isRow(row: ResultRow | UnusableResult): row is ResultRow {
  return Array.isArray(row);
}
