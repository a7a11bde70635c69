/**
 * What is decided about a request before its path counts: whether it may come under this name, from
 * a page of another origin, and through this port.
 *
 * A browser lets a page talk to the host that its address names. The owner of that name's DNS can
 * let it mean a freno of the visitor's network (DNS rebinding): then `Host` still says the
 * page's own name.
 */
import { isIP } from 'node:net';
import type { DoorSettings } from '../../contracts/http.js';
import type { HandlerRequest, RequestHandler } from './handler-request.js';
import { generalResponse, type HandlerResponse } from './response.js';
import { type HttpEndpoint, isControl, matchRoute } from './routes.js';

type LaterResponse = HandlerResponse | Promise<HandlerResponse>;

/** Beside the commands, what answers only on the port for operators, where there is one. */
const OPERATORS_ONLY: ReadonlySet<HttpEndpoint> = new Set([
  'cpuProfile',
  'heapSnapshot',
  'events',
  'page',
  'pageFile',
  'stream',
]);

/** RFC 9110, section 15.5.20. */
const WRONG_HOST = generalResponse(421, 'the name in Host is not among AllowedHosts');
const OTHER_PORT = generalResponse(403, 'this node answers that on its AdminListen address only');

const PREFLIGHT_HEADERS: ReadonlyArray<readonly [string, string]> = [
  ['Access-Control-Allow-Methods', 'GET, HEAD, POST'],
  ['Access-Control-Allow-Headers', 'Authorization, Content-Type'],
  ['Access-Control-Max-Age', '600'],
];

export class FrontDoor implements RequestHandler {
  readonly #inner: RequestHandler;
  readonly #hosts: ReadonlySet<string>;
  readonly #origins: ReadonlySet<string>;
  readonly #isForOperators: boolean;
  /** Whether every request passes to the handler as it is. */
  readonly isOpen: boolean;

  /** `isForOperators`: behind this port, all paths answer. */
  constructor(inner: RequestHandler, settings: DoorSettings, isForOperators: boolean) {
    this.#inner = inner;
    this.#hosts = new Set(settings.allowedHosts.map((name) => name.toLowerCase()));
    this.#origins = new Set(settings.allowedOrigins.map((origin) => origin.toLowerCase()));
    this.#isForOperators = isForOperators;
    this.isOpen = this.#hosts.size === 0 && this.#origins.size === 0 && isForOperators;
  }

  handle(request: HandlerRequest): LaterResponse {
    if (this.isOpen) return this.#inner.handle(request);
    if (this.#hosts.size > 0 && !this.#isAllowedHost(request.header('host'))) return WRONG_HOST;
    if (!this.#isForOperators && isForOperatorsOnly(request.path)) return OTHER_PORT;
    const origin = this.#origins.size === 0 ? '' : request.header('origin');
    if (origin === '' || !this.#origins.has(origin.toLowerCase())) {
      return this.#inner.handle(request);
    }
    const headers = [['Access-Control-Allow-Origin', origin] as const, ['Vary', 'Origin'] as const];
    const isPreflight = request.method === 'OPTIONS';
    const added = isPreflight ? [...headers, ...PREFLIGHT_HEADERS] : headers;
    return withHeaders(this.#inner.handle(fromThisOrigin(request)), added);
  }

  /** No name that DNS could change: an address, this machine, or none (HTTP/1.0). */
  #isAllowedHost(host: string): boolean {
    const name = /^(\[[^\]]*\]|[^:]*)(?::\d*)?$/.exec(host)?.[1]?.toLowerCase();
    if (name === undefined) return false;
    const address = name.startsWith('[') ? name.slice(1, -1) : name;
    return name === '' || name === 'localhost' || isIP(address) !== 0 || this.#hosts.has(name);
  }
}

function isForOperatorsOnly(path: string): boolean {
  const match = matchRoute(path);
  if (match.kind !== 'found') return false;
  return isControl(match.route) || OPERATORS_ONLY.has(match.route.endpoint);
}

/** For the handler, a page of an allowed origin is one of this node's own. */
function fromThisOrigin(request: HandlerRequest): HandlerRequest {
  const header = (name: string): string => {
    if (name === 'sec-fetch-site') return 'same-origin';
    return name === 'origin' || name === 'referer' ? '' : request.header(name);
  };
  return { ...request, header };
}

function withHeaders(
  response: LaterResponse,
  added: ReadonlyArray<readonly [string, string]>,
): LaterResponse {
  if (response instanceof Promise) return response.then((settled) => plus(settled, added));
  return plus(response, added);
}

function plus(
  response: HandlerResponse,
  added: ReadonlyArray<readonly [string, string]>,
): HandlerResponse {
  return { ...response, headers: [...(response.headers ?? []), ...added] };
}
