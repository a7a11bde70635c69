/** Metrics of a node from `/metrics`, in Prometheus' text format. */
import type { FrenoNode } from '../../src/demo/freno-node.js';

/** Value of a metric without labels. */
export async function metricOf(node: FrenoNode, name: string): Promise<number> {
  const response = await fetch(`${node.url}/metrics`);
  const text = await response.text();
  const value = new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1];
  if (value === undefined) throw new Error(`${node.url}/metrics has no ${name}`);
  return Number(value);
}
