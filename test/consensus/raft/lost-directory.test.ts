/** A data directory that is removed, replaced or covered while a node uses it. */
import { execFile } from 'node:child_process';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { failureOf } from '../../support/failure.js';
import { skipUnless } from '../../support/skip.js';
import { until } from '../../support/until.js';
import { RaftTestCluster, type RaftTestNode, throttle } from './support/cluster.js';

const run = promisify(execFile);

/** From the loss to the line in the log. */
const NOTICED_WITHIN_MS = 10_000;

describe('a data directory that a node loses while it runs', () => {
  let cluster: RaftTestCluster;
  let node: RaftTestNode;
  let path: string;

  beforeEach(async () => {
    cluster = await RaftTestCluster.started({ size: 1 });
    node = await cluster.leader();
    path = node.settings.dataDir;
    await node.consensus.submit(throttle('before'));
  });
  afterEach(() => cluster.stop());

  async function noticed(text: string): Promise<void> {
    const startedAtMs = performance.now();
    await until(() => node.log.warnings().some((line) => line.includes(text)));
    expect(performance.now() - startedAtMs).to.be.lessThan(NOTICED_WITHIN_MS);
    expect(node.observer.leading).to.equal(false);
    expect((await failureOf(node.consensus.submit(throttle('meanwhile')))).code).to.equal(
      'NO_LEADER',
    );
  }

  async function leadsAgain(): Promise<void> {
    await until(() => node.observer.hasLease);
    await node.consensus.submit(throttle('after'));
    expect(['before', 'meanwhile', 'after'].map((key) => node.machine.has(key))).to.deep.equal([
      true,
      false,
      true,
    ]);
  }

  it('is named, not created again, and used when it is back', async () => {
    await rename(path, `${path}-away`);
    await noticed(`${path} was removed while it was in use`);
    await until(() => node.log.warnings().some((line) => line.includes('cannot be used: ENOENT')));
    await mkdir(path);
    await until(() =>
      node.log.warnings().some((line) => line.includes('this process wrote to it before')),
    );
    await rm(path, { recursive: true });
    await rename(`${path}-away`, path);
    await leadsAgain();
  });

  it('is named when an older copy takes its place, which is refused', async () => {
    await run('cp', ['-a', path, `${path}-copy`]);
    await node.consensus.submit(throttle('later'));
    await rename(path, `${path}-away`);
    await rename(`${path}-copy`, path);
    await noticed(`${path} was replaced while it was in use`);
    await until(() =>
      node.log
        .warnings()
        .some((line) => line.includes('holds less than this process wrote before')),
    );
    await rm(path, { recursive: true });
    await rename(`${path}-away`, path);
    await leadsAgain();
  });

  it('is named when one of its files is removed', async () => {
    await rename(`${path}/freno-raft.db-wal`, `${path}/away`);
    await noticed(`${path}/freno-raft.db-wal was removed while it was in use`);
  });

  it('is named when another volume is mounted over it, and used again without', async function () {
    skipUnless(this, await canMount(dirname(path)), 'mounting a volume needs root');
    await run('mount', ['-t', 'tmpfs', 'none', path]);
    try {
      await noticed(`${path} was replaced while it was in use`);
      await until(() =>
        node.log.warnings().some((line) => line.includes('is the volume mounted?')),
      );
    } finally {
      await run('umount', [path]);
    }
    await leadsAgain();
  });
});

async function canMount(directory: string): Promise<boolean> {
  const path = `${directory}/probe`;
  await mkdir(path);
  try {
    await run('mount', ['-t', 'tmpfs', 'none', path]);
    await run('umount', [path]);
    return true;
  } catch {
    return false;
  }
}
