/** What each endpoint is for, what it takes and what it gives: an entry for each in the router. */
import type { HttpEndpoint } from '../routes.js';
import type { BodyName } from './bodies.js';
import type { PathParameterName, QueryName } from './parameters.js';
import {
  CROSS_SITE,
  checkResponses,
  type DescribedResponse,
  type DescribedResponses,
  json,
  NO_STORE,
  NOT_FOUND,
  OVERLOADED,
  PLAIN,
  plain,
  REFUSED_COMMANDS,
} from './responses.js';

export interface DescribedEndpoint {
  readonly tag: 'Checks' | 'Commands' | 'State' | 'Diagnostics' | 'Page';
  /** One sentence without a period. */
  readonly summary: string;
  /** Of patterns whose summary is another one. */
  readonly summaries?: Readonly<Record<string, string>>;
  /** Parameters of the path that have another meaning here than by their name alone. */
  readonly path?: Readonly<Record<string, PathParameterName>>;
  readonly queries?: readonly QueryName[];
  /** By status; 400 follows from the parameters. */
  readonly responses: DescribedResponses;
}

type Further = Partial<Omit<DescribedEndpoint, 'tag' | 'summary' | 'responses'>>;

const NOTE_QUERIES: readonly QueryName[] = ['reason', 'owner'];

function command(summary: string, ok: DescribedResponse, further: Further = {}): DescribedEndpoint {
  const queries = [...(further.queries ?? []), ...NOTE_QUERIES];
  return {
    ...{ tag: 'Commands', summary, ...further, queries },
    responses: { 200: ok, ...REFUSED_COMMANDS },
  };
}

/** Only main, or every thread together, knows the answer. */
function state(summary: string, body: BodyName, further: Further = {}): DescribedEndpoint {
  return { ...local(summary, body, further), responses: { ...ok(body), 503: OVERLOADED } };
}

/** The thread that is asked knows the answer. */
function local(summary: string, body: BodyName, further: Further = {}): DescribedEndpoint {
  return { tag: 'State', summary, ...further, responses: ok(body) };
}

function ok(body: BodyName): { readonly 200: DescribedResponse } {
  return { 200: json(body, 'As of now.', body) };
}

function quoted(summary: string, further: DescribedResponses = {}): DescribedEndpoint {
  const text = { ...plain('Quoted', 'A JSON string, sent as text.'), body: 'Quoted' } as const;
  return { tag: 'State', summary, responses: { 200: text, ...further } };
}

function profile(summary: string, queries: readonly QueryName[]): DescribedEndpoint {
  const taken = json('Profile', "In the format of Chrome's developer tools.", 'Profile');
  return {
    ...{ tag: 'Diagnostics', summary, queries },
    responses: {
      200: taken,
      403: CROSS_SITE,
      404: { ...NOT_FOUND, name: 'NoProfiling', description: 'EnableProfiling is not set.' },
      503: json('ProfileBusy', 'Another profile is being taken.', 'General'),
    },
  };
}

function pageFile(
  summary: string,
  name: string,
  contentTypes: readonly string[],
  further: DescribedResponses = {},
): DescribedEndpoint {
  return {
    ...{ tag: 'Page', summary },
    responses: {
      200: { name, description: 'The file.', contentTypes, body: 'Text' },
      304: {
        ...{ name: 'NotModified', contentTypes: [] },
        description: 'The client has it: If-None-Match has its ETag.',
      },
      ...further,
    },
  };
}

const HTML = 'text/html; charset=utf-8';
const FILE_TYPES = [
  'text/javascript; charset=utf-8',
  'text/css; charset=utf-8',
  'image/svg+xml',
  HTML,
];

const matched = (name: 'AppCommand' | 'HostCommand' | 'Lift' | 'ThresholdCommand') =>
  json(name, 'Committed by a majority, applied here, and known to every thread.', name);

const SHORT_TTL = { path: { ttlMinutes: 'shortTtlMinutes' } } as const;
const COMMANDED = { app: 'commandedApp' } as const;
const ONE_STORE: Further = { queries: ['store_name'], path: COMMANDED };
const LIFT = matched('Lift');

const PART: Further = { queries: ['entries', 'after', 'prefix'] };

const NO_METRIC = json('NoMetric', 'The store or metric is not configured.', 'General');

export const ENDPOINTS: Readonly<Record<HttpEndpoint, DescribedEndpoint>> = {
  check: {
    tag: 'Checks',
    summary: 'May this app write to this store now? 200: yes; anything else: wait',
    summaries: {
      '/check-if-exists/:app/:storeType/:storeName':
        'As /check, but a store that is not configured is no reason to wait',
      '/check-read/:app/:storeType/:storeName/:threshold':
        "As /check, with the client's own threshold",
      '/check-read-if-exists/:app/:storeType/:storeName/:threshold':
        "As /check-if-exists, with the client's own threshold",
    },
    path: { threshold: 'readThreshold' },
    queries: ['p', 'metric', 'verbose', 'wait'],
    responses: checkResponses('Check'),
  },
  checkAll: {
    tag: 'Checks',
    summary: 'May this app write to all of these stores now? The worst decides',
    queries: ['stores', 'p', 'metric', 'wait'],
    responses: checkResponses('CheckAll'),
  },
  why: {
    tag: 'Checks',
    summary: 'Why a check has its answer, for a person; it is not counted',
    queries: ['p', 'metric', 'threshold'],
    responses: checkResponses('Explanation'),
  },
  throttleApp: command('Throttles the app wholly for 60 minutes', matched('AppCommand'), {
    ...ONE_STORE,
    path: { app: 'throttledApp' },
    summaries: {
      '/throttle-app/:app/ratio/:ratio': 'Sets the share of denied checks and keeps the time',
      '/throttle-app/:app/ttl/:ttlMinutes': 'Sets the time and keeps the ratio',
      '/throttle-app/:app/ttl/:ttlMinutes/ratio/:ratio':
        'Sets the time and the share of denied checks',
    },
  }),
  unthrottleApp: command('Removes all entries of the app', LIFT, ONE_STORE),
  throttledApps: state('The throttled apps', 'ThrottledApps', PART),
  skipHost: command(
    'Excludes a host from all probes, for 60 minutes unless given',
    matched('HostCommand'),
  ),
  recoverHost: command('Probes a skipped host again', LIFT),
  skippedHosts: state('The skipped hosts', 'SkippedHosts', PART),
  exemptApp: command(
    'Lets the app pass whatever the metrics say, for 60 minutes unless given',
    matched('AppCommand'),
    { ...ONE_STORE, path: { ...COMMANDED, ...SHORT_TTL.path } },
  ),
  unexemptApp: command('Ends all exemptions of the app', LIFT, ONE_STORE),
  exemptedApps: state('The exempted apps', 'ExemptedApps', PART),
  setThreshold: {
    ...command(
      'Judges a metric by this threshold, for 60 minutes unless given',
      matched('ThresholdCommand'),
      SHORT_TTL,
    ),
    responses: { 200: matched('ThresholdCommand'), 404: NO_METRIC, ...REFUSED_COMMANDS },
  },
  resetThreshold: command('The configured threshold counts again', LIFT),
  thresholds: state('The thresholds that operators have set', 'Thresholds', PART),
  recentApps: state('Apps that checked on this node in the last 24 hours', 'RecentApps', {
    ...PART,
    summaries: { '/recent-apps/:lastMinutes': 'Apps that checked on this node lately' },
  }),
  apps: state('Which apps ask about which stores, who waits and why', 'Apps', {
    queries: ['apps', 'ofStore', 'ofApps'],
  }),
  lbCheck: local('200 while the process serves', 'General'),
  leaderCheck: quoted('Whether this node may act as leader, for load balancers', {
    404: plain('NotLeading', 'This node must not act as leader.', '"HTTP 404"\n'),
  }),
  consensusLeader: quoted("The leader's address", {
    500: { name: 'LeaderUnknown', description: 'No leader is known.', contentTypes: [PLAIN] },
    503: OVERLOADED,
  }),
  consensusState: quoted('The role of this node', { 503: OVERLOADED }),
  consensusStatus: state('The state of consensus, and the nodes reached', 'ConsensusStatus'),
  cluster: state('Every node of the cluster, as this one knows it', 'Cluster'),
  yieldLeadership: {
    ...{ tag: 'Commands', queries: NOTE_QUERIES },
    summary: 'The leader hands over to another node at once',
    responses: {
      200: json('Yielded', 'The node that leads now.', 'Yielded'),
      409: json(
        'NotYielded',
        'This node does not lead, or no other node can; nothing was changed.',
        'General',
      ),
      ...{ 403: CROSS_SITE, 503: OVERLOADED, 504: REFUSED_COMMANDS[504] },
    },
  },
  hostname: quoted("The host's name"),
  aggregatedMetrics: local('The current value or error of each metric', 'AggregatedMetrics', {
    queries: ['brief'],
  }),
  metricsHealth: local('How long ago each metric was healthy, on the leader', 'MetricsHealth'),
  memcache: local('The memcached servers that values are written to', 'Memcache'),
  stores: local('Each metric of each store', 'Stores'),
  store: {
    ...{ tag: 'State', summary: 'One store with its hosts' },
    responses: { ...ok('Store'), 404: NO_STORE, 503: OVERLOADED },
  },
  events: state('What happened lately, oldest first', 'Events', { queries: ['since', 'events'] }),
  history: {
    ...{ tag: 'State', summary: 'The last 15 minutes of a store, one point a second' },
    queries: ['lastSeconds'],
    responses: { ...ok('History'), 404: NO_STORE, 503: OVERLOADED },
  },
  matches: state('What throttle-app or skip-host would match; nothing is changed', 'Matches', {
    summaries: {
      '/matches/app/:app': 'What throttle-app would match; nothing is changed',
      '/matches/host/:hostName': 'What skip-host would match; nothing is changed',
    },
    ...ONE_STORE,
  }),
  inventory: state('The hosts of each cluster, and where they come from', 'Inventory', PART),
  vars: {
    ...state('Counters and measurements as one flat object', 'Variables'),
    tag: 'Diagnostics',
  },
  metrics: {
    ...{ tag: 'Diagnostics', summary: 'All metrics for Prometheus' },
    responses: {
      200: {
        ...{ name: 'Metrics', description: "Prometheus' text format.", body: 'Text' },
        contentTypes: ['text/plain; version=0.0.4; charset=utf-8'],
      },
      503: OVERLOADED,
    },
  },
  cpuProfile: profile('A CPU profile of a thread, with EnableProfiling', [
    'thread',
    'profileSeconds',
  ]),
  heapSnapshot: profile('A heap snapshot of a thread, which may hold passwords', ['thread']),
  page: pageFile('The page', 'Page', [HTML]),
  pageFile: pageFile('A file of the page', 'PageFile', FILE_TYPES, { 404: NOT_FOUND }),
  stream: {
    ...{ tag: 'Page', summary: 'The stream of the page: server-sent events' },
    responses: {
      200: {
        ...{ name: 'Stream', description: 'Without an end.', body: 'Text' },
        contentTypes: ['text/event-stream'],
      },
      503: json('TooManyPages', 'Too many pages are open on this node.', 'General'),
    },
  },
  access: local('Who the caller is, and what it may do', 'Access'),
  openapi: { ...local('This document', 'Document'), tag: 'Diagnostics' },
  help: { ...local('All paths', 'Paths'), tag: 'Diagnostics' },
};
