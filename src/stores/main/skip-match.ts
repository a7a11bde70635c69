/** What the skip of a host takes out of the clusters. */
import { formatAddress } from '../../base/address.js';
import type { SkipMatch } from '../../contracts/reports.js';
import type { ProbeTarget } from '../../contracts/stores.js';
import { thresholdKey } from '../../throttle/commands.js';
import {
  isIgnored,
  type PlacedCluster,
  type PlacedMetric,
  type SkipTest,
} from './placed-cluster.js';

/** `entry`: the name of the skip, of a host or `host:port`. `isSkipped`: by any skip in force. */
export function matchSkip(
  clusters: Iterable<PlacedCluster>,
  entry: string,
  isSkipped: SkipTest,
): SkipMatch {
  const folded = entry.toLowerCase();
  const hosts = new Set<string>();
  const stores = new Set<string>();
  const emptied: string[] = [];
  for (const cluster of clusters) {
    for (const metric of cluster.metrics) {
      const listed = countedHosts(metric);
      const named = listed.filter((host) => isNamed(host, folded));
      if (named.length === 0) continue;
      for (const host of named) hosts.add(formatAddress(host));
      stores.add(thresholdKey('mysql', cluster.name, ''));
      const isEmptied = listed.every((host) => isNamed(host, folded) || isSkipped(host));
      if (isEmptied) emptied.push(cluster.thresholdKeyOf(metric));
    }
  }
  return { hosts: [...hosts].sort(), stores: [...stores].sort(), emptied: emptied.sort() };
}

/** Every host that a skip can take out, once for each metric that counts it. */
export function* skippableHosts(clusters: Iterable<PlacedCluster>): Iterable<ProbeTarget> {
  for (const cluster of clusters) {
    for (const metric of cluster.metrics) yield* countedHosts(metric);
  }
}

function countedHosts({ settings, source }: PlacedMetric): ProbeTarget[] {
  return (source.targets ?? []).filter((host) => !isIgnored(settings, host));
}

function isNamed(target: ProbeTarget, folded: string): boolean {
  return (
    target.host.toLowerCase() === folded ||
    (folded.includes(':') && formatAddress(target).toLowerCase() === folded)
  );
}
