/**
 * `npm run bench`: runs the benchmarks that are named, shows their tables and keeps their results.
 */
import { parseArgs } from 'node:util';
import { messageOf } from '../src/base/errors.js';
import { checks } from './checks.js';
import { control } from './control.js';
import { dead } from './dead.js';
import { entries } from './entries.js';
import { failover } from './failover.js';
import { fleets } from './fleets.js';
import { flood } from './flood.js';
import { haproxy } from './haproxy.js';
import { idle } from './idle.js';
import { memory } from './memory.js';
import { metrics } from './metrics.js';
import { pages } from './pages.js';
import { peers } from './peers.js';
import { probes } from './probes.js';
import { renewal } from './renewal.js';
import { restart } from './restart.js';
import { rogues } from './rogues.js';
import { scale } from './scale.js';
import { scrape } from './scrape.js';
import { staleness } from './staleness.js';
import { start } from './start.js';
import { type Benchmark, BenchmarkContext } from './support/benchmark.js';
import { asText, demandsTable } from './support/report.js';
import { demandsOf, keepResult, writeReport } from './support/results.js';
import { waiters } from './waiters.js';

const BENCHMARKS: readonly Benchmark[] = [
  checks,
  metrics,
  waiters,
  pages,
  probes,
  fleets,
  staleness,
  start,
  memory,
  control,
  entries,
  peers,
  failover,
  haproxy,
  restart,
  idle,
  flood,
  dead,
  rogues,
  scale,
  renewal,
  scrape,
];

const HELP = `Usage: npm run bench [-- [NAME ...] OPTIONS]

${BENCHMARKS.map(({ name, title }) => `  ${name.padEnd(12)}${title}`).join('\n')}

Without a name all run. Results go to bench/results.json, the latest of each benchmark.

  --quick   short runs: about three and a half minutes in all, instead of twenty
  --soak    the memory benchmark runs for ten minutes, the flood for five
  --write   render the kept results into bench/RESULTS.md (with no run: --write --none)
  --none    run nothing
  --help    this text
`;

async function main(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      soak: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
      none: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  const chosen = values.none ? [] : choose(positionals);
  const progress = (text: string): void => {
    process.stderr.write(`${text}\n`);
  };
  const context = new BenchmarkContext(values.quick, values.soak, progress);
  stopOnSignal(context);
  for (const benchmark of chosen) await run(benchmark, context);
  if (values.write) writeReport(BENCHMARKS.map(({ name }) => name));
}

async function run(benchmark: Benchmark, context: BenchmarkContext): Promise<void> {
  try {
    const tables = await benchmark.run(context);
    if (tables.length === 0) return;
    for (const table of tables) process.stdout.write(`${asText(table)}\n`);
    const demands = demandsOf([{ tables }]);
    if (demands.length > 0) process.stdout.write(`${asText(demandsTable('Asked for', demands))}\n`);
    keepResult({
      name: benchmark.name,
      title: benchmark.title,
      quick: context.quick,
      tables,
    });
  } finally {
    await context.stopAll();
  }
}

function choose(names: readonly string[]): readonly Benchmark[] {
  if (names.length === 0) return BENCHMARKS;
  return names.map((name) => {
    const benchmark = BENCHMARKS.find((candidate) => candidate.name === name);
    if (benchmark !== undefined) return benchmark;
    const known = BENCHMARKS.map((candidate) => candidate.name).join(', ');
    throw new Error(`there is no benchmark '${name}': ${known}`);
  });
}

/** Processes under measurement end with the benchmark, also when a user ends it early. */
function stopOnSignal(context: BenchmarkContext): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      context.stopAll().finally(() => process.exit(1));
    });
  }
}

main(process.argv.slice(2)).catch((thrown: unknown) => {
  process.stderr.write(`bench: ${messageOf(thrown)}\n`);
  process.exitCode = 1;
});
