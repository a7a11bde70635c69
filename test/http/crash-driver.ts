/** A process of its own with a pool of HTTP workers; says over IPC what happens, and stops on the message `stop`. */
import { pino } from 'pino';
import type { HttpEngine } from '../../src/wire/http.js';
import { TestPool, throttle } from '../support/http-pool.js';

const say = (message: object): void => void process.send?.(message);

const log = pino({ level: 'error' }, { write: (line) => say(JSON.parse(line)) });
const test = new TestPool({ engine: process.argv[2] as HttpEngine, workers: 2, log });
await test.pool.start();
say({ port: test.pool.port });

// Commands all the while: whatever workers do, each is acknowledged in the end, or this process does not end.
const applying: Array<Promise<void>> = [];
const commands = setInterval(() => {
  const applied = test.apply(throttle(`app${applying.length % 10}`));
  applying.push(applied.then(() => say({ applied: true })));
}, 20);

process.on('message', async () => {
  clearInterval(commands);
  await Promise.all(applying);
  await test.pool.stop();
  process.disconnect();
});
