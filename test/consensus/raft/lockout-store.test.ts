/** The lockouts of earlier runs on disk, and when a shorter one replaces them. */
import { expect } from 'chai';
import { LockoutStore } from '../../../src/consensus/raft/lockout-store.js';
import { failureOf } from '../../support/failure.js';
import { until } from '../../support/until.js';

/** Keeps lockouts in memory. */
class MemoryWriter {
  readonly written: number[] = [];
  failure: Error | null = null;

  writeLockout(lockoutMs: number, done: (error: Error | null) => void): void {
    this.written.push(lockoutMs);
    setImmediate(() => done(this.failure));
  }
}

describe('LockoutStore', () => {
  let writer: MemoryWriter;
  let lockout: LockoutStore;
  const failures: Error[] = [];

  beforeEach(() => {
    writer = new MemoryWriter();
    failures.length = 0;
  });
  afterEach(() => lockout.stop());

  /** Of a run with `lockoutMs`, after one with `storedLockoutMs`. */
  function lockoutOf(lockoutMs: number, storedLockoutMs: number): LockoutStore {
    lockout = new LockoutStore(writer, storedLockoutMs, lockoutMs, (error) => failures.push(error));
    return lockout;
  }

  it('stores a longer lockout before the node may grant a vote', async () => {
    await lockoutOf(350, 300).raise();
    expect(writer.written).to.deep.equal([350]);
  });

  it('writes nothing while the lockout stays the same', async () => {
    await lockoutOf(350, 350).raise();
    lockout.lowerWhenExpired();
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(writer.written).to.deep.equal([]);
  });

  it('keeps the longer lockout of an earlier run until it has expired', async () => {
    await lockoutOf(5, 100).raise();
    const startedMs = performance.now();
    lockout.lowerWhenExpired();
    expect(writer.written).to.deep.equal([]);
    await until(() => writer.written.length > 0);
    expect(writer.written).to.deep.equal([5]);
    expect(performance.now() - startedMs).to.be.greaterThan(100);
  });

  it('keeps a longer lockout when the run ends before it has expired', async () => {
    await lockoutOf(0, 1).raise();
    lockout.lowerWhenExpired();
    lockout.stop();
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(writer.written).to.deep.equal([]);
  });

  it('rejects when a longer lockout cannot be written', async () => {
    writer.failure = new Error('the disk is full');
    expect(await failureOf(lockoutOf(350, 0).raise())).to.equal(writer.failure);
  });

  it('reports a failure of the disk when the shorter lockout cannot be written', async () => {
    writer.failure = new Error('the disk is full');
    lockoutOf(0, 1).lowerWhenExpired();
    await until(() => failures.length > 0);
    expect(failures).to.deep.equal([writer.failure]);
  });
});
