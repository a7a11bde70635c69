/** The value in the result of a metric query. */

/** A result that has no value. */
export interface UnusableResult {
  /** For a message that starts with the address of the host. */
  readonly reason: string;
}

/** Rows as arrays of columns. */
export type ResultRows = ReadonlyArray<readonly unknown[]>;

/** The text of a DECIMAL, of an integer beyond 2^53 and of a value of SHOW GLOBAL STATUS. */
const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

const EXCERPT_CHARS_MAX = 40;

/** The only column of the only row. */
export function readSingleValue(rows: ResultRows): number | UnusableResult {
  const row = singleRow(rows);
  if (!isRow(row)) return row;
  if (row.length !== 1) {
    return { reason: `the metric query returned ${row.length} columns instead of 1` };
  }
  return readNumber(row[0]);
}

/** The second column of the only row: `SHOW GLOBAL …` returns name and value. */
export function readNamedValue(rows: ResultRows): number | UnusableResult {
  const row = singleRow(rows);
  if (!isRow(row)) return row;
  if (row.length !== 2) {
    return { reason: `the metric query returned ${row.length} columns instead of 2` };
  }
  return readNumber(row[1]);
}

/** The value of a column, as the client library decodes it. */
export function readNumber(value: unknown): number | UnusableResult {
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  if (value === null) return { reason: 'the metric query returned NULL' };
  const text = Buffer.isBuffer(value) ? value.toString('latin1') : String(value);
  const number = DECIMAL.test(text) ? Number(text) : Number.NaN;
  if (Number.isFinite(number)) return number;
  const excerpt = JSON.stringify(text.slice(0, EXCERPT_CHARS_MAX));
  return { reason: `the metric query returned ${excerpt}, which is not a number` };
}

function singleRow(rows: ResultRows): readonly unknown[] | UnusableResult {
  // The library returns an object for statements without a result set.
  if (!Array.isArray(rows)) return { reason: 'the metric query returned no rows' };
  if (rows.length === 1) return rows[0]!;
  return { reason: `the metric query returned ${rows.length || 'no'} rows instead of 1` };
}

function isRow(row: readonly unknown[] | UnusableResult): row is readonly unknown[] {
  return Array.isArray(row);
}
