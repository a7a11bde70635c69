/** The parameters of a route that was found, and the list of all routes. */
import { type HandlerResponse, isResponse, jsonResponse } from './response.js';
import { type Match, ROUTES } from './routes.js';
import { decodeParameters } from './url-params.js';

export type FoundRoute = Extract<Match, { kind: 'found' }>;

/** Decoded, by their names in the pattern of the route; or the response that refuses them. */
export function parametersOf({
  route,
  encoded,
}: FoundRoute): Map<string, string> | HandlerResponse {
  const values = decodeParameters(encoded);
  if (isResponse(values)) return values;
  return new Map(route.names.map((name, index) => [name, values[index]!]));
}

/** The patterns of all routes; those of the profiler only when it is enabled. */
export function helpResponse(profiling: boolean): HandlerResponse {
  const patterns = ROUTES.map(({ pattern }) => pattern);
  const served = patterns.filter((pattern) => profiling || !pattern.startsWith('/debug/pprof/'));
  return jsonResponse(200, JSON.stringify(served));
}
