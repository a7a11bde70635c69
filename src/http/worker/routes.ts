/** The routes of the HTTP API, and the matching of a request's path with them. */

/** Paths of one endpoint differ in the parameters that they give. */
export type HttpEndpoint =
  | 'check'
  | 'checkAll'
  | 'why'
  | 'throttleApp'
  | 'unthrottleApp'
  | 'throttledApps'
  | 'skipHost'
  | 'recoverHost'
  | 'skippedHosts'
  | 'exemptApp'
  | 'unexemptApp'
  | 'exemptedApps'
  | 'setThreshold'
  | 'resetThreshold'
  | 'thresholds'
  | 'recentApps'
  | 'apps'
  | 'lbCheck'
  | 'leaderCheck'
  | 'consensusLeader'
  | 'consensusState'
  | 'consensusStatus'
  | 'cluster'
  | 'yieldLeadership'
  | 'hostname'
  | 'aggregatedMetrics'
  | 'metricsHealth'
  | 'memcache'
  | 'stores'
  | 'store'
  | 'events'
  | 'inventory'
  | 'vars'
  | 'metrics'
  | 'cpuProfile'
  | 'heapSnapshot'
  | 'history'
  | 'matches'
  | 'page'
  | 'pageFile'
  | 'stream'
  | 'openapi'
  | 'access'
  | 'help';

export interface Route {
  readonly endpoint: HttpEndpoint;
  /** Parameters as `:name`. */
  readonly pattern: string;
  /** Segments of the pattern. */
  readonly segments: readonly string[];
  /** Names of the parameters. */
  readonly names: readonly string[];
  /** Methods, as the header `Allow` lists them. */
  readonly allow: string;
}

export type Match =
  | { readonly kind: 'found'; readonly route: Route; readonly encoded: readonly string[] }
  /** The path is a known one but for superfluous slashes, dot segments or letter case. */
  | { readonly kind: 'redirect'; readonly path: string }
  | { readonly kind: 'unknown' };

const READ_METHODS = 'GET, HEAD, OPTIONS';
const CONTROL_METHODS = 'GET, HEAD, POST, OPTIONS';

export const ROUTES: readonly Route[] = [
  read('check', '/check/:app/:storeType/:storeName'),
  read('check', '/check-if-exists/:app/:storeType/:storeName'),
  read('check', '/check-read/:app/:storeType/:storeName/:threshold'),
  read('check', '/check-read-if-exists/:app/:storeType/:storeName/:threshold'),
  read('checkAll', '/check-all/:app'),
  read('why', '/why/:app/:storeType/:storeName'),
  control('throttleApp', '/throttle-app/:app'),
  control('throttleApp', '/throttle-app/:app/ratio/:ratio'),
  control('throttleApp', '/throttle-app/:app/ttl/:ttlMinutes'),
  control('throttleApp', '/throttle-app/:app/ttl/:ttlMinutes/ratio/:ratio'),
  control('unthrottleApp', '/unthrottle-app/:app'),
  read('throttledApps', '/throttled-apps'),
  control('skipHost', '/skip-host/:hostName'),
  control('skipHost', '/skip-host/:hostName/ttl/:ttlMinutes'),
  control('recoverHost', '/recover-host/:hostName'),
  read('skippedHosts', '/skipped-hosts'),
  control('exemptApp', '/exempt-app/:app'),
  control('exemptApp', '/exempt-app/:app/ttl/:ttlMinutes'),
  control('unexemptApp', '/unexempt-app/:app'),
  read('exemptedApps', '/exempted-apps'),
  control('setThreshold', '/set-threshold/:storeType/:storeName/:threshold'),
  control('setThreshold', '/set-threshold/:storeType/:storeName/:threshold/ttl/:ttlMinutes'),
  control('setThreshold', '/set-threshold/:storeType/:storeName/:threshold/metric/:metric'),
  control(
    'setThreshold',
    '/set-threshold/:storeType/:storeName/:threshold/metric/:metric/ttl/:ttlMinutes',
  ),
  control(
    'setThreshold',
    '/set-threshold/:storeType/:storeName/:threshold/ttl/:ttlMinutes/metric/:metric',
  ),
  control('resetThreshold', '/reset-threshold/:storeType/:storeName'),
  control('resetThreshold', '/reset-threshold/:storeType/:storeName/metric/:metric'),
  read('thresholds', '/thresholds'),
  read('recentApps', '/recent-apps'),
  read('recentApps', '/recent-apps/:lastMinutes'),
  read('apps', '/apps'),
  read('lbCheck', '/lb-check'),
  read('lbCheck', '/_ping'),
  read('lbCheck', '/status'),
  read('leaderCheck', '/leader-check'),
  read('consensusLeader', '/raft/leader'),
  read('consensusState', '/raft/state'),
  read('consensusLeader', '/consensus/leader'),
  read('consensusState', '/consensus/state'),
  read('consensusStatus', '/consensus/status'),
  read('cluster', '/cluster'),
  control('yieldLeadership', '/raft/yield'),
  read('hostname', '/hostname'),
  read('aggregatedMetrics', '/aggregated-metrics'),
  read('metricsHealth', '/metrics-health'),
  read('memcache', '/config/memcache'),
  read('stores', '/stores'),
  read('store', '/stores/:storeType/:storeName'),
  read('history', '/history/:storeType/:storeName'),
  read('events', '/events'),
  read('inventory', '/inventory'),
  read('vars', '/debug/vars'),
  read('vars', '/debug/metrics'),
  read('metrics', '/metrics'),
  read('cpuProfile', '/debug/pprof/profile'),
  read('heapSnapshot', '/debug/pprof/heap'),
  read('matches', '/matches/app/:app'),
  read('matches', '/matches/host/:hostName'),
  read('page', '/'),
  read('stream', '/web/stream'),
  read('pageFile', '/web/:file'),
  read('access', '/access'),
  read('openapi', '/openapi.json'),
  read('help', '/help'),
];

/** A path with more is none of these, and to clean it would take milliseconds. */
const SEGMENTS_MAX = 64;

const byFirstSegment = new Map<string, Route[]>();
for (const route of ROUTES) {
  const first = route.segments[0]!;
  byFirstSegment.set(first, [...(byFirstSegment.get(first) ?? []), route]);
}

/** Finds the route of a path (still encoded, without its query), and its encoded parameters. */
export function matchRoute(path: string): Match {
  const route = findRoute(path);
  if (route !== undefined) return route;
  const known = cleanPath(path);
  return known === undefined ? { kind: 'unknown' } : { kind: 'redirect', path: known };
}

/** Whether requests of the route change the state. */
export function isControl(route: Route): boolean {
  return route.allow === CONTROL_METHODS;
}

/** Whether the route allows the method. */
export function allows(route: Route, method: string): boolean {
  return method === 'GET' || method === 'HEAD' || (method === 'POST' && isControl(route));
}

function findRoute(path: string): Extract<Match, { kind: 'found' }> | undefined {
  // The last segment must not be empty, but for the page's: that is a superfluous slash.
  if (!path.startsWith('/') || (path.endsWith('/') && path !== '/')) return undefined;
  const segments = path.slice(1).split('/', SEGMENTS_MAX + 1);
  const route = routeOf(segments) ?? (path.includes('%') ? routeOf(plain(segments)) : undefined);
  if (route === undefined) return undefined;
  const encoded = segments.filter((_, index) => route.segments[index]!.startsWith(':'));
  return { kind: 'found', route, encoded };
}

/**
 * The known path that an unknown one stands for, as the original finds it: without the slash at its
 * end; or else without empty and dot segments, in the case of the route. Undefined: none.
 */
function cleanPath(path: string): string | undefined {
  if (!path.startsWith('/') || path.split('/', SEGMENTS_MAX + 2).length > SEGMENTS_MAX + 1) {
    return undefined;
  }
  // Nothing but slashes and dots does not stand for the page.
  const segments = cleanSegments(path);
  if (segments.length === 0) return undefined;
  const shortened = path.slice(0, -1);
  if (path.endsWith('/') && findRoute(shortened) !== undefined) return shortened;
  const route = routeOf(plain(segments).map((segment) => segment.toLowerCase()));
  if (route === undefined) return undefined;
  const cased = route.segments.map((segment, index) =>
    segment.startsWith(':') ? segments[index]! : segment,
  );
  return `/${cased.join('/')}`;
}

/** Removes empty segments and resolves dot segments (RFC 3986, section 5.2.4). */
function cleanSegments(path: string): string[] {
  const cleaned: string[] = [];
  for (const segment of path.split('/')) {
    const plain = segment.replace(/%2e/gi, '.');
    if (plain === '..') cleaned.pop();
    else if (plain !== '' && plain !== '.') cleaned.push(segment);
  }
  return cleaned;
}

function routeOf(segments: readonly string[]): Route | undefined {
  return byFirstSegment.get(segments[0] ?? '')?.find((candidate) => fits(candidate, segments));
}

/** Percent-decoded, but for what is malformed, and for slashes: those separate nothing. */
function plain(segments: readonly string[]): string[] {
  return segments.map((segment) => {
    if (!segment.includes('%') || /%2f/i.test(segment)) return segment;
    try {
      return decodeURIComponent(segment);
    } catch {
      return segment;
    }
  });
}

function fits(route: Route, segments: readonly string[]): boolean {
  return (
    route.segments.length === segments.length &&
    route.segments.every((segment, index) => segment.startsWith(':') || segment === segments[index])
  );
}

function read(endpoint: HttpEndpoint, pattern: string): Route {
  return routeWith(endpoint, pattern, READ_METHODS);
}

function control(endpoint: HttpEndpoint, pattern: string): Route {
  return routeWith(endpoint, pattern, CONTROL_METHODS);
}

function routeWith(endpoint: HttpEndpoint, pattern: string, allow: string): Route {
  const segments = pattern.slice(1).split('/');
  const parameters = segments.filter((segment) => segment.startsWith(':'));
  return { endpoint, pattern, segments, names: parameters.map((name) => name.slice(1)), allow };
}
