/**
 * Refuses what a caller may not do, before anything of the request is looked at. Where everybody
 * may check, and by default everybody may do everything, no header of a check is read.
 */
import { monotonicMs } from '../../../base/clock.js';
import {
  type AccessSettings,
  type Caller,
  callerText,
  isOpenAccess,
  OPEN_ACCESS,
  type Right,
} from '../../../throttle/access.js';
import type { OperatorCommand } from '../../../throttle/commands.js';
import type { HandlerRequest } from '../handler-request.js';
import { type ClientKey, clientName } from '../recent-apps.js';
import { generalResponse, type HandlerResponse, isResponse } from '../response.js';
import type { HttpEndpoint } from '../routes.js';
import { queryParameters } from '../url-params.js';
import { Callers } from './callers.js';
import { RateLimit } from './rate-limit.js';
import { checkRight, commandRight, needOf } from './rights.js';

/** Of one client address in one HTTP worker, per minute: more unknown tokens get 429. */
export const FAILED_ATTEMPTS_MAX = 30;

/** Of one caller in one HTTP worker, per minute, where access is restricted. */
export const CONTROL_REQUESTS_MAX = 600;

/** Paths of checks whose caller was judged; those that are longer are judged each time. */
const JUDGED_PATHS_MAX = 4_096;
const JUDGED_PATH_LENGTH_MAX = 512;

/** What a request says of its sender. */
export interface Credentials {
  /** Header `Authorization`; empty: none. */
  readonly authorization: string;
  /** The name in the certificate of the connection; empty: none. */
  readonly certificate: string;
  readonly client: ClientKey;
}

export function credentialsOf(request: HandlerRequest): Credentials {
  const { header, certificate = '', client } = request;
  return { authorization: header('authorization'), certificate, client };
}

interface JudgedPath {
  readonly caller: Caller;
  readonly refusal: HandlerResponse | null;
}

export class AccessGuard {
  readonly #unknownToken: (client: ClientKey) => void;
  #callers = new Callers(OPEN_ACCESS);
  #isOpen = true;
  #checksAreOpen = true;
  /** The last caller of each path: another one is judged again. */
  readonly #judged = new Map<string, JudgedPath>();
  #failures = new RateLimit(FAILED_ATTEMPTS_MAX);
  #controls = new RateLimit(CONTROL_REQUESTS_MAX);

  /** `unknownToken`: a client has sent one, and is not over its limit. */
  constructor(unknownToken: (client: ClientKey) => void) {
    this.#unknownToken = unknownToken;
  }

  /** Takes effect with the next request. */
  setAccess(settings: AccessSettings): void {
    this.#callers = new Callers(settings);
    this.#isOpen = isOpenAccess(settings);
    this.#checksAreOpen = settings.anonymous.includes('check');
    this.#judged.clear();
  }

  /** Whether every caller may check as any app: then checks need not ask. */
  get checksAreOpen(): boolean {
    return this.#checksAreOpen;
  }

  /** Of a path below `/check`; null: the caller may check. */
  refusalOfCheck(path: string, credentials: Credentials): HandlerResponse | null {
    const caller = this.#identify(credentials);
    if (isResponse(caller)) return caller;
    const judged = this.#judged.get(path);
    if (judged?.caller === caller) return judged.refusal;
    const refusal = this.#refusal(caller, checkRight(path) ?? { role: 'check' });
    if (path.length > JUDGED_PATH_LENGTH_MAX) return refusal;
    if (this.#judged.size >= JUDGED_PATHS_MAX) this.#judged.clear();
    this.#judged.set(path, { caller, refusal });
    return refusal;
  }

  /** The caller, who has the role that the endpoint needs, or the response that refuses. */
  enter(endpoint: HttpEndpoint, credentials: Credentials): Caller | HandlerResponse {
    const need = needOf(endpoint);
    if (this.#isOpen || (need === 'open' && endpoint !== 'access')) return this.#callers.anonymous;
    const caller = this.#identify(credentials);
    if (isResponse(caller) || need === 'open') return caller;
    // Who may read may also ask why any app waits.
    if (endpoint === 'why' && this.#refusal(caller, { role: 'read' }) === null) return caller;
    return this.#refusal(caller, { role: need }) ?? caller;
  }

  get anonymous(): Caller {
    return this.#callers.anonymous;
  }

  /** As `refusalOfCheck`, of `/check-all` by a caller who has entered. */
  refusalOfStores(caller: Caller, app: string, query: string): HandlerResponse | null {
    if (this.#checksAreOpen) return null;
    const stores = queryParameters(query, 'store');
    // Those that are malformed are refused with the reason.
    if (isResponse(stores)) return null;
    for (const store of stores) {
      const refusal = this.#refusal(caller, { role: 'check', app, store });
      if (refusal !== null) return refusal;
    }
    return null;
  }

  /** As `refusalOfCheck`, of `/why`; who may read may ask about any app. */
  refusalOfWhy(caller: Caller, encoded: readonly string[]): HandlerResponse | null {
    if (this.#checksAreOpen || this.#refusal(caller, { role: 'read' }) === null) return null;
    return this.#refusal(caller, checkRight(`/check/${encoded.join('/')}`) ?? { role: 'check' });
  }

  /** Of a command of a caller who has entered; null: it may be carried out. */
  refusalOfCommand(
    caller: Caller,
    command: OperatorCommand,
    client: ClientKey,
  ): HandlerResponse | null {
    if (this.#isOpen) return null;
    return this.#refusal(caller, commandRight(command)) ?? this.tooManyCommands(caller, client);
  }

  /** 429 for a caller whose control requests are too many; null: this one is counted. */
  tooManyCommands(caller: Caller, client: ClientKey): HandlerResponse | null {
    if (this.#isOpen) return null;
    const who = callerText(caller) ?? clientName(client);
    const seconds = this.#controls.take(who, monotonicMs());
    if (seconds === 0) return null;
    return tooMany(`more than ${CONTROL_REQUESTS_MAX} control requests in a minute`, seconds);
  }

  #identify({ authorization, certificate, client }: Credentials): Caller | HandlerResponse {
    const caller = this.#callers.callerOf(authorization, certificate);
    if (caller !== undefined) return caller;
    const seconds = this.#failures.take(clientName(client), monotonicMs());
    if (seconds > 0) return tooMany('too many unknown tokens from this address', seconds);
    this.#unknownToken(client);
    return unauthorized(
      'refused: the token is not known to this node: it is mistyped, or was removed',
      'Bearer realm="freno", error="invalid_token"',
    );
  }

  #refusal(caller: Caller, right: Right): HandlerResponse | null {
    if (this.#callers.anonymous.grant.missing(right) === null) return null;
    const missing = caller.grant.missing(right);
    if (missing === null) return null;
    if (caller.kind === 'anonymous') {
      return unauthorized(
        `refused: this needs ${missing}, which callers without a token do not have; ` +
          'send "Authorization: Bearer TOKEN"',
        'Bearer realm="freno"',
      );
    }
    return generalResponse(403, `refused: ${callerText(caller)} does not have ${missing}`);
  }
}

/** RFC 9110, section 15.5.2: a 401 names the scheme. */
function unauthorized(message: string, challenge: string): HandlerResponse {
  return { ...generalResponse(401, message), headers: [['WWW-Authenticate', challenge]] };
}

function tooMany(what: string, seconds: number): HandlerResponse {
  return {
    ...generalResponse(429, `refused: ${what}; retry after ${seconds} s`),
    headers: [['Retry-After', String(seconds)]],
  };
}
