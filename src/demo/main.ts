/** `npm run demo`: runs the demo and shows it until a signal, a key or its time ends it. */
import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '../base/errors.js';
import { Demo } from './demo.js';
import { Keyboard } from './keyboard.js';
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
  const ended = untilSignal();
  const demo = new Demo();
  try {
    if (process.stdout.isTTY) print('Starting ...');
    const started = demo.start().then(() => true);
    if (await Promise.race([started, ended])) await show(demo, options, ended);
  } finally {
    await demo.stop();
  }
}

/** Shows the demo until its time is over, it is ended, or a part of it fails. */
async function show(demo: Demo, options: DemoOptions, ended: Promise<false>): Promise<void> {
  const screen = process.stdout.isTTY ? new Screen(process.stdout) : undefined;
  const keyboard = process.stdin.isTTY ? new Keyboard(process.stdin) : undefined;
  for (const line of introduction(demo.setup, keyboard !== undefined)) print(line);
  keyboard?.on('k', () => demo.killLeader());
  const draw = (): void => {
    if (screen === undefined) print(plainLine(demo.view()));
    else screen.draw(demo.view());
  };
  const timers = [
    setInterval(draw, screen === undefined ? LINE_INTERVAL_MS : SCREEN_INTERVAL_MS),
    ...every(options.killLeaderEveryS, () => demo.killLeader()),
  ];
  const finished = new AbortController();
  try {
    const ends = [ended, demo.broken, timeElapsed(options.seconds, finished.signal)];
    await Promise.race(keyboard === undefined ? ends : [...ends, keyboard.quit]);
  } finally {
    finished.abort();
    for (const timer of timers) clearInterval(timer);
    screen?.close();
    keyboard?.close();
  }
  for (const line of summary(demo.view())) print(line);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** No timer for infinity, which `setInterval` does not accept. */
function every(seconds: number, action: () => void): NodeJS.Timeout[] {
  return seconds === Number.POSITIVE_INFINITY ? [] : [setInterval(action, seconds * 1000)];
}

async function timeElapsed(seconds: number, signal: AbortSignal): Promise<void> {
  if (seconds === Number.POSITIVE_INFINITY) return new Promise(() => undefined);
  await delay(seconds * 1000, undefined, { signal }).catch(() => undefined);
}

/**
 * Resolves at the first signal, or when the output is closed; the second signal ends the process at
 * once.
 */
function untilSignal(): Promise<false> {
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
