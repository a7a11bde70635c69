/** The number in the answer to a metric query. */

/** An answer that is no number. */
export interface UnusableResult {
  /** Why, to follow the name of the host. */
  readonly reason: string;
}

/** Rows as arrays of columns. */
export type ResultRows = ReadonlyArray<readonly unknown[]>;

/** Decimal, as MySQL prints DECIMAL, integers beyond 2^53 and the values of SHOW GLOBAL STATUS. */
const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

const EXCERPT_CHARS_MAX = 40;

/** The only column of the only row. */
export function readSingleValue(rows: ResultRows): number | UnusableResult {
  const row = singleRow(rows);
  if (!isRow(row)) return row;
  if (row.length !== 1) {
    return { reason: `the metric query returned ${row.length} columns instead of one` };
  }
  return readNumber(row[0]);
}

/** The second column of the only row: `SHOW GLOBAL …` returns name and value. */
export function readNamedValue(rows: ResultRows): number | UnusableResult {
  const row = singleRow(rows);
  if (!isRow(row)) return row;
  if (row.length !== 2) {
    return { reason: `the metric query returned ${row.length} columns instead of name and value` };
  }
  return readNumber(row[1]);
}

/** A column as the client library decodes it. */
export function readNumber(value: unknown): number | UnusableResult {
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  if (value === null) return { reason: 'the metric query returned NULL' };
  const text = Buffer.isBuffer(value) ? value.toString('latin1') : String(value);
  const number = DECIMAL.test(text) ? Number(text) : Number.NaN;
  if (Number.isFinite(number)) return number;
  const excerpt = JSON.stringify(text.slice(0, EXCERPT_CHARS_MAX));
  return { reason: `the metric query returned ${excerpt}, which is no number` };
}

function singleRow(rows: ResultRows): readonly unknown[] | UnusableResult {
  // Statements without a result set are answered by an object.
  if (!Array.isArray(rows)) return { reason: 'the metric query returned no rows' };
  if (rows.length === 1) return rows[0]!;
  return { reason: `the metric query returned ${rows.length || 'no'} rows instead of one` };
}

function isRow(row: readonly unknown[] | UnusableResult): row is readonly unknown[] {
  return Array.isArray(row);
}
