/** What a node has promised in earlier runs, and when it may forget that. */
import { expect } from 'chai';
import { LockoutStore } from '../../../src/consensus/raft/lockout-store.js';
import { failureOf } from '../../support/failure.js';
import { until } from '../../support/until.js';

/** A store in memory. */
class Store {
  readonly written: number[] = [];
  failure: Error | null = null;

  writeLockout(lockoutMs: number, done: (error: Error | null) => void): void {
    this.written.push(lockoutMs);
    setImmediate(() => done(this.failure));
  }
}

describe('the record of promises', () => {
  let store: Store;
  let record: LockoutStore;
  const failures: Error[] = [];

  beforeEach(() => {
    store = new Store();
    failures.length = 0;
  });
  afterEach(() => record.stop());

  /** Of a run that promises `lockoutMs`, after one that promised `storedLockoutMs`. */
  function recordOf(lockoutMs: number, storedLockoutMs: number): LockoutStore {
    record = new LockoutStore(store, storedLockoutMs, lockoutMs, (error) => failures.push(error));
    return record;
  }

  it('has a longer promise on disk before the node may give it', async () => {
    await recordOf(350, 300).begin();
    expect(store.written).to.deep.equal([350]);
  });

  it('is not written again while nothing changes', async () => {
    await recordOf(350, 350).begin();
    record.outlast();
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(store.written).to.deep.equal([]);
  });

  it('keeps the longer promise of an earlier run until it has run out', async () => {
    await recordOf(5, 100).begin();
    const beganMs = performance.now();
    record.outlast();
    expect(store.written).to.deep.equal([]);
    await until(() => store.written.length > 0);
    expect(store.written).to.deep.equal([5]);
    expect(performance.now() - beganMs).to.be.greaterThan(100);
  });

  it('keeps it for good in a run that ends before', async () => {
    await recordOf(0, 1).begin();
    record.outlast();
    record.stop();
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(store.written).to.deep.equal([]);
  });

  it('that cannot be written keeps the node from promising', async () => {
    store.failure = new Error('the disk is full');
    expect(await failureOf(recordOf(350, 0).begin())).to.equal(store.failure);
  });

  it('that can no longer be written is a failure of the disk', async () => {
    store.failure = new Error('the disk is full');
    recordOf(0, 1).outlast();
    await until(() => failures.length > 0);
    expect(failures).to.deep.equal([store.failure]);
  });
});
