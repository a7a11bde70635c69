/** What a `MetricQuery` measures, by its first words. */

/**
 * `lag`: no query, replication lag. `value`: one row, one number. `show`: `show global …`, whose
 * second column is the value.
 */
export type MetricQueryKind = 'lag' | 'value' | 'show';

/** Blanks and comments: `-- …`, `# …`, and C style but for the executable kinds (`/*!`, `/*M!`). */
const LEADING = /^(?:\s+|--(?=\s)[^\n]*(?:\n|$)|#[^\n]*(?:\n|$)|\/\*(?!M?!)[\s\S]*?\*\/)*/;

/**
 * Strings, quoted names and comments, each to the end of the text if it is not closed, and all
 * else by characters.
 */
const TOKEN = new RegExp(
  [
    /'(?:[^'\\]|\\[\s\S])*'?/,
    /"(?:[^"\\]|\\[\s\S])*"?/,
    /`[^`]*`?/,
    /--(?=\s|$)[^\n]*/,
    /#[^\n]*/,
    /\/\*[\s\S]*?(?:\*\/|$)/,
    /\s+/,
    /[\s\S]/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'y',
);

/**
 * Whether a statement follows another one. The connections of probes do not allow that, so every
 * probe would fail with a syntax error. Semicolons and comments at the end are no statement.
 */
export function hasSeveralStatements(query: string): boolean {
  let ended = false;
  for (const token of tokensOf(query)) {
    if (token === ';') ended = true;
    else if (ended && !isBlank(token)) return true;
  }
  return false;
}

function* tokensOf(query: string): Generator<string> {
  TOKEN.lastIndex = 0;
  for (let at = 0; at < query.length; at = TOKEN.lastIndex) {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(query);
    if (match === null) return;
    yield match[0];
  }
}

/** Blanks and comments, but for the executable kinds. */
function isBlank(token: string): boolean {
  return /^(?:\s|#|--.|--$|\/\*(?!M?!).)/s.test(token);
}

/** Null: a query that freno does not run. */
export function metricQueryKind(query: string): MetricQueryKind | null {
  if (query.trim() === '') return 'lag';
  const statement = query.replace(LEADING, '');
  if (/^(?:select|with)(?![\w$])/i.test(statement)) return 'value';
  return /^show\s+global\s/i.test(statement) ? 'show' : null;
}
