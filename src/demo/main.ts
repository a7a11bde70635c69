/** `npm run demo`: runs the demo and shows it until it is told to end. */
import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '../base/errors.js';
import { Demo } from './demo.js';
import { type DemoOptions, HELP, parseOptions } from './options.js';
import { Screen } from './screen.js';
import { introduction, plainLine, summary } from './view.js';

const SCREEN_INTERVAL_MS = 100;
const LINE_INTERVAL_MS = 1_000;

async function main(args: readonly string[]): Promise<void> {
  const options = parseOptions(args);
  if (options.help) {
    process.stdout.write(HELP);
    return;
  }
  const ended = signalled();
  const demo = new Demo();
  try {
    const started = demo.start().then(() => true);
    if (await Promise.race([started, ended])) await show(demo, options, ended);
  } finally {
    await demo.stop();
  }
}

/** Shows the demo until its time is over, a signal comes or something breaks. */
async function show(demo: Demo, { seconds }: DemoOptions, ended: Promise<false>): Promise<void> {
  const print = (text: string): boolean => process.stdout.write(`${text}\n`);
  for (const line of introduction(demo.replicaCount, demo.nodeCount, demo.checkUrl)) print(line);
  const screen = process.stdout.isTTY ? new Screen(process.stdout) : undefined;
  const draw = (): void => {
    if (screen === undefined) print(plainLine(demo.view()));
    else screen.draw(demo.view());
  };
  const timer = setInterval(draw, screen === undefined ? LINE_INTERVAL_MS : SCREEN_INTERVAL_MS);
  const over = new AbortController();
  try {
    draw();
    await Promise.race([ended, demo.broken, timeOver(seconds, over.signal)]);
  } finally {
    over.abort();
    clearInterval(timer);
    screen?.close();
  }
  print(summary(demo.view()));
}

async function timeOver(seconds: number, signal: AbortSignal): Promise<void> {
  const never = new Promise<void>(() => undefined);
  if (seconds === Number.POSITIVE_INFINITY) return never;
  await delay(seconds * 1000, undefined, { signal }).catch(() => undefined);
}

/** Resolves at the first signal to end, or when nobody reads any more; the second signal ends at once. */
function signalled(): Promise<false> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.once(signal, () => {
        process.once(signal, () => process.exit(1));
        resolve(false);
      });
    }
    process.stdout.once('error', () => resolve(false));
  });
}

main(process.argv.slice(2)).catch((thrown: unknown) => {
  process.stderr.write(`demo: ${messageOf(thrown)}\n`);
  process.exitCode = 1;
});
