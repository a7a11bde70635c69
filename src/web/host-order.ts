/** The order of the hosts of an open store. */
import type { HostRow } from './topics.js';

/** Those that decide, then those in error, then by their value, then those that do not count. */
export function hostsWorstFirst(hosts: readonly HostRow[]): HostRow[] {
  const ranked = hosts.map((host) => ({ host, rank: rankOf(host), value: highestOf(host) }));
  ranked.sort((left, right) => left.rank - right.rank || right.value - left.value);
  return ranked.map(({ host }) => host);
}

/** 0: it decides. */
export function rankOf({ Metrics }: HostRow): number {
  if (Metrics === undefined) return 4;
  if (Metrics.some(({ Decides }) => Decides === true)) return 0;
  if (Metrics.some((metric) => metric.Error !== undefined && metric.Value === undefined)) return 1;
  return Metrics.some(({ Standing }) => Standing === 'counts') ? 2 : 3;
}

function highestOf({ Metrics = [] }: HostRow): number {
  return Math.max(...Metrics.map(({ Value }) => Value ?? 0), 0);
}
