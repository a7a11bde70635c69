/** Benchmark: what it costs that connections to hosts are replaced by new ones. */
import { writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Fleet } from '../src/demo/fleet.js';
import type { FrenoNode } from '../src/demo/freno-node.js';
import { until } from '../test/support/until.js';
import type { Benchmark, BenchmarkContext } from './support/benchmark.js';
import { clustersOf, ownFleet, ownFreno } from './support/freno.js';
import { allConnected, observe } from './support/prober.js';
import type { ReportTable } from './support/report.js';
import { median } from './support/statistics.js';

const HOSTS = 1_000;
const CLUSTER_SIZE = 20;
const DEFAULT_AGE_SECS = 60;
/** Far more often than by default: the cost of one renewal is small beside that of the probes. */
const SHORT_AGE_SECS = 4;
const NEVER_SECS = 86_400;
const QUIET_MS = 1_000;
const QUIET_TIMEOUT_MS = 30_000;

export const renewal: Benchmark = {
  name: 'renewal',
  title: 'new connections to 1,000 hosts in place of old ones: CPU beside that of the probes',
  async run(context) {
    const rounds = context.quick ? 1 : 5;
    const fleet = await ownFleet(context, HOSTS);
    const results: RenewalPair[] = [];
    for (let round = 0; round < rounds; round++) {
      context.progress(`renewal: round ${round + 1} of ${rounds}`);
      results.push(await compare(context, fleet));
    }
    const of = (pick: (result: RenewalPair) => number): number => median(results.map(pick));
    const micros = of(({ never, often }) => costOfOne(never, often));
    // By default ages are drawn from 45 to 60 s, and 52.5 s is their mean.
    const perSecond = HOSTS / (DEFAULT_AGE_SECS * 0.875);
    const share = (micros * perSecond) / (of(({ never }) => never.cpuShare) * 1e6);
    return [
      {
        title: `Renewal of the connections to ${HOSTS.toLocaleString('en')} hosts`,
        columns: COLUMNS,
        rows: [
          { age: 'never', ...summaryOf(results.map(({ never }) => never)), micros: null },
          { age: `${SHORT_AGE_SECS} s`, ...summaryOf(results.map(({ often }) => often)), micros },
        ],
        notes: [
          'CPU of the whole process. A renewal logs in to the simulated servers, without TLS, ' +
            'beside the probes over the old connection.',
          `The cost at ${DEFAULT_AGE_SECS} s, the default, is that of ` +
            `${perSecond.toFixed(0)} renewals a second.`,
        ],
        demands: [
          {
            what: 'CPU of the renewal of connections to 1,000 hosts by default, % of the rest',
            demanded: 'at most 2',
            measured: share * 100,
            digits: 2,
          },
        ],
      },
    ];
  },
};

interface RenewalWindow {
  readonly kept: number;
  readonly renewedPerSecond: number;
  readonly cpuShare: number;
}

interface RenewalPair {
  readonly often: RenewalWindow;
  readonly never: RenewalWindow;
}

/** One process does both, so that its code is as warm for one as for the other. */
async function compare(context: BenchmarkContext, fleet: Fleet): Promise<RenewalPair> {
  const mysql = { MaxConnectionAgeSecs: SHORT_AGE_SECS };
  const freno = await ownFreno(context, { clusters: clustersOf(fleet.hosts, CLUSTER_SIZE), mysql });
  await allConnected(fleet, HOSTS);
  await delay(2 * SHORT_AGE_SECS * 1_000);
  const often = await windowOf(context, fleet, freno);
  setAge(freno, NEVER_SECS);
  // Each connection is renewed once more, and its successor stays.
  await until(() => isQuiet(fleet), QUIET_TIMEOUT_MS);
  const never = await windowOf(context, fleet, freno);
  await context.release(freno);
  return { often, never };
}

function setAge({ configuration, process }: FrenoNode, secs: number): void {
  const { MySQL } = configuration.Stores as { readonly MySQL: object };
  const Stores = { MySQL: { ...MySQL, MaxConnectionAgeSecs: secs } };
  writeFileSync(process.configFile, JSON.stringify({ ...configuration, Stores }));
  process.signal('SIGHUP');
}

async function isQuiet(fleet: Fleet): Promise<boolean> {
  const { accepted } = await fleet.statistics();
  await delay(QUIET_MS);
  return (await fleet.statistics()).accepted === accepted;
}

async function windowOf(
  context: BenchmarkContext,
  fleet: Fleet,
  freno: FrenoNode,
): Promise<RenewalWindow> {
  const before = await fleet.statistics();
  const startedMs = performance.now();
  const windowMs = (context.quick ? 1 : 3) * SHORT_AGE_SECS * 1_000;
  const { kept, cpuShare } = await observe(fleet, HOSTS, freno.process.pid, windowMs);
  const renewed = (await fleet.statistics()).accepted - before.accepted;
  return { kept, cpuShare, renewedPerSecond: (renewed * 1_000) / (performance.now() - startedMs) };
}

/** Microseconds. Where fewer probes are made, they also cost less. */
function costOfOne(never: RenewalWindow, often: RenewalWindow): number {
  const probes = never.cpuShare * Math.min(1, often.kept / never.kept);
  return ((often.cpuShare - probes) * 1e6) / (often.renewedPerSecond - never.renewedPerSecond);
}

function summaryOf(windows: readonly RenewalWindow[]) {
  const of = (pick: (window: RenewalWindow) => number): number => median(windows.map(pick));
  return {
    kept: of(({ kept }) => kept * 100),
    renewed: of(({ renewedPerSecond }) => renewedPerSecond),
    cores: of(({ cpuShare }) => cpuShare),
  };
}

const COLUMNS: ReportTable['columns'] = [
  { key: 'age', title: 'greatest age' },
  { key: 'kept', title: 'made %', digits: 1 },
  { key: 'renewed', title: 'renewals/s', digits: 1 },
  { key: 'cores', title: 'cores', digits: 3 },
  { key: 'micros', title: 'CPU µs/renewal', digits: 0 },
];
