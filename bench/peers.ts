/** Benchmark: a cluster whose nodes talk over TLS, paired with one whose nodes talk in clear. */
import type { FrenoNode } from '../src/demo/freno-node.js';
import { CertificateAuthority } from '../test/support/certificates.js';
import { handover } from './failover.js';
import type { Benchmark, BenchmarkContext } from './support/benchmark.js';
import { leaderOf, ownCluster, settled } from './support/cluster.js';
import { clustersOf, ownFleet } from './support/freno.js';
import { LoadGenerator } from './support/load.js';
import { cpuMicros } from './support/processes.js';
import type { Demand } from './support/report.js';
import { median } from './support/statistics.js';

const APPS = 1_000;
const CLIENTS = [1, 64] as const;

/** A number of both clusters, round by round: in clear, then over TLS. */
type PairedRounds = ReadonlyArray<readonly [clear: number, tls: number]>;

export const peers: Benchmark = {
  name: 'peers',
  title: 'control requests and fail-over with TLS between the nodes, to those without',
  async run(context) {
    const rows = await measure(context);
    return [
      {
        title: 'TLS between the nodes',
        columns: [
          { key: 'what', title: 'three nodes' },
          { key: 'clear', title: 'in clear', digits: 2 },
          { key: 'tls', title: 'TLS', digits: 2 },
          { key: 'ratio', title: 'ratio', digits: 2 },
        ],
        rows,
        demands: demandsOf(rows),
        notes: [
          'Two clusters in turn, in each round; the ratio is the median of those of the rounds.',
        ],
      },
    ];
  },
};

async function measure(context: BenchmarkContext) {
  const fleet = await ownFleet(context, 1);
  const authority = await CertificateAuthority.create('benchmark');
  context.own({ stop: () => authority.remove() });
  const { certFile, keyFile } = await authority.issue('nodes', 'IP:127.0.0.1');
  const RaftTLS = { CAFile: authority.caFile, CertFile: certFile, KeyFile: keyFile };
  const clusters = clustersOf(fleet.hosts, 1);
  const pair = [
    await ownCluster(context, 3, { clusters }),
    await ownCluster(context, 3, { clusters, besides: { RaftTLS } }),
  ] as const;
  const generator = context.own(new LoadGenerator());
  const rows = [];
  for (const clients of CLIENTS) {
    const rounds: Array<readonly [Load, Load]> = [];
    for (let round = 0; round < (context.quick ? 3 : 9); round++) {
      context.progress(`peers: ${clients} clients, round ${round + 1}`);
      const load = (nodes: readonly FrenoNode[]): Promise<Load> =>
        control(context, generator, nodes, clients);
      rounds.push([await load(pair[0]), await load(pair[1])]);
    }
    const of = (pick: (load: Load) => number): PairedRounds =>
      rounds.map(([clear, tls]) => [pick(clear), pick(tls)]);
    const name = clients === 1 ? '1 client' : `${clients} clients`;
    rows.push(
      row(
        `control requests/s, ${name}`,
        of(({ perSecond }) => perSecond),
      ),
    );
    rows.push(
      row(
        `CPU µs of all nodes for one, ${name}`,
        of(({ cpu }) => cpu),
      ),
    );
  }
  const failovers: Array<readonly [number, number]> = [];
  for (let round = 0; round < (context.quick ? 3 : 15); round++) {
    context.progress(`peers: fail-over ${round + 1}`);
    failovers.push([await failover(pair[0]), await failover(pair[1])]);
  }
  rows.push(row('kill -9 of the leader to the next one, ms', failovers));
  return rows;
}

interface Load {
  readonly perSecond: number;
  readonly cpu: number;
}

async function control(
  context: BenchmarkContext,
  generator: LoadGenerator,
  nodes: readonly FrenoNode[],
  clients: number,
): Promise<Load> {
  const leader = await leaderOf(nodes);
  const cpu = (): number => nodes.reduce((sum, { process }) => sum + cpuMicros(process.pid), 0);
  const before = cpu();
  const { requests, seconds, failures } = await generator.run({
    port: leader.port,
    method: 'GET',
    path: '/throttle-app/app{n}/ttl/10/ratio/0.5',
    distinct: APPS,
    connections: clients,
    durationMs: context.quick ? 500 : 1_000,
  });
  if (failures > 0) throw new Error(`${failures} of ${requests} failed`);
  return { perSecond: requests / seconds, cpu: (cpu() - before) / requests };
}

async function failover(nodes: readonly FrenoNode[]): Promise<number> {
  const leader = await leaderOf(nodes);
  const others = nodes.filter((node) => node !== leader);
  const { leaderMs } = await handover(leader, 'SIGKILL', others);
  await leader.process.exited;
  leader.start();
  await settled(nodes);
  return leaderMs;
}

function row(what: string, rounds: PairedRounds) {
  return {
    what,
    clear: median(rounds.map(([clear]) => clear)),
    tls: median(rounds.map(([, tls]) => tls)),
    ratio: median(rounds.map(([clear, tls]) => tls / clear)),
  };
}

function demandsOf(rows: Awaited<ReturnType<typeof measure>>): Demand[] {
  const ratioOf = (what: string): number => rows.find((each) => each.what === what)!.ratio;
  return [
    {
      what: 'control requests with TLS between the nodes, to those without, 64 clients',
      demanded: 'at least 0.85',
      measured: ratioOf('control requests/s, 64 clients'),
      digits: 2,
    },
    {
      what: 'fail-over with TLS between the nodes, to that without',
      demanded: 'at most 1.2',
      measured: ratioOf('kill -9 of the leader to the next one, ms'),
      digits: 2,
    },
  ];
}
