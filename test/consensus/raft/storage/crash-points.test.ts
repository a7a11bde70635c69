/**
 * The log on disk after a crash at any point: a kill, or a power failure that loses any part of
 * what was not synced. None of what is legal after a crash may be refused. For more cases than the
 * sample here set FRENO_CRASHES (their number) and FRENO_SEED.
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { SqliteStorage } from '../../../../src/consensus/raft/storage/sqlite.js';
import { SeededRandom } from '../../../support/random.js';
import { skipUnless } from '../../../support/skip.js';
import { compacted, contentOf, LogHistory, type StoredContent } from '../support/log-history.js';
import { LogRecorder } from '../support/log-recorder.js';
import { identity } from '../support/stored-log.js';
import { type DiskImage, STRACE_ARGUMENTS, TracedDisk, traceOf } from '../support/traced-disk.js';

const CRASHES = Number(process.env.FRENO_CRASHES ?? 250);
const SEED = Number(process.env.FRENO_SEED ?? 1);
const CRASHES_PER_LOG = 250;
const STEPS = 30;
const writer = fileURLToPath(new URL('../support/log-writer.js', import.meta.url));

describe('the log on disk, after a crash at any point', () => {
  let directory: string;

  before(async function () {
    skipUnless(this, await canTrace(), 'strace is missing, or may not trace here');
  });
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'freno-crash-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  it(`is never refused, and has all that was durable, in ${CRASHES} cases`, async () => {
    const random = new SeededRandom(SEED);
    for (let crashes = 0; crashes < CRASHES; crashes += CRASHES_PER_LOG) {
      await crashEverywhere(directory, random, SEED + crashes);
    }
  }).timeout(60_000 + 200 * CRASHES);
});

async function canTrace(): Promise<boolean> {
  return new Promise((resolve) => {
    execFile('strace', ['-f', '--seccomp-bpf', '-e', 'trace=fsync', 'true'], (error) =>
      resolve(error === null),
    );
  });
}

async function crashEverywhere(
  directory: string,
  random: SeededRandom,
  seed: number,
): Promise<void> {
  const path = join(directory, `traced${seed}`);
  const output = join(directory, `trace${seed}`);
  const args = [...STRACE_ARGUMENTS, '-o', output, process.execPath, writer, path, `${seed}`];
  await new Promise<void>((resolve) => {
    execFile('strace', [...args, `${STEPS}`], () => resolve());
  });
  const events = traceOf(await readFile(output, 'latin1'), path);
  const said = events.filter(({ kind }) => kind === 'said');
  expect(said.at(-1), 'the writer ended').to.deep.equal({ kind: 'said', text: `durable ${STEPS}` });
  const history = new LogHistory(new SeededRandom(seed));
  const contents = [history.content];
  for (let step = 0; step < STEPS; step++) {
    history.next();
    contents.push(history.content);
  }
  const disk = new TracedDisk();
  let durable = 0;
  const share = CRASHES_PER_LOG / 2 / events.length;
  for (const [at, event] of events.entries()) {
    disk.apply(event);
    if (event.kind === 'said') durable = Number(event.text.split(' ')[1]);
    if (!random.chance(share)) continue;
    const images = { kill: disk.afterKill(), 'power failure': disk.afterPowerFailure(random) };
    for (const [what, image] of Object.entries(images)) {
      const label = `seed ${seed}, ${what} at event ${at}, after step ${durable}`;
      const found = await contentAfter(join(directory, `${seed}-${at}`), image, label);
      const [now, next] = [contents[durable]!, contents[durable + 1] ?? contents[durable]!];
      expectBetween(found, now, next, history.snapshots, label);
    }
  }
}

async function contentAfter(path: string, image: DiskImage, label: string): Promise<StoredContent> {
  await mkdir(path);
  for (const [name, bytes] of image) await writeFile(join(path, name), bytes);
  try {
    const opened = await SqliteStorage.open(path, identity, new LogRecorder().logger);
    try {
      return await contentOf(opened);
    } finally {
      await opened.storage.close();
    }
  } catch (error) {
    throw new Error(label, { cause: error });
  } finally {
    await rm(path, { recursive: true });
  }
}

/** All that was durable, and of the step in progress any beginning. */
function expectBetween(
  found: StoredContent,
  now: StoredContent,
  next: StoredContent,
  snapshots: LogHistory['snapshots'],
  label: string,
): void {
  expect([rowOf(now), rowOf(next)], label).to.deep.include(rowOf(found));
  const asNow = compacted(found, now, snapshots);
  if (isSameLog(asNow, now)) return;
  const asNext = compacted(found, next, snapshots);
  expect(asNext.snapshot, label).to.deep.equal(next.snapshot);
  expect(asNext.chunks, label).to.deep.equal(next.chunks);
  const entries = asNext.entries.map(String);
  expect(entries, label).to.deep.equal(next.entries.slice(0, entries.length).map(String));
  if (now.snapshot.index !== next.snapshot.index) return;
  const before = now.entries.map(String);
  const differs = next.entries.findIndex((entry, index) => String(entry) !== before[index]);
  const kept = differs < 0 ? next.entries.length : differs;
  expect(entries.length, label).to.be.at.least(kept);
}

function isSameLog(one: StoredContent, other: StoredContent): boolean {
  const text = ({ snapshot, chunks, entries }: StoredContent): string =>
    JSON.stringify([snapshot, chunks, entries]);
  return text(one) === text(other);
}

function rowOf({ hardState, lockoutMs, joining, clusterId }: StoredContent) {
  return { hardState, lockoutMs, joining, clusterId };
}
