/**
 * Parameters out of paths and queries: percent-decoded, checked, detached from the request's
 * memory.
 */
import { generalReply, type HandlerResponse, NOT_FOUND_REPLY } from './response.js';

/** Longest name of an app, a store or a host, in characters. */
const NAME_LENGTH_MAX = 1024;

/**
 * Decodes the parameters of a path, or says why not: an encoded slash makes an unknown path
 * (`app/store` names an entry), a malformed encoding a bad request.
 */
export function decodeParameters(encoded: readonly string[]): string[] | HandlerResponse {
  const decoded: string[] = [];
  for (const segment of encoded) {
    if (/%2f/i.test(segment)) return NOT_FOUND_REPLY;
    const parameter = decodePercent(segment);
    if (parameter === undefined) return malformedEncoding(segment);
    if (parameter.length > NAME_LENGTH_MAX) return tooLong('a path parameter');
    decoded.push(parameter);
  }
  return decoded;
}

/**
 * The first value of a query's parameter; empty when it is missing. A malformed one is refused:
 * ignoring it could change what a request means.
 */
export function queryParameter(query: string, name: string): string | HandlerResponse {
  for (const pair of query.split('&')) {
    const equals = pair.indexOf('=');
    if ((equals === -1 ? pair : pair.slice(0, equals)) !== name) continue;
    const encoded = equals === -1 ? '' : pair.slice(equals + 1).replaceAll('+', ' ');
    const value = decodePercent(encoded);
    if (value === undefined) return malformedEncoding(pair);
    return value.length > NAME_LENGTH_MAX ? tooLong(`the query parameter ${name}`) : value;
  }
  return '';
}

/** Matched in linear time: no digit can belong to two of its parts. */
const DECIMAL = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i;

/** A finite decimal number, as clients write it; undefined when it is none. */
export function parseDecimal(text: string): number | undefined {
  if (!DECIMAL.test(text)) return undefined;
  const number = Number(text);
  return Number.isFinite(number) ? number : undefined;
}

/**
 * A text that shares no memory with the request it was cut from, so that keeping it keeps no more
 * than itself.
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
  return generalReply(400, `malformed percent-encoding: ${text.slice(0, 100)}`);
}

function tooLong(what: string): HandlerResponse {
  return generalReply(400, `${what} is longer than ${NAME_LENGTH_MAX} characters`);
}
