/** `npm run simulate`: seed after seed until the time is over or an invariant breaks. */
import { refuse, scriptOptions } from '../../support/script-options.js';
import { type SimulationOutcome, simulate } from './simulation/simulation.js';

const TRACE_LINES = 400;
const PROGRESS_EVERY_MS = 5_000;

const USAGE = `Usage: npm run simulate [-- OPTIONS]

  --minutes N   how long (1)
  --seed S      the first seed; each run has the next one
`;

function main(): void {
  const { minutes, seed } = settings();
  const startMs = performance.now();
  const endMs = startMs + minutes * 60_000;
  let totals = { runs: 0, virtualMs: 0, elections: 0, acknowledged: 0 };
  let progressMs = startMs + PROGRESS_EVERY_MS;
  for (let current = seed; performance.now() < endMs; current++) {
    const outcome = simulate({ seed: current });
    if (outcome.violation !== null) fail(outcome);
    totals = add(totals, outcome);
    if (performance.now() < progressMs) continue;
    progressMs += PROGRESS_EVERY_MS;
    report(totals, current, startMs);
  }
  report(totals, seed + totals.runs - 1, startMs);
}

function settings(): { minutes: number; seed: number } {
  const values = scriptOptions(USAGE, ['minutes', 'seed']);
  const minutes = Number(values.minutes ?? 1);
  const seed = Number(values.seed ?? Date.now() % 2 ** 32);
  if (!(minutes > 0)) refuse(`--minutes must be a positive number, not ${values.minutes}`);
  if (!Number.isSafeInteger(seed) || seed < 0)
    refuse(`--seed must be a whole number, not ${values.seed}`);
  return { minutes, seed };
}

type Totals = { runs: number; virtualMs: number; elections: number; acknowledged: number };

function add(totals: Totals, outcome: SimulationOutcome): Totals {
  return {
    runs: totals.runs + 1,
    virtualMs: totals.virtualMs + outcome.virtualMs,
    elections: totals.elections + outcome.elections,
    acknowledged: totals.acknowledged + outcome.acknowledged,
  };
}

function report(
  { runs, virtualMs, elections, acknowledged }: Totals,
  seed: number,
  startMs: number,
): void {
  const seconds = ((performance.now() - startMs) / 1000).toFixed(0);
  const hours = (virtualMs / 3_600_000).toFixed(2);
  console.log(
    `${seconds} s: ${runs} seeds (up to ${seed}), ${hours} virtual hours, ` +
      `${elections} elections, ${acknowledged} commands acknowledged`,
  );
}

/** Runs the seed again, now with its trace. */
function fail({ seed, violation, digest }: SimulationOutcome): never {
  const again = simulate({ seed, trace: true });
  for (const line of again.trace.slice(-TRACE_LINES)) console.error(line);
  console.error(`\nseed ${seed} broke: ${violation?.invariant}\n  ${violation?.detail}`);
  const isSame = again.digest === digest;
  console.error(isSame ? 'It replays identically.' : 'IT DOES NOT REPLAY IDENTICALLY.');
  console.error(`Again: npm run simulate -- --seed ${seed}`);
  process.exit(1);
}

main();
