/** One cluster under storms, with clients, and the judgement of what they saw. */

import { SeededRandom } from '../support/random.js';
import { until } from '../support/until.js';
import { type ClientCounts, TortureClients } from './clients.js';
import type { BreakableNode } from './cluster.js';
import { BreakableCluster } from './cluster.js';
import { get } from './http.js';
import { LeadershipWatch } from './leadership-watch.js';
import { Storm } from './storm.js';
import { Violations } from './violations.js';

/** All nodes serve and agree at the latest so long after the last fault. */
const HEAL_MS = 45_000;
const LIST_TIMEOUT_MS = 10_000;
/** Missing apps that are named. */
const NAMES_MAX = 10;

export interface TortureOptions {
  readonly nodes: number;
  readonly seed: number;
  readonly durationMs: number;
  /** Length of a storm; after each the nodes are healed and compared. */
  readonly stormMs: number;
  readonly onSmallDisks: boolean;
  /** Each sync of the first node takes so long, beside all faults; 0 unless given. */
  readonly slowDiskMs?: number;
}

export interface TortureReport {
  readonly nodes: number;
  readonly storms: number;
  readonly counts: ClientCounts;
  readonly faults: ReadonlyMap<string, number>;
  readonly exits: number;
  readonly leaderChanges: number;
  readonly longestGapMs: number;
  readonly violations: Violations;
  /** Of the logs and data, which are kept after a violation. */
  readonly directory: string;
}

export async function torture(options: TortureOptions): Promise<TortureReport> {
  const { nodes: count, seed, durationMs, stormMs, onSmallDisks, slowDiskMs = 0 } = options;
  const cluster = await BreakableCluster.start({ count, onSmallDisks });
  cluster.nodes[0]!.disk?.usuallySlow(slowDiskMs);
  const violations = new Violations();
  try {
    const watch = new LeadershipWatch(cluster.nodes);
    const random = new SeededRandom(seed);
    const clients = new TortureClients(cluster.nodes, watch, random, violations);
    const storm = new Storm({ cluster, watch }, seed);
    const untilMs = performance.now() + durationMs;
    let storms = 0;
    do {
      storms += 1;
      await storm.rage(Math.min(stormMs, Math.max(0, untilMs - performance.now())));
      await healed(cluster, violations);
      await compare(cluster.nodes, clients.acknowledged, violations);
    } while (performance.now() < untilMs && violations.counts.size === 0);
    await Promise.all([clients.end(), watch.end()]);
    await compare(cluster.nodes, clients.acknowledged, violations, { isQuiet: true });
    watch.judge(violations);
    clients.judge();
    return {
      nodes: count,
      storms,
      counts: clients.counts,
      faults: storm.counts,
      exits: storm.exits,
      leaderChanges: watch.changes,
      longestGapMs: watch.longestGapMs,
      violations,
      directory: cluster.directory,
    };
  } finally {
    await cluster.stop({ keepFiles: violations.counts.size > 0 });
  }
}

async function healed(cluster: BreakableCluster, violations: Violations): Promise<void> {
  try {
    await cluster.heal();
  } catch (error) {
    violations.add('noLeader', String(error));
  }
}

/**
 * Each node must list all that was acknowledged before. Without writers (`isQuiet`) all lists must
 * be the same as well.
 */
async function compare(
  nodes: readonly BreakableNode[],
  acknowledged: ReadonlySet<string>,
  violations: Violations,
  { isQuiet = false } = {},
): Promise<void> {
  const wanted = [...acknowledged];
  let missing: string[] = [];
  const lists = new Map<BreakableNode, string>();
  try {
    await until(
      async () => {
        missing = [];
        for (const node of nodes) {
          const { status, body } = await get(node.port, '/throttled-apps', LIST_TIMEOUT_MS);
          if (status !== 200) return undefined;
          const listed = JSON.parse(body) as Readonly<Record<string, object>>;
          lists.set(node, JSON.stringify(Object.entries(listed).toSorted()));
          const absent = wanted.filter((app) => !(app in listed));
          if (absent.length > 0) missing.push(`node ${node.number}: ${summary(absent)}`);
        }
        return missing.length === 0 && (!isQuiet || new Set(lists.values()).size === 1);
      },
      HEAL_MS,
      () => missing.join('; '),
    );
  } catch (error) {
    if (missing.length > 0) violations.add('lost', `${missing.join('; ')} of ${wanted.length}`);
    else violations.add(isQuiet ? 'differing' : 'noLeader', String(error));
  }
}

function summary(apps: readonly string[]): string {
  return `${apps.length} missing (${apps.slice(0, NAMES_MAX).join(', ')})`;
}
