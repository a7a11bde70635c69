/** What a `MetricQuery` measures, by its first words. */

/**
 * `lag`: no query, replication lag. `value`: one row, one number. `show`: `show global …`, whose
 * second column is the value.
 */
export type MetricQueryKind = 'lag' | 'value' | 'show';

/** Blanks and comments: `-- …`, `# …`, and C style but for the executable kinds (`/*!`, `/*M!`). */
const LEADING = /^(?:\s+|--(?=\s)[^\n]*(?:\n|$)|#[^\n]*(?:\n|$)|\/\*(?!M?!)[\s\S]*?\*\/)*/;

/** Null: a query that freno does not run. */
export function metricQueryKind(query: string): MetricQueryKind | null {
  if (query.trim() === '') return 'lag';
  const statement = query.replace(LEADING, '');
  if (/^(?:select|with)(?![\w$])/i.test(statement)) return 'value';
  return /^show\s+global\s/i.test(statement) ? 'show' : null;
}
