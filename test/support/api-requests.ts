/** How to get each status of each route that the OpenAPI document has. */
import type { FrenoNode } from '../../src/demo/freno-node.js';
import type { HttpEndpoint, Route } from '../../src/http/worker/routes.js';
import type { ApiParameter, ParameterLimits } from './api-document.js';
import type { HttpRequestOptions } from './http-client.js';

/** The nodes that answer. */
export interface ApiNodes {
  readonly leader: FrenoNode;
  readonly follower: FrenoNode;
  /** Of a cluster without a leader, without `EnableProfiling`. */
  readonly alone: FrenoNode;
}

export interface ApiRequest {
  readonly node: FrenoNode;
  readonly path: string;
  readonly headers?: NonNullable<HttpRequestOptions['headers']>;
}

/** Parameters by their names; of the clusters of `PageCluster`. */
const VALUES: Readonly<Record<string, string>> = {
  ...{ app: 'a', storeType: 'mysql', storeName: 'main1', hostName: '192.0.2.1' },
  ...{ ttlMinutes: '5', ratio: '0', threshold: '1', metric: 'lag', lastMinutes: '5' },
  file: 'main.js',
};

/** Queries without which there is no 200. */
const QUERIES: Partial<Record<HttpEndpoint, string>> = {
  checkAll: 'store=mysql/main1',
  cpuProfile: 'seconds=1',
  heapSnapshot: 'thread=probe',
};

/** Of routes without parameters in their paths. */
const REFUSED_QUERIES: Partial<Record<HttpEndpoint, string>> = {
  ...{ apps: 'limit=0', events: 'since=x', cpuProfile: 'seconds=61', heapSnapshot: 'thread=x' },
  yieldLeadership: 'reason=%00',
  ...{ throttledApps: 'limit=0', skippedHosts: 'limit=0' },
  ...{ recentApps: 'limit=0', inventory: 'limit=0' },
  ...{ exemptedApps: 'limit=0', thresholds: 'limit=0' },
};

const CROSS_SITE = { 'Sec-Fetch-Site': 'cross-site' };

export const DENIED_APP = 'denied';

/** The path of a route with values for its parameters, and with the query that it needs. */
export function pathOf(route: Route, changes: Readonly<Record<string, string>> = {}): string {
  const values = { ...VALUES, ...changes };
  const path = route.pattern.replace(/:(\w+)/g, (_, name: string) => values[name]!);
  const query = QUERIES[route.endpoint];
  return query === undefined ? path : `${path}?${query.replace('main1', values.storeName!)}`;
}

/** A query of the parameter for each of its limits, which is just beyond that limit. */
export function queriesBeyond({ name, schema }: ApiParameter): string[] {
  const { maxItems } = schema;
  const items = maxItems === undefined ? [] : [`${name}=mysql/main1&`.repeat(maxItems + 1)];
  return [...items, ...valuesBeyond(schema).map((value) => `${name}=${value}`)];
}

/** A value for each limit, which is just beyond it. */
export function valuesBeyond({ minimum, maximum, maxLength }: ParameterLimits): string[] {
  return [
    ...(minimum === undefined ? [] : [String(minimum - 1)]),
    ...(maximum === undefined ? [] : [String(maximum + 1)]),
    ...(maxLength === undefined ? [] : ['x'.repeat(maxLength + 1)]),
  ];
}

/** The request that gets the status of the route; undefined: there is none here. */
export function requestFor(
  route: Route,
  status: number,
  { leader, follower, alone }: ApiNodes,
): ApiRequest | undefined {
  const { endpoint } = route;
  const isCheck = endpoint === 'check' || endpoint === 'checkAll' || endpoint === 'why';
  const at = (node: FrenoNode, changes = {}): ApiRequest => ({
    node,
    path: pathOf(route, changes),
  });
  switch (status) {
    case 200:
      return at(leader);
    case 400: {
      const [parameter] = route.segments.filter((segment) => segment.startsWith(':'));
      if (parameter !== undefined) return at(leader, { [parameter.slice(1)]: '%zz' });
      return { node: leader, path: `${route.pattern}?${REFUSED_QUERIES[endpoint] ?? 'x=%zz'}` };
    }
    case 403:
      return { ...at(leader), headers: CROSS_SITE };
    case 404:
      if (isCheck || endpoint === 'leaderCheck') return at(follower);
      if (endpoint === 'cpuProfile' || endpoint === 'heapSnapshot') return at(alone);
      return at(leader, { storeName: 'nosuch', file: 'nosuch.js' });
    case 409:
      return at(follower);
    case 417:
      return at(leader, { app: DENIED_APP });
    case 429:
      return at(leader, { storeName: 'main3' });
    case 500:
      return isCheck ? at(leader, { storeName: 'audit' }) : at(alone);
    case 503:
      return route.allow.includes('POST') && endpoint !== 'yieldLeadership' ? at(alone) : undefined;
    default:
      return undefined;
  }
}
