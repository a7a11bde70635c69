/** `npm run fuzz`: mutated bytes, half of them at nodes with TLS. Exits with 1 on a violation. */
import { refuse, scriptOptions } from '../support/script-options.js';
import { type FuzzReport, fuzz, TRANSPORTS } from './fuzz.js';

const INPUTS = 200_000;

const USAGE = `Usage: npm run fuzz [-- OPTIONS]

  --inputs N   mutated inputs in all, half of them at nodes with TLS (${INPUTS})
  --seed S     the same inputs again; their timing differs
`;

async function main(): Promise<void> {
  const values = scriptOptions(USAGE, ['inputs', 'seed']);
  const inputs = Number(values.inputs ?? INPUTS);
  const seed = Number(values.seed ?? Date.now() % 1_000_000);
  if (!Number.isSafeInteger(inputs) || inputs < 2 || !Number.isSafeInteger(seed)) {
    refuse('--inputs and --seed must be whole numbers');
  }
  console.log(`seed ${seed}, ${inputs} inputs`);
  // Each node, disk and directory ends with this process.
  process.setMaxListeners(0);
  let violations = 0;
  for (const transport of TRANSPORTS) {
    const report = await fuzz(transport, Math.ceil(inputs / TRANSPORTS.length), seed);
    print(report);
    violations += report.violations.length;
  }
  if (violations === 0) return;
  console.error(`Again: npm run fuzz -- --inputs ${inputs} --seed ${seed}`);
  process.exitCode = 1;
}

function print(report: FuzzReport): void {
  const { transport, inputs, delivered, checks, longestCheckMs, longestGapMs } = report;
  const { growthBytes } = report;
  const growth = growthBytes === null ? 'not known' : `${(growthBytes / 2 ** 20).toFixed(1)} MiB`;
  console.log(
    `${transport}: ${inputs} inputs, ${delivered} of them delivered; ${checks} checks, ` +
      `the longest ${longestCheckMs.toFixed(0)} ms, ` +
      `at most ${longestGapMs.toFixed(0)} ms without a 200; growth ${growth}`,
  );
  for (const violation of report.violations) console.error(`VIOLATION: ${violation}`);
}

await main();
