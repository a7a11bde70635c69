/**
 * Benchmark: resident memory at rest, under load, and whether it grows with the names of apps that
 * clients make up.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Benchmark, BenchmarkContext } from './support/benchmark.js';
import { checkPath, clustersOf, ownFleet, ownFreno } from './support/freno.js';
import { LoadGenerator } from './support/load.js';
import { residentBytes } from './support/processes.js';
import { slope } from './support/statistics.js';

const HOSTS = 100;
const DISTINCT_APPS = 100_000;
const CONNECTIONS = 16;
const SAMPLE_INTERVAL_MS = 1_000;

type MemorySample = readonly [atMinutes: number, megabytes: number];

export const memory: Benchmark = {
  name: 'memory',
  title: 'resident memory at rest and under load of many app names',
  async run(context) {
    const restS = context.quick ? 2 : 15;
    const loadS = context.soak ? 600 : context.quick ? 10 : 30;
    const fleet = await ownFleet(context, HOSTS);
    const freno = await ownFreno(context, {
      clusters: clustersOf(fleet.hosts, 20),
      probeWorkers: 2,
    });
    context.progress(`memory: at rest, ${restS} s`);
    const rest = await sampled(freno.process.pid, delay(restS * 1000));
    context.progress(`memory: ${DISTINCT_APPS} app names, ${loadS} s`);
    const load = await loaded(context, freno.port, freno.process.pid, loadS);
    await context.release(freno);
    const loadFigures = figures(load.samples);
    return [
      {
        title: 'Memory',
        columns: [
          { key: 'phase', title: 'phase' },
          { key: 'seconds', title: 'seconds' },
          { key: 'checks', title: 'checks' },
          { key: 'median', title: 'median MB', digits: 1 },
          { key: 'max', title: 'max MB', digits: 1 },
          { key: 'slope', title: 'slope MB/min', digits: 2 },
        ],
        rows: [
          { phase: 'at rest', seconds: restS, checks: 0, ...figures(rest) },
          {
            phase: `${DISTINCT_APPS.toLocaleString('en')} app names`,
            seconds: loadS,
            checks: load.requests,
            ...loadFigures,
          },
        ],
        notes: [
          `One HTTP worker, two probe workers, ${HOSTS} hosts in five clusters. Resident ` +
            `set of the whole process, each second; ${CONNECTIONS} connections ask as fast ` +
            'as they are answered.',
          'The slope is that of the second half of the phase. Short runs show the garbage ' +
            'collector rather than a leak: --soak runs for ten minutes.',
        ],
        demands: [
          { what: 'resident memory, highest MB', demanded: 'below 160', measured: loadFigures.max },
          {
            what:
              `growth of resident memory in the second half of ${loadS} s of checks, MB per ` +
              'minute',
            demanded: 'flat over 600 s: 0',
            measured: loadFigures.slope,
            digits: 2,
          },
        ],
      },
    ];
  },
};

async function loaded(context: BenchmarkContext, port: number, pid: number, seconds: number) {
  const generator = context.own(new LoadGenerator());
  const load = generator.run({
    port,
    method: 'GET',
    path: checkPath('c0', 'app{n}'),
    distinct: DISTINCT_APPS,
    connections: CONNECTIONS,
    durationMs: seconds * 1000,
  });
  const samples = await sampled(pid, load);
  const { requests, failures } = await load;
  if (failures > 0) throw new Error(`${failures} of ${requests} checks failed`);
  return { samples, requests };
}

/** Resident memory each second until `over` settles. */
async function sampled(pid: number, over: Promise<unknown>): Promise<MemorySample[]> {
  const samples: MemorySample[] = [];
  const startedMs = performance.now();
  const sample = (): void => {
    samples.push([(performance.now() - startedMs) / 60_000, residentBytes(pid) / 2 ** 20]);
  };
  sample();
  const timer = setInterval(sample, SAMPLE_INTERVAL_MS);
  try {
    await over;
  } finally {
    clearInterval(timer);
  }
  sample();
  return samples;
}

function figures(samples: readonly MemorySample[]) {
  const megabytes = samples.map(([, value]) => value).sort((left, right) => left - right);
  return {
    median: megabytes[megabytes.length >> 1]!,
    max: megabytes.at(-1)!,
    slope: slope(samples.slice(samples.length >> 1)),
  };
}
