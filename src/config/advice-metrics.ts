/** Warnings about metrics and rules of apps that are valid, and most likely mistakes. */
import { KNOWN_METRICS } from './known-metrics.js';
import { namedMetrics, ownMetricName } from './named-metrics.js';
import { nearest } from './nearest.js';
import type { FrenoConfig } from './schema.js';
import { type Path, pathText } from './schema-walk.js';

/** One line for each warning, which begins with the path of a key; some repeat. */
export function metricAdvice(config: FrenoConfig): string[] {
  const mysql = config.Stores.MySQL;
  const mysqlPath: Path = ['Stores', 'MySQL'];
  const names = new Set<string>();
  const lines: string[] = [];
  for (const [clusterName, cluster] of Object.entries(mysql.Clusters)) {
    const path: Path = [...mysqlPath, 'Clusters', clusterName];
    names.add(ownMetricName(mysql, cluster));
    for (const [name, { keys, inCluster }] of namedMetrics(mysql, cluster)) {
      names.add(name);
      if (keys.Threshold !== undefined) continue;
      const place = [...(inCluster ? path : mysqlPath), 'Metrics', name, 'Threshold'];
      lines.push(`${pathText(place)}: ${withoutThreshold(name)}`);
    }
    for (const [name, { Enabled }] of Object.entries(cluster.Metrics)) {
      if (Enabled !== false || Object.hasOwn(mysql.Metrics, name)) continue;
      const place = pathText([...path, 'Metrics', name]);
      const near = nearest(name, Object.keys(mysql.Metrics));
      lines.push(`${place}: takes out nothing: Stores.MySQL has no such metric${didYouMean(near)}`);
    }
  }
  return [...lines, ...appAdvice(config, names)];
}

function withoutThreshold(name: string): string {
  const known = KNOWN_METRICS.get(name);
  const start = known === undefined ? '' : `; ${known.threshold} is one to start from`;
  return `not set, so checks pass only while the metric is 0 or less${start}`;
}

/** A rule for a metric that no store has does nothing. */
function appAdvice({ Apps }: FrenoConfig, names: ReadonlySet<string>): string[] {
  if (names.size === 0) return [];
  return Object.entries(Apps).flatMap(([pattern, { Metrics = [], Thresholds = {} }]) => {
    const named: Array<readonly [name: string, path: Path]> = [
      ...Metrics.map((name) => [name, ['Apps', pattern, 'Metrics']] as const),
      ...Object.keys(Thresholds).map(
        (name) => [name, ['Apps', pattern, 'Thresholds', name]] as const,
      ),
    ];
    return named
      .filter(([name]) => !names.has(name))
      .map(([name, path]) => {
        const near = nearest(name, [...names]);
        return `${pathText(path)}: no store has a metric ${name}${didYouMean(near)}`;
      });
  });
}

function didYouMean(near: string | undefined): string {
  return near === undefined ? '' : `; did you mean ${near}?`;
}
