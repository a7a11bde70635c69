/** What each endpoint is for, what it takes and what it gives: an entry for each in the router. */
import type { HttpEndpoint } from '../routes.js';
import type { BodyName } from './bodies.js';

const JSON_BODY = 'application/json';
const PLAIN = 'text/plain; charset=utf-8';

/** A query that an endpoint takes. */
export type QueryName =
  | 'p'
  | 'metric'
  | 'verbose'
  | 'wait'
  | 'store'
  | 'stores'
  | 'threshold'
  | 'store_name'
  | 'reason'
  | 'owner'
  | 'since'
  | 'limit'
  | 'app'
  | 'seconds'
  | 'brief'
  | 'thread'
  | 'profileSeconds';

export interface DescribedResponse {
  readonly contentType: string;
  /** Undefined: no body. */
  readonly body?: BodyName;
}

export interface DescribedEndpoint {
  readonly tag: 'Checks' | 'Commands' | 'State' | 'Diagnostics' | 'Page';
  /** One sentence without a period. */
  readonly summary: string;
  readonly queries: readonly QueryName[];
  readonly responses: Readonly<Record<number, DescribedResponse>>;
}

function json(body: BodyName): DescribedResponse {
  return { contentType: JSON_BODY, body };
}

const TEXT_RESPONSE: DescribedResponse = { contentType: PLAIN, body: 'Text' };
const GENERAL = json('General');
/** Main does not answer in time, or too many requests wait for it. */
const OVERLOADED = { 503: GENERAL };
const BAD_REQUEST = { 400: GENERAL };

const CHECK_QUERIES: readonly QueryName[] = ['p', 'metric', 'verbose', 'wait'];
const NOTE_QUERIES: readonly QueryName[] = ['reason', 'owner'];

const CHECK_RESPONSES = {
  200: json('Check'),
  404: json('Check'),
  417: json('Check'),
  429: json('Check'),
  500: json('Check'),
};

const COMMAND_RESPONSES = {
  ...{ 200: json('Command'), 400: GENERAL, 403: GENERAL },
  ...{ 501: GENERAL, 503: GENERAL, 504: GENERAL },
};

function command(
  summary: string,
  further: { readonly app?: boolean; readonly findsStore?: boolean } = {},
): DescribedEndpoint {
  const queries: readonly QueryName[] = further.app ? ['store_name'] : [];
  const responses = further.findsStore ? { ...COMMAND_RESPONSES, 404: GENERAL } : COMMAND_RESPONSES;
  return { tag: 'Commands', summary, queries: [...queries, ...NOTE_QUERIES], responses };
}

function state(
  summary: string,
  body: BodyName,
  queries: readonly QueryName[] = [],
  further: DescribedEndpoint['responses'] = {},
): DescribedEndpoint {
  const refusals = queries.length > 0 ? BAD_REQUEST : {};
  const responses = { 200: json(body), ...OVERLOADED, ...refusals, ...further };
  return { tag: 'State', summary, queries, responses };
}

function quoted(summary: string, further: DescribedEndpoint['responses'] = {}): DescribedEndpoint {
  const responses = { 200: TEXT_RESPONSE, ...further };
  return { tag: 'State', summary, queries: [], responses };
}

function local(summary: string, body: BodyName): DescribedEndpoint {
  return { tag: 'State', summary, queries: [], responses: { 200: json(body) } };
}

export const ENDPOINTS: Readonly<Record<HttpEndpoint, DescribedEndpoint>> = {
  check: {
    tag: 'Checks',
    summary: 'May this app write to this store now? 200: yes; anything else: wait',
    queries: CHECK_QUERIES,
    responses: { ...CHECK_RESPONSES, ...BAD_REQUEST },
  },
  checkAll: {
    tag: 'Checks',
    summary: 'May this app write to all of these stores now? The worst one decides',
    queries: ['stores', 'p', 'metric', 'wait'],
    responses: {
      ...{ 200: json('CheckAll'), 404: json('CheckAll'), 417: json('CheckAll') },
      ...{ 429: json('CheckAll'), 500: json('CheckAll'), ...BAD_REQUEST },
    },
  },
  why: {
    tag: 'Checks',
    summary: 'The same as a check with verbose=1, for a person: it is not counted',
    queries: ['p', 'metric', 'threshold'],
    responses: { ...CHECK_RESPONSES, ...BAD_REQUEST },
  },
  throttleApp: command('Throttles an app', { app: true }),
  unthrottleApp: command('Ends the throttles of an app', { app: true }),
  throttledApps: state('The throttles in force', 'ThrottledApps'),
  skipHost: command('Excludes a host from all probes for a time'),
  recoverHost: command('Probes a skipped host again'),
  skippedHosts: state('The skipped hosts', 'SkippedHosts'),
  exemptApp: command('Lets an app pass whatever the metrics say, for a time', { app: true }),
  unexemptApp: command('Ends the exemptions of an app', { app: true }),
  exemptedApps: state('The exemptions in force', 'ExemptedApps'),
  setThreshold: command('Sets the threshold of a metric for a time', { findsStore: true }),
  resetThreshold: command('The configured threshold counts again'),
  thresholds: state('The set thresholds in force', 'Thresholds'),
  recentApps: state('The apps that have checked lately', 'RecentApps', [], BAD_REQUEST),
  apps: state('Which apps ask about which stores, who waits and why', 'Apps', [
    'limit',
    'store',
    'app',
  ]),
  lbCheck: local('Whether the node runs', 'General'),
  leaderCheck: quoted('Whether the node leads: for the health check of a load balancer', {
    404: TEXT_RESPONSE,
  }),
  consensusLeader: quoted('The address of the leader', {
    500: { contentType: PLAIN },
    503: GENERAL,
  }),
  consensusState: quoted('The role of the node', { 503: GENERAL }),
  consensusStatus: state('The state of consensus', 'ConsensusStatus'),
  cluster: state('Every node of the cluster, as this one knows it', 'Cluster'),
  yieldLeadership: {
    ...command('Hands leadership over to another node'),
    responses: { ...COMMAND_RESPONSES, 409: GENERAL },
  },
  hostname: quoted('The name of the host'),
  aggregatedMetrics: local('The values that answer checks', 'AggregatedMetrics'),
  metricsHealth: local('Since when each store is not healthy', 'MetricsHealth'),
  memcache: local('The memcached servers that values are written to', 'Memcache'),
  stores: local('Each metric of each store', 'Stores'),
  store: state('One store with its hosts', 'Store', [], { 404: GENERAL }),
  events: state('What happened lately', 'Events', ['since', 'limit']),
  history: state('The last minutes of a store', 'History', ['seconds'], { 404: GENERAL }),
  matches: state('What a command would match; nothing is changed', 'Matches', ['store_name']),
  inventory: state('The hosts of each cluster, and where they come from', 'Inventory'),
  vars: {
    ...state('Counters and measurements as one flat object', 'Variables'),
    tag: 'Diagnostics',
  },
  metrics: {
    tag: 'Diagnostics',
    summary: 'All metrics for Prometheus',
    queries: [],
    responses: {
      200: { contentType: 'text/plain; version=0.0.4; charset=utf-8', body: 'Text' },
      ...OVERLOADED,
    },
  },
  cpuProfile: profile('A CPU profile of a thread', ['thread', 'profileSeconds']),
  heapSnapshot: profile('A heap snapshot of a thread: it may hold passwords', ['thread']),
  page: pageFile('The page', 'text/html; charset=utf-8'),
  pageFile: pageFile('A file of the page', 'text/javascript; charset=utf-8', {
    404: TEXT_RESPONSE,
  }),
  stream: {
    tag: 'Page',
    summary: 'The stream of the page: server-sent events, one of each topic a second',
    queries: [],
    responses: { 200: { contentType: 'text/event-stream', body: 'Text' }, ...OVERLOADED },
  },
  openapi: { ...local('This document', 'Document'), tag: 'Diagnostics' },
  help: { ...local('All paths', 'Paths'), tag: 'Diagnostics' },
};

function profile(summary: string, queries: readonly QueryName[]): DescribedEndpoint {
  const refusals = { 400: GENERAL, 403: GENERAL, 503: GENERAL };
  // With EnableProfiling only.
  const responses = { 200: json('Profile'), 404: TEXT_RESPONSE, ...refusals };
  return { tag: 'Diagnostics', summary, queries, responses };
}

function pageFile(
  summary: string,
  contentType: string,
  further: DescribedEndpoint['responses'] = {},
): DescribedEndpoint {
  const responses = {
    200: { contentType, body: 'Text' },
    304: { contentType },
    ...further,
  } as const;
  return { tag: 'Page', summary, queries: [], responses };
}
