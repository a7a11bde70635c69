/**
 * Parameters of paths and queries: percent-decoded, validated, and detached from the memory of the
 * request.
 */
import { generalResponse, type HandlerResponse, NOT_FOUND_RESPONSE } from './response.js';

/** Longest name of an app, a store or a host, in characters. */
export const NAME_LENGTH_MAX = 1024;

/**
 * Decodes the parameters of a path, or returns the response that refuses them: 404 for an encoded
 * slash (`app/store` names another entry), 400 for a malformed encoding.
 */
export function decodeParameters(encoded: readonly string[]): string[] | HandlerResponse {
  const decoded: string[] = [];
  for (const segment of encoded) {
    if (/%2f/i.test(segment)) return NOT_FOUND_RESPONSE;
    const parameter = decodePercent(segment);
    if (parameter === undefined) return malformedEncoding(segment);
    if (parameter.length > NAME_LENGTH_MAX) return tooLong('a path parameter');
    decoded.push(parameter);
  }
  return decoded;
}

/**
 * The first value of a parameter of the query; empty when it is missing. A malformed one is
 * refused: ignoring it could change the meaning of the request.
 */
export function queryParameter(query: string, name: string): string | HandlerResponse {
  if (query === '') return '';
  for (const pair of query.split('&')) {
    if (!isNamed(pair, name)) continue;
    const equals = pair.indexOf('=');
    const encoded = equals === -1 ? '' : pair.slice(equals + 1).replaceAll('+', ' ');
    const value = decodePercent(encoded);
    if (value === undefined) return malformedEncoding(pair);
    return value.length > NAME_LENGTH_MAX ? tooLong(`the query parameter ${name}`) : value;
  }
  return '';
}

/** All values of a parameter of the query, in their order. */
export function queryParameters(query: string, name: string): string[] | HandlerResponse {
  const values: string[] = [];
  for (const pair of query.split('&')) {
    if (!isNamed(pair, name)) continue;
    const value = queryParameter(pair, name);
    if (typeof value === 'object') return value;
    values.push(value);
  }
  return values;
}

/**
 * The query without what has a semicolon, which the original ignores, value and all. Only for its
 * parameters of reading requests: elsewhere that could change the meaning of the request.
 */
export function withoutSemicolons(query: string): string {
  if (!query.includes(';')) return query;
  const pairs = query.split('&').filter((pair) => !pair.includes(';'));
  return pairs.join('&');
}

/** Whether that part of the query gives the parameter: letters of its name may be encoded. */
function isNamed(pair: string, name: string): boolean {
  const equals = pair.indexOf('=');
  const given = equals === -1 ? pair : pair.slice(0, equals);
  return given === name || (given.includes('%') && decodePercent(given) === name);
}

/** Matches in linear time: no digit can belong to two of its parts. */
const DECIMAL = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i;

/** A finite decimal number; undefined when the text is not one. */
export function parseDecimal(text: string): number | undefined {
  if (!DECIMAL.test(text)) return undefined;
  const number = Number(text);
  return Number.isFinite(number) ? number : undefined;
}

/**
 * A copy of the text. V8 makes a substring share the memory of its source, so that holding a name
 * would hold the whole request.
 */
export function detached(text: string): string {
  return Buffer.from(text, 'utf8').toString('utf8');
}

function decodePercent(encoded: string): string | undefined {
  if (!encoded.includes('%')) return detached(encoded);
  try {
    return decodeURIComponent(encoded);
  } catch {
    return undefined;
  }
}

function malformedEncoding(text: string): HandlerResponse {
  return generalResponse(400, `malformed percent-encoding: ${text.slice(0, 100)}`);
}

function tooLong(what: string): HandlerResponse {
  return generalResponse(400, `${what} is longer than ${NAME_LENGTH_MAX} characters`);
}
