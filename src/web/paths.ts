/** The paths of requests. */

/** A path of segments, each encoded, with the queries that are not empty. */
export function pathOf(
  segments: readonly string[],
  queries: Readonly<Record<string, string>> = {},
): string {
  const given = Object.entries(queries).filter(([, value]) => value !== '');
  const query = new URLSearchParams(given).toString();
  const path = `/${segments.map(encodeURIComponent).join('/')}`;
  return query === '' ? path : `${path}?${query}`;
}
