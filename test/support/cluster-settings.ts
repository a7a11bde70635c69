/** Settings of a cluster for tests. */
import type { ClusterSettings, HostSource } from '../../src/contracts/stores.js';

/** A cluster `name` with that source; everything else at its default. */
export function clusterSettings(
  name: string,
  source: HostSource,
  changes: Partial<ClusterSettings> = {},
): ClusterSettings {
  return {
    name,
    source,
    user: 'freno',
    password: 'freno',
    metricQuery: 'select 1',
    cacheMs: 0,
    throttleThreshold: 1,
    port: 3306,
    collation: '',
    tls: null,
    ignoreDialTcpErrors: false,
    ignoreHostsCount: 0,
    ignoreHostsThreshold: 0,
    httpCheckPort: 0,
    httpCheckPath: '',
    ignoreHosts: [],
    ...changes,
  };
}
