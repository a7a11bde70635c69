/**
 * Parses control requests: the operators' commands, from the parameters of paths and queries. A
 * request with any invalid parameter is refused as a whole.
 */
import { MINUTE_MS, NAME_BYTES_MAX, TTL_MINUTES_MAX } from '../../throttle/command-limits.js';
import {
  type AppKey,
  DEFAULT_TTL_MINUTES,
  NO_EXPIRY,
  type OperatorCommand,
} from '../../throttle/commands.js';
import { skippedHostName } from '../../throttle/skipped-host.js';
import { generalResponse, type HandlerResponse } from './response.js';
import type { HttpEndpoint, Route } from './routes.js';
import { parseDecimal, queryParameter } from './url-params.js';

export interface ControlRequest {
  readonly route: Route;
  /** Decoded, by their names in the pattern of the route. */
  readonly parameters: ReadonlyMap<string, string>;
  readonly query: string;
  readonly nowUnixMs: number;
}

/** The command of a request, or the response that refuses it. */
export function commandOf(request: ControlRequest): OperatorCommand | HandlerResponse {
  switch (request.route.endpoint as ControlEndpoint) {
    case 'throttleApp':
      return throttleAppCommand(request);
    case 'unthrottleApp':
      return unthrottleAppCommand(request);
    case 'skipHost':
      return skipHostCommand(request);
    case 'recoverHost':
      return recoverHostCommand(request);
  }
}

type ControlEndpoint = Extract<
  HttpEndpoint,
  'throttleApp' | 'unthrottleApp' | 'skipHost' | 'recoverHost'
>;

/**
 * The bare path means 60 minutes and ratio 1, also on an existing entry. A TTL alone leaves the
 * ratio of an entry unchanged, and a ratio alone the TTL.
 */
function throttleAppCommand(request: ControlRequest): OperatorCommand | HandlerResponse {
  const { parameters, nowUnixMs } = request;
  const key = appKey(request);
  if (typeof key !== 'string') return key;
  const ttlText = parameters.get('ttlMinutes');
  const ratioText = parameters.get('ratio');
  const ttlMinutes = ttlText === undefined ? undefined : parseTtlMinutes(ttlText);
  if (typeof ttlMinutes === 'object') return ttlMinutes;
  const ratio = ratioText === undefined ? undefined : parseRatio(ratioText);
  if (typeof ratio === 'object') return ratio;
  const isBare = ttlMinutes === undefined && ratio === undefined;
  const minutes = isBare ? DEFAULT_TTL_MINUTES : ttlMinutes;
  return {
    kind: 'throttleApp',
    atMs: nowUnixMs,
    key,
    ...(minutes !== undefined && {
      expireAtMs: minutes === 0 ? NO_EXPIRY : nowUnixMs + minutes * MINUTE_MS,
    }),
    ...(isBare ? { ratio: 1 } : ratio !== undefined && { ratio }),
  };
}

/** Without a store, all entries of the app. */
function unthrottleAppCommand(request: ControlRequest): OperatorCommand | HandlerResponse {
  const key = appKey(request);
  if (typeof key !== 'string') return key;
  return { kind: 'unthrottleApp', atMs: request.nowUnixMs, key, everyStore: !key.includes('/') };
}

/** 60 minutes unless given, also for 0. */
function skipHostCommand(request: ControlRequest): OperatorCommand | HandlerResponse {
  const { parameters, nowUnixMs } = request;
  const host = hostName(request);
  if (typeof host !== 'string') return host;
  const ttlMinutes = parseTtlMinutes(parameters.get('ttlMinutes') ?? '0');
  if (typeof ttlMinutes === 'object') return ttlMinutes;
  const expireAtMs = nowUnixMs + (ttlMinutes || DEFAULT_TTL_MINUTES) * MINUTE_MS;
  return { kind: 'skipHost', atMs: nowUnixMs, host, expireAtMs };
}

function recoverHostCommand(request: ControlRequest): OperatorCommand | HandlerResponse {
  const host = hostName(request);
  if (typeof host !== 'string') return host;
  return { kind: 'recoverHost', atMs: request.nowUnixMs, host };
}

/** `app`, or `app/store` when the query limits the command to one store. */
function appKey({ parameters, query }: ControlRequest): AppKey | HandlerResponse {
  const app = parameters.get('app') ?? '';
  if (app === '') return generalResponse(400, 'no app indicated');
  const store = queryParameter(query, 'store_name');
  if (typeof store === 'object') return store;
  if (store.includes('/')) {
    return generalResponse(400, 'store_name: the name of a store has no slash');
  }
  return boundedName('app and store', store === '' ? app : `${app}/${store}`);
}

/** The name of a host, or `host:port` for one of its ports. */
function hostName({ parameters }: ControlRequest): string | HandlerResponse {
  const given = parameters.get('hostName') ?? '';
  if (/^(:\d+)?$/.test(given)) return generalResponse(400, 'no host indicated');
  const name = skippedHostName(given);
  if (name !== null) return boundedName('host', name);
  return generalResponse(400, `host: HOST, or HOST:PORT (1 to 65535), got ${shortened(given)}`);
}

function boundedName(what: string, name: string): string | HandlerResponse {
  if (Buffer.byteLength(name) <= NAME_BYTES_MAX) return name;
  return generalResponse(
    400,
    `${what}: a name of at most ${NAME_BYTES_MAX} bytes, got ${shortened(name)}`,
  );
}

function parseTtlMinutes(text: string): number | HandlerResponse {
  const minutes = parseWholeNumber(text);
  if (minutes !== undefined && minutes <= TTL_MINUTES_MAX) return minutes;
  return generalResponse(
    400,
    `ttl: whole minutes from 0 to ${TTL_MINUTES_MAX}, got ${shortened(text)}`,
  );
}

function parseRatio(text: string): number | HandlerResponse {
  const ratio = parseDecimal(text);
  if (ratio !== undefined && ratio >= 0 && ratio <= 1) return ratio;
  return generalResponse(400, `ratio: a number from 0 to 1, got ${shortened(text)}`);
}

/** Zero or more, without a fraction; undefined for anything else. */
export function parseWholeNumber(text: string): number | undefined {
  if (!/^\+?\d+$/.test(text)) return undefined;
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : undefined;
}

function shortened(text: string): string {
  return text.length > 100 ? `${text.slice(0, 100)}...` : text;
}
