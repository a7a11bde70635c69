/**
 * `npm run torture`: real nodes under storms of faults. Exits with 1 after a violation, and keeps
 * the logs and data of the nodes.
 */
import { refuse, scriptOptions } from '../support/script-options.js';
import { canFaultDisks, NEEDS_COMPILER } from './disk-faults.js';
import { type TortureReport, torture } from './torture.js';
import { VIOLATIONS, type ViolationKind } from './violations.js';

const STORM_MS = 20_000;
const NODES_MAX = 5;

const USAGE = `Usage: npm run torture [-- OPTIONS]

  --minutes N    how long in all (2)
  --seed S       the same faults again; their timing differs
  --nodes 3,5    sizes of the clusters, one after the other, of up to ${NODES_MAX} nodes
  --slow-disk MS each sync of the first node takes so long, beside all faults (0)
`;

async function main(): Promise<void> {
  const { minutes, seed, sizes, slowDiskMs } = settings();
  console.log(`seed ${seed}, ${minutes} minutes, clusters of ${sizes.join(' and ')} nodes`);
  if (!canFaultDisks()) warn(`SKIPPED: all faults of disks and clocks: ${NEEDS_COMPILER}`);
  const onSmallDisks = process.getuid?.() === 0;
  if (!onSmallDisks) warn('SKIPPED: full disks: only root may mount a small file system');
  // Each node, disk and directory ends with this process.
  process.setMaxListeners(0);
  const reports: TortureReport[] = [];
  for (const nodes of sizes) {
    const durationMs = (minutes * 60_000) / sizes.length;
    const stormMs = STORM_MS;
    const report = await torture({ nodes, seed, durationMs, stormMs, onSmallDisks, slowDiskMs });
    print(report);
    reports.push(report);
  }
  const failed = reports.filter(({ violations }) => violations.counts.size > 0);
  if (failed.length === 0) return;
  for (const { nodes, directory } of failed) {
    console.error(`logs and data of the ${nodes} nodes: ${directory}`);
  }
  const again = `--minutes ${minutes} --seed ${seed} --nodes ${sizes.join()}`;
  console.error(`Again: npm run torture -- ${again} --slow-disk ${slowDiskMs}`);
  process.exitCode = 1;
}

interface TortureSettings {
  readonly minutes: number;
  readonly seed: number;
  readonly sizes: readonly number[];
  readonly slowDiskMs: number;
}

function settings(): TortureSettings {
  const values = scriptOptions(USAGE, ['minutes', 'seed', 'nodes', 'slow-disk']);
  const minutes = Number(values.minutes ?? 2);
  const seed = Number(values.seed ?? Date.now() % 1_000_000);
  const sizes = (values.nodes ?? '3,5').split(',').map(Number);
  if (!(minutes > 0)) refuse(`--minutes must be a positive number, not ${values.minutes}`);
  if (!Number.isSafeInteger(seed) || seed < 0) {
    refuse(`--seed must be a whole number, not ${values.seed}`);
  }
  if (!sizes.every((size) => Number.isInteger(size) && size > 1 && size <= NODES_MAX)) {
    refuse(`--nodes must be numbers of 2 to ${NODES_MAX}, not ${values.nodes}`);
  }
  const slowDiskMs = Number(values['slow-disk'] ?? 0);
  if (!(slowDiskMs >= 0)) refuse(`--slow-disk must be milliseconds, not ${values['slow-disk']}`);
  return { minutes, seed, sizes, slowDiskMs };
}

/** In CI nothing may be skipped. */
function warn(text: string): void {
  if (process.env.CI) refuse(text);
  console.warn(`\n  ${text}\n`);
}

function print(report: TortureReport): void {
  const { counts, violations } = report;
  const rows: Array<readonly [string, string | number]> = [
    ['storms', report.storms],
    ...[...report.faults].sort().map(([name, count]) => [`  ${name}`, count] as const),
    ['writes acknowledged (200)', counts.acknowledged],
    ['writes refused (503)', counts.refused],
    ['writes of unknown outcome', counts.unknown],
    ['checks judged', counts.checks],
    ['reads of registers judged', counts.reads],
    ['changes of the leader', report.leaderChanges],
    ['longest time without a leader', `${(report.longestGapMs / 1_000).toFixed(1)} s`],
    ['nodes that ended by themselves', report.exits],
    ...Object.keys(VIOLATIONS).map(
      (kind) => [`VIOLATION ${kind}`, violations.counts.get(kind as ViolationKind) ?? 0] as const,
    ),
  ];
  console.log(`\n${report.nodes} nodes`);
  for (const [name, value] of rows) console.log(`${name.padEnd(34)}${String(value).padStart(8)}`);
  for (const detail of violations.details) console.error(`\n${detail}`);
}

await main();
