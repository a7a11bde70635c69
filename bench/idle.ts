/**
 * Benchmark: traffic between the nodes and CPU of a cluster of three without clients.
 */
import { execFile } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { FrenoNode } from '../src/demo/freno-node.js';
import type { Benchmark } from './support/benchmark.js';
import { leaderOf, ownCluster } from './support/cluster.js';
import { cpuMicros, residentBytes } from './support/processes.js';

const NODES = 3;
/** Headers of IPv4 and of TCP with time stamps. */
const HEADER_BYTES = 52;

const run = promisify(execFile);

export const idle: Benchmark = {
  name: 'idle',
  title: 'bytes on the wire, CPU and memory of an idle three-node cluster',
  async run(context) {
    const seconds = context.quick ? 3 : 20;
    const nodes = await ownCluster(context, NODES, { clusters: {} });
    const leader = await leaderOf(nodes);
    context.progress(`idle: ${seconds} s`);
    const before = await traffic(nodes);
    const cpuBefore = nodes.map((node) => cpuMicros(node.process.pid));
    await delay(seconds * 1000);
    const after = await traffic(nodes);
    const cpu = nodes.map((node, at) => cpuMicros(node.process.pid) - cpuBefore[at]!);
    const payload = (after.payloadBytes - before.payloadBytes) / seconds;
    const segments = (after.segments - before.segments) / seconds;
    return [
      {
        title: 'Traffic of the idle cluster',
        columns: [
          { key: 'payload', title: 'payload bytes/s' },
          { key: 'segments', title: 'segments/s' },
          { key: 'wire', title: 'with TCP and IP headers, bytes/s' },
        ],
        rows: [{ payload, segments, wire: payload + segments * HEADER_BYTES }],
        notes: [
          'Sent by all nodes together, as the kernel counts it for their connections (ss(8)).',
        ],
      },
      {
        title: 'Nodes of the idle cluster',
        columns: [
          { key: 'role', title: 'role' },
          { key: 'cpu', title: 'CPU % of a core', digits: 2 },
          { key: 'memory', title: 'resident MB', digits: 1 },
        ],
        rows: nodes.map((node, at) => ({
          role: node === leader ? 'leader' : 'follower',
          cpu: cpu[at]! / seconds / 10_000,
          memory: residentBytes(node.process.pid) / 2 ** 20,
        })),
        notes: [`Over ${seconds} s, without stores to probe and without clients.`],
      },
    ];
  },
};

interface Traffic {
  readonly payloadBytes: number;
  readonly segments: number;
}

/** What the connections between the nodes have sent since they were made. */
async function traffic(nodes: readonly FrenoNode[]): Promise<Traffic> {
  const ports = nodes.map(({ configuration }) => String(configuration.RaftBind).split(':')[1]!);
  const filter = ports.flatMap((port) => [`sport = :${port}`, 'or', `dport = :${port}`, 'or']);
  const { stdout } = await run('ss', [
    '-tniHO',
    'state',
    'established',
    `( ${filter.slice(0, -1).join(' ')} )`,
  ]);
  const total = (field: RegExp): number =>
    [...stdout.matchAll(field)].reduce((sum, [, value]) => sum + Number(value), 0);
  return {
    payloadBytes: total(/\bbytes_sent:(\d+)/g),
    segments: total(/\bsegs_out:(\d+)/g),
  };
}
