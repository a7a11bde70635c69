/**
 * A Raft node in a child process, for tests that kill it. Its settings are the first argument, as
 * JSON. It prints on standard output: `started`, `leading`, `following`, `acknowledged KEY`,
 * `refused CODE`, `failed MESSAGE`. With a second argument it submits commands with keys PREFIX0,
 * PREFIX1, ... for as long as it leads, 16 at a time.
 */
import { FrenoError, messageOf } from '../../../../src/base/errors.js';
import { createLogger } from '../../../../src/base/log.js';
import type { RaftSettings } from '../../../../src/config/settings.js';
import { RaftConsensus } from '../../../../src/consensus/raft/consensus.js';
import { TestMachine, throttle } from './cluster.js';

const CLIENTS = 16;

const settings = JSON.parse(process.argv[2]!) as RaftSettings;
const prefix = process.argv[3];
let leading = false;
let next = 0;

const consensus: RaftConsensus = new RaftConsensus(
  settings,
  new TestMachine(),
  {
    leadershipChanged: (nowLeading) => {
      leading = nowLeading;
      say(leading ? 'leading' : 'following');
      if (leading && prefix !== undefined) {
        for (let client = 0; client < CLIENTS; client++) void submitForever();
      }
    },
    leaseExtended: () => {},
    clockHeard: () => {},
  },
  createLogger({ level: 'error', stacks: false }, 'main'),
);

try {
  await consensus.start();
  say('started');
} catch (error) {
  say(`failed ${messageOf(error)}`);
  process.exit(1);
}
process.on('SIGTERM', () => void consensus.stop().then(() => process.exit(0)));

async function submitForever(): Promise<void> {
  while (leading) {
    const key = `${prefix}${next++}`;
    try {
      await consensus.submit(throttle(key));
      say(`acknowledged ${key}`);
    } catch (error) {
      say(`refused ${error instanceof FrenoError ? error.code : messageOf(error)}`);
    }
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
