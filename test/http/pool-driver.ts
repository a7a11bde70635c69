/**
 * A separate process with a pool of HTTP workers, which reports over IPC; stops on the message
 * `stop`, hangs on `hang`.
 */
import { pino } from 'pino';
import { FrenoError } from '../../src/base/errors.js';
import { LOG_LEVELS } from '../../src/base/log.js';
import type { HttpPoolOptions } from '../../src/http/main/pool-options.js';
import { TestPool, throttle } from '../support/http-pool.js';

const report = (message: object): void => void process.send?.(message);

const engine = process.argv[2] as HttpPoolOptions['engine'];
const log = pino(
  { level: 'warn', customLevels: LOG_LEVELS },
  { write: (line) => report({ logged: JSON.parse(line) }) },
);
/** Of the watchdogs: a worker counts as hung after twenty ticks, main after thirty. */
const tickMs = Number(process.argv[3] ?? 1_000);
/** Ticks that a worker has to start. */
const firstTicksMax = Number(process.argv[4] ?? 30);
const test = new TestPool({
  engine,
  workers: 2,
  log,
  watchdog: { tickMs, ticksMax: 20, firstTicksMax },
  mainWatchdog: { tickMs, ticksMax: 30, firstTicksMax },
  failed: ({ code, message }) => report({ failed: `${code} ${message}` }),
});
try {
  await test.pool.start();
} catch (error) {
  report({
    refused: error instanceof FrenoError ? `${error.code} ${error.message}` : String(error),
  });
  process.exit(1);
}
report({ port: test.pool.port, engine: test.pool.engine });

// Commands all the time: each must be acknowledged in the end, or this process does not end.
const applying: Array<Promise<void>> = [];
const commands = setInterval(() => {
  const applied = test.apply(throttle(`app${applying.length % 10}`));
  applying.push(applied.then(() => report({ applied: true })));
}, 20);

process.on('message', async (message) => {
  if (message === 'hang') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  clearInterval(commands);
  await Promise.all(applying);
  await test.pool.stop();
  process.disconnect();
});
