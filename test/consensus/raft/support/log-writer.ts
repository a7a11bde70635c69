/**
 * Writes a drawn history to the log in a directory, in a process of its own. Arguments: directory,
 * seed, steps. Says on standard output `durable N` after step N; step 0 opens the log.
 */
import { writeSync } from 'node:fs';
import { SqliteStorage } from '../../../../src/consensus/raft/storage/sqlite.js';
import { SeededRandom } from '../../../support/random.js';
import { LogHistory, run } from './log-history.js';
import { LogRecorder } from './log-recorder.js';
import { identity } from './stored-log.js';

const [directory, seed, steps] = process.argv.slice(2);
const history = new LogHistory(new SeededRandom(Number(seed)));
const { storage } = await SqliteStorage.open(directory!, identity, new LogRecorder().logger);
for (let step = 0; step <= Number(steps); step++) {
  if (step > 0) await run(storage, history.next());
  writeSync(1, `durable ${step}\n`);
}
process.kill(process.pid, 'SIGKILL');
