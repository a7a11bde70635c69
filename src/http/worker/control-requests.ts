/**
 * Parses control requests: the operators' commands, from the parameters of paths and queries. A
 * request with any invalid parameter is refused as a whole.
 */
import type { StoreLocation } from '../../contracts/http.js';
import { MINUTE_MS } from '../../throttle/command-limits.js';
import {
  type AppKey,
  type CommandOrigin,
  DEFAULT_TTL_MINUTES,
  EVERY_APP,
  NO_EXPIRY,
  type OperatorCommand,
} from '../../throttle/commands.js';
import {
  appKey,
  type ControlOrigin,
  type ControlParameters,
  hostName,
  isRefused,
  originOf,
  ratio,
  shortTtlMinutes,
  thresholdValue,
  ttlMinutes,
} from './control-parameters.js';
import { generalResponse, type HandlerResponse } from './response.js';
import type { HttpEndpoint, Route } from './routes.js';
import { resetThresholdKey, setThresholdKey } from './threshold-target.js';

export interface ControlRequest extends ControlOrigin {
  readonly route: Route;
  /** The configured stores. */
  readonly stores: readonly StoreLocation[];
}

/** The command of a request, or the response that refuses it. */
export function commandOf(request: ControlRequest): OperatorCommand | HandlerResponse {
  const origin = originOf(request);
  if (isRefused(origin)) return origin;
  switch (request.route.endpoint as ControlEndpoint) {
    case 'throttleApp':
      return throttleAppCommand(request, origin);
    case 'unthrottleApp':
      return liftCommand('unthrottleApp', request, origin);
    case 'skipHost':
      return skipHostCommand(request, origin);
    case 'recoverHost':
      return recoverHostCommand(request, origin);
    case 'exemptApp':
      return exemptAppCommand(request, origin);
    case 'unexemptApp':
      return liftCommand('unexemptApp', request, origin);
    case 'setThreshold':
      return setThresholdCommand(request, origin);
    case 'resetThreshold': {
      const key = resetThresholdKey(request);
      return isRefused(key) ? key : { kind: 'resetThreshold', ...origin, key };
    }
  }
}

/** The command whose matches are asked for; its times are of no account. */
export function matchedCommand(
  request: ControlParameters,
): Extract<OperatorCommand, { kind: 'throttleApp' | 'skipHost' }> | HandlerResponse {
  if (request.parameters.has('app')) {
    const key = appKey(request);
    return isRefused(key) ? key : { kind: 'throttleApp', atMs: 0, key };
  }
  const host = hostName(request);
  return isRefused(host) ? host : { kind: 'skipHost', atMs: 0, host, expireAtMs: 0 };
}

type ControlEndpoint = Extract<HttpEndpoint, OperatorCommand['kind']>;

/**
 * The bare path means 60 minutes and ratio 1, also on an existing entry. A TTL alone leaves the
 * ratio of an entry unchanged, and a ratio alone the TTL.
 */
function throttleAppCommand(
  request: ControlParameters,
  origin: CommandOrigin,
): OperatorCommand | HandlerResponse {
  const key = appKey(request);
  if (isRefused(key)) return key;
  const ttl = ttlMinutes(request);
  if (isRefused(ttl)) return ttl;
  const share = ratio(request);
  if (isRefused(share)) return share;
  const isBare = ttl === undefined && share === undefined;
  const minutes = isBare ? DEFAULT_TTL_MINUTES : ttl;
  return {
    kind: 'throttleApp',
    ...origin,
    key,
    ...(minutes !== undefined && {
      expireAtMs: minutes === 0 ? NO_EXPIRY : origin.atMs + minutes * MINUTE_MS,
    }),
    ...(isBare ? { ratio: 1 } : share !== undefined && { ratio: share }),
  };
}

/** Without a store, all entries of the app. */
function liftCommand(
  kind: 'unthrottleApp' | 'unexemptApp',
  request: ControlParameters,
  origin: CommandOrigin,
): OperatorCommand | HandlerResponse {
  const key = kind === 'unexemptApp' ? exemptedKey(request) : appKey(request);
  if (isRefused(key)) return key;
  return { kind, ...origin, key, everyStore: !key.includes('/') };
}

/** 60 minutes unless given, also for 0. */
function skipHostCommand(
  request: ControlParameters,
  origin: CommandOrigin,
): OperatorCommand | HandlerResponse {
  const host = hostName(request);
  if (isRefused(host)) return host;
  const ttl = ttlMinutes(request);
  if (isRefused(ttl)) return ttl;
  const expireAtMs = origin.atMs + (ttl || DEFAULT_TTL_MINUTES) * MINUTE_MS;
  return { kind: 'skipHost', ...origin, host, expireAtMs };
}

function recoverHostCommand(
  request: ControlParameters,
  origin: CommandOrigin,
): OperatorCommand | HandlerResponse {
  const host = hostName(request);
  return isRefused(host) ? host : { kind: 'recoverHost', ...origin, host };
}

/** An exemption is for one app: a threshold for all is set. */
function exemptedKey(request: ControlParameters): AppKey | HandlerResponse {
  if (request.parameters.get('app') !== EVERY_APP) return appKey(request);
  return generalResponse(400, `app: ${EVERY_APP} is no app; use set-threshold for all apps`);
}

function exemptAppCommand(
  request: ControlParameters,
  origin: CommandOrigin,
): OperatorCommand | HandlerResponse {
  const key = exemptedKey(request);
  if (isRefused(key)) return key;
  const expireAtMs = shortExpiry(request, origin);
  return isRefused(expireAtMs) ? expireAtMs : { kind: 'exemptApp', ...origin, key, expireAtMs };
}

function setThresholdCommand(
  request: ControlRequest,
  origin: CommandOrigin,
): OperatorCommand | HandlerResponse {
  const value = thresholdValue(request);
  if (isRefused(value)) return value;
  const expireAtMs = shortExpiry(request, origin);
  if (isRefused(expireAtMs)) return expireAtMs;
  const key = setThresholdKey(request);
  return isRefused(key) ? key : { kind: 'setThreshold', ...origin, key, value, expireAtMs };
}

function shortExpiry(
  request: ControlParameters,
  { atMs }: CommandOrigin,
): number | HandlerResponse {
  const ttl = shortTtlMinutes(request);
  return isRefused(ttl) ? ttl : atMs + (ttl ?? DEFAULT_TTL_MINUTES) * MINUTE_MS;
}
