/** Settings of clusters for tests: everything off but what a test names. */
import type { ClusterSettings } from '../../src/wire/stores.js';

export function clusterSettings(changes: Partial<ClusterSettings>): ClusterSettings {
  return {
    name: 'c',
    source: { kind: 'none' },
    user: 'freno',
    password: 'secret-of-freno',
    metricQuery: '',
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
