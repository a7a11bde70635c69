/** The parameters of control requests: each is valid, or the response that refuses it. */
import { STORE_LENGTH_MAX } from '../../base/limits.js';
import {
  APP_LENGTH_MAX,
  HOST_LENGTH_MAX,
  isLongerThan,
  isThreshold,
  NAME_BYTES_MAX,
  NOTE_LENGTH_MAX,
  noteFault,
  SHORT_TTL_MINUTES_MAX,
  TTL_MINUTES_MAX,
} from '../../throttle/command-limits.js';
import type { AppKey, CommandOrigin } from '../../throttle/commands.js';
import { skippedHostName } from '../../throttle/skipped-host.js';
import { generalResponse, type HandlerResponse, isResponse } from './response.js';
import { parseDecimal, queryParameter, withoutSemicolons } from './url-params.js';

export interface ControlParameters {
  /** Decoded, by their names in the pattern of the route. */
  readonly parameters: ReadonlyMap<string, string>;
  readonly query: string;
}

export interface ControlOrigin extends ControlParameters {
  /** Address of the client. */
  readonly client: string;
  /** As `CommandOrigin.caller`. */
  readonly caller: string | undefined;
  readonly nowUnixMs: number;
}

/** When the command was given, by which client, and what its query says of it. */
export function originOf(request: ControlOrigin): CommandOrigin | HandlerResponse {
  const { query, client, caller, nowUnixMs } = request;
  const reason = noteText(query, 'reason');
  if (typeof reason !== 'string') return reason;
  const owner = noteText(query, 'owner');
  if (typeof owner !== 'string') return owner;
  return {
    atMs: nowUnixMs,
    ...(client !== '' && { client }),
    ...(caller !== undefined && { caller }),
    ...(reason !== '' && { reason }),
    ...(owner !== '' && { owner }),
  };
}

/** What a query says of a request that is refused, for the log; empty: nothing that is valid. */
export function givenNote(query: string, name: 'owner' | 'reason'): string {
  const text = noteText(query, name);
  return typeof text === 'string' ? text : '';
}

function noteText(query: string, name: string): string | HandlerResponse {
  const text = queryParameter(query, name);
  if (typeof text !== 'string') return text;
  const fault = noteFault(text);
  if (fault === null) return text;
  return generalResponse(
    400,
    `${name}: up to ${NOTE_LENGTH_MAX} characters, none of them a control character; got ${fault}`,
  );
}

/** `app`, or `app/store` when the query limits the command to one store. */
export function appKey({ parameters, query }: ControlParameters): AppKey | HandlerResponse {
  const app = parameters.get('app') ?? '';
  if (app === '') return generalResponse(400, 'no app indicated');
  const store = queryParameter(query, 'store_name');
  if (typeof store === 'object') return store;
  if (queryParameter(withoutSemicolons(query), 'store_name') !== store) {
    return generalResponse(400, 'store_name: a semicolon is written %3B, and separates nothing');
  }
  if (store.includes('/')) {
    return generalResponse(400, 'store_name: the name of a store has no slash');
  }
  const refused =
    tooLong('app', app, APP_LENGTH_MAX) ?? tooLong('store_name', store, STORE_LENGTH_MAX);
  return refused ?? boundedName('app and store', store === '' ? app : `${app}/${store}`);
}

/** The name of a host, or `host:port` for one of its ports. */
export function hostName({ parameters }: ControlParameters): string | HandlerResponse {
  const given = parameters.get('hostName') ?? '';
  if (/^(:\d+)?$/.test(given)) return generalResponse(400, 'no host indicated');
  const name = skippedHostName(given);
  const refused = tooLong('host', given.replace(/:\d+$/, ''), HOST_LENGTH_MAX);
  if (refused !== null) return refused;
  if (name !== null) return boundedName('host', name);
  return generalResponse(400, `host: HOST, or HOST:PORT (1 to 65535), got ${shortened(given)}`);
}

/** Undefined: not given. */
export function ttlMinutes({
  parameters,
}: ControlParameters): number | undefined | HandlerResponse {
  return minutesFrom(0, TTL_MINUTES_MAX, parameters.get('ttlMinutes'));
}

/** As `ttlMinutes`, of an entry that always ends, and soon. */
export function shortTtlMinutes({
  parameters,
}: ControlParameters): number | undefined | HandlerResponse {
  return minutesFrom(1, SHORT_TTL_MINUTES_MAX, parameters.get('ttlMinutes'));
}

function minutesFrom(
  least: number,
  most: number,
  text: string | undefined,
): number | undefined | HandlerResponse {
  if (text === undefined) return undefined;
  const minutes = parseWholeNumber(text);
  if (minutes !== undefined && minutes >= least && minutes <= most) return minutes;
  return generalResponse(
    400,
    `ttl: whole minutes from ${least} to ${most}, got ${shortened(text)}`,
  );
}

/** Undefined: not given. */
export function ratio({ parameters }: ControlParameters): number | undefined | HandlerResponse {
  const text = parameters.get('ratio');
  if (text === undefined) return undefined;
  const share = parseDecimal(text);
  if (share !== undefined && share >= 0 && share <= 1) return share;
  return generalResponse(400, `ratio: a number from 0 to 1, got ${shortened(text)}`);
}

export function thresholdValue({ parameters }: ControlParameters): number | HandlerResponse {
  const text = parameters.get('threshold') ?? '';
  const value = parseDecimal(text);
  if (value !== undefined && isThreshold(value)) return value;
  return generalResponse(400, `threshold: a number from 0, got ${shortened(text)}`);
}

/** Whether a parameter is the response that refuses it. */
export function isRefused(parameter: unknown): parameter is HandlerResponse {
  return typeof parameter === 'object' && parameter !== null && isResponse(parameter);
}

/** Zero or more, without a fraction; undefined for anything else. */
export function parseWholeNumber(text: string): number | undefined {
  if (!/^\+?\d+$/.test(text)) return undefined;
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : undefined;
}

export function shortened(text: string): string {
  return text.length > 100 ? `${text.slice(0, 100)}...` : text;
}

/** Null: the name is not too long. */
function tooLong(what: string, name: string, lengthMax: number): HandlerResponse | null {
  if (!isLongerThan(lengthMax, name)) return null;
  return generalResponse(
    400,
    `${what}: a name of at most ${lengthMax} characters, got ${shortened(name)}`,
  );
}

export function boundedName(what: string, name: string): string | HandlerResponse {
  if (Buffer.byteLength(name) <= NAME_BYTES_MAX) return name;
  return generalResponse(
    400,
    `${what}: a name of at most ${NAME_BYTES_MAX} bytes, got ${shortened(name)}`,
  );
}
