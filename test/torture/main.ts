/**
 * `npm run torture -- --minutes N --seed S --nodes 3,5`: real nodes under storms of faults. Exits
 * with 1 after a violation, and keeps the logs and data of the nodes.
 */
import { parseArgs } from 'node:util';
import { canFaultDisks, NEEDS_COMPILER } from './disk-faults.js';
import { type TortureReport, torture } from './torture.js';
import { VIOLATIONS, type ViolationKind } from './violations.js';

const STORM_MS = 20_000;
const NODES_MAX = 5;

async function main(): Promise<void> {
  const { minutes, seed, sizes } = settings();
  console.log(`seed ${seed}, ${minutes} minutes, clusters of ${sizes.join(' and ')} nodes`);
  if (!canFaultDisks()) warn(`SKIPPED: all faults of disks and clocks: ${NEEDS_COMPILER}`);
  const onSmallDisks = process.getuid?.() === 0;
  if (!onSmallDisks) warn('SKIPPED: full disks: only root may mount a small file system');
  // Each node, disk and directory ends with this process.
  process.setMaxListeners(0);
  const reports: TortureReport[] = [];
  for (const nodes of sizes) {
    const durationMs = (minutes * 60_000) / sizes.length;
    const report = await torture({ nodes, seed, durationMs, stormMs: STORM_MS, onSmallDisks });
    print(report);
    reports.push(report);
  }
  const failed = reports.filter(({ violations }) => violations.counts.size > 0);
  if (failed.length === 0) return;
  for (const { nodes, directory } of failed) {
    console.error(`logs and data of the ${nodes} nodes: ${directory}`);
  }
  console.error(`Again: npm run torture -- --minutes ${minutes} --seed ${seed}`);
  process.exitCode = 1;
}

function settings(): { minutes: number; seed: number; sizes: number[] } {
  const { values } = parseArgs({
    options: { minutes: { type: 'string' }, seed: { type: 'string' }, nodes: { type: 'string' } },
  });
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
  return { minutes, seed, sizes };
}

function refuse(reason: string): never {
  console.error(reason);
  process.exit(2);
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
