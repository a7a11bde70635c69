/**
 * The log on disk under random damage to one of its files. For more cases than the sample here set
 * FRENO_DAMAGES (their number) and FRENO_SEED.
 */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { FrenoError } from '../../../../src/base/errors.js';
import { SqliteStorage } from '../../../../src/consensus/raft/storage/sqlite.js';
import { SeededRandom } from '../../../support/random.js';
import { compacted, contentOf, LogHistory, run } from '../support/log-history.js';
import { LogRecorder } from '../support/log-recorder.js';
import { identity, settled } from '../support/stored-log.js';

const CASES = Number(process.env.FRENO_DAMAGES ?? 250);
const SEED = Number(process.env.FRENO_SEED ?? 1);
const CASES_PER_LOG = 50;
const STEPS = 30;
const PAGE_BYTES = 4096;

/** By name. */
type Files = Map<string, Buffer>;

/** What a process that was killed left, with what it had synced, and older copies of the files. */
interface KilledLog {
  readonly files: Files;
  readonly older: readonly Files[];
  readonly history: LogHistory;
}

/** Changes one file; undefined: removes it. */
type Damage = (
  random: SeededRandom,
  bytes: Buffer,
  older: Buffer | undefined,
) => Buffer | undefined;

const damages: Record<string, Damage> = {
  'flipped bits': (random, bytes) => {
    for (let flips = random.pick([1, 1, 1, 2, 8]); flips > 0 && bytes.length > 0; flips--) {
      bytes[random.below(bytes.length)]! ^= 1 << random.below(8);
    }
    return bytes;
  },
  'a flipped bit in the first page': (random, bytes) => {
    if (bytes.length > 0) bytes[random.below(Math.min(600, bytes.length))]! ^= 1 << random.below(8);
    return bytes;
  },
  'swapped pages': (random, bytes) => {
    const [first, second] = [pageOf(random, bytes), pageOf(random, bytes)];
    const copy = Buffer.from(first);
    second.copy(first);
    copy.copy(second);
    return bytes;
  },
  'a page over another': (random, bytes) => {
    pageOf(random, bytes).copy(pageOf(random, bytes));
    return bytes;
  },
  'an older page': (random, bytes, older) => {
    const at = PAGE_BYTES * random.below(Math.max(1, Math.floor(bytes.length / PAGE_BYTES)));
    older?.subarray(at, at + PAGE_BYTES).copy(bytes, at);
    return bytes;
  },
  'zeroed bytes': (random, bytes) => {
    const at = random.chance(0.3) ? 0 : random.below(bytes.length + 1);
    const end = at + random.pick([32, 512, PAGE_BYTES, bytes.length]);
    return bytes.fill(0, at, Math.min(bytes.length, end));
  },
  'random bytes': (random, bytes) => {
    const at = random.below(bytes.length + 1);
    for (let offset = at; offset < Math.min(bytes.length, at + 64); offset++) {
      bytes[offset] = random.below(256);
    }
    return bytes;
  },
  'a cut end': (random, bytes) => bytes.subarray(0, random.below(bytes.length + 1)),
  'cut pages': (random, bytes) =>
    bytes.subarray(0, PAGE_BYTES * random.below(Math.floor(bytes.length / PAGE_BYTES) + 1)),
  removal: () => undefined,
  'an older copy': (_random, _bytes, older) => older,
};

describe('the log on disk, with one of its files damaged', () => {
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'freno-damage-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  it(`is refused by name, or is all there, in ${CASES} cases`, async () => {
    const random = new SeededRandom(SEED);
    const results = { refused: 0, whole: 0 };
    let log = await killedLog(random, join(directory, 'origin'));
    for (let at = 0; at < CASES; at++) {
      if (at % CASES_PER_LOG === CASES_PER_LOG - 1) {
        log = await killedLog(random, join(directory, `origin${at}`));
      }
      const what = random.pick(Object.keys(damages));
      const name = random.pick([...log.files.keys()]);
      const older = random.pick(log.older).get(name);
      const files: Files = new Map([...log.files].map(([key, bytes]) => [key, Buffer.from(bytes)]));
      const changed = damages[what]!(random, files.get(name)!, older);
      if (changed === undefined) files.delete(name);
      else files.set(name, changed);
      const label = `seed ${SEED}, case ${at}: ${what} in ${name}`;
      results[await outcome(join(directory, String(at)), files, log.history, label)]++;
    }
    expect(results.refused, 'refused').to.be.greaterThan(CASES / 4);
    expect(results.whole, 'whole').to.be.greaterThan(CASES / 20);
  }).timeout(60_000 + 200 * CASES);
});

function pageOf(random: SeededRandom, bytes: Buffer): Buffer {
  const pages = Math.max(1, Math.floor(bytes.length / PAGE_BYTES));
  const at = PAGE_BYTES * random.below(pages);
  return bytes.subarray(at, at + PAGE_BYTES);
}

async function killedLog(random: SeededRandom, path: string): Promise<KilledLog> {
  const history = new LogHistory(random);
  const { storage } = await SqliteStorage.open(path, identity, new LogRecorder().logger);
  const older: Files[] = [await filesIn(path)];
  for (let step = 0; step < STEPS; step++) {
    await run(storage, history.next());
    if (random.chance(0.2)) {
      await settled();
      older.push(await filesIn(path));
    }
  }
  await settled();
  const killed = await filesIn(path);
  await storage.close();
  // Some were stopped in order: all is in the database then.
  const files = random.chance(0.2) ? await filesIn(path) : killed;
  return { files, older, history };
}

async function filesIn(path: string): Promise<Files> {
  const files: Files = new Map();
  for (const name of await readdir(path)) files.set(name, await readFile(join(path, name)));
  return files;
}

async function outcome(
  path: string,
  files: Files,
  history: LogHistory,
  label: string,
): Promise<'refused' | 'whole'> {
  await mkdir(path);
  for (const [name, bytes] of files) await writeFile(join(path, name), bytes);
  try {
    const opened = await SqliteStorage.open(path, identity, new LogRecorder().logger);
    try {
      const { content, snapshots } = history;
      const found = compacted(await contentOf(opened), content, snapshots);
      expect(found, label).to.deep.equal(content);
    } finally {
      await opened.storage.close();
    }
    return 'whole';
  } catch (error) {
    if (!(error instanceof FrenoError)) throw new Error(label, { cause: error });
    expect(error.code, label).to.equal('RESOURCE');
    expect(error.message, label).to.contain(join(path, 'freno-raft.db'));
    return 'refused';
  } finally {
    await rm(path, { recursive: true });
  }
}
