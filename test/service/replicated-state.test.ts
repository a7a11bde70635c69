/** The replicated state, and the threads that receive its changes. */
import { expect } from 'chai';
import { ReplicatedState } from '../../src/service/replicated-state.js';
import type { Command } from '../../src/throttle/commands.js';
import { ThrottleState } from '../../src/throttle/state.js';

const atMs = Date.now();
const throttle: Command = { kind: 'throttleApp', atMs, key: 'archive' };
const skip: Command = { kind: 'skipHost', atMs, host: 'db1', expireAtMs: atMs + 86_400_000 };

/** A replicated state whose threads acknowledge only when the test lets them. */
function setUp() {
  const published: string[] = [];
  const acknowledge: Array<() => void> = [];
  const publish = (what: string): Promise<void> => {
    published.push(what);
    return new Promise((resolve) => acknowledge.push(resolve));
  };
  const state = new ThrottleState();
  const replicated = new ReplicatedState(
    state,
    {
      apply: (commands) => publish(commands.map(({ kind }) => kind).join()),
      restore: () => publish('restore'),
      settled: () => publish('settled'),
    },
    {
      skipsChanged: (skips) => {
        const hosts = ['db1', 'db2'].filter((host) => skips.skippedHost(host, 0) !== undefined);
        return publish(`skipped ${hosts.join()}`);
      },
      setThresholds: (thresholds) => {
        published.push(`thresholds ${thresholds.map(([key, { value }]) => [key, value]).join()}`);
      },
    },
  );
  return { state, replicated, published, acknowledge };
}

describe('the replicated state', () => {
  it('applies a command on main first, and resolves when every thread has it', async () => {
    const { state, replicated, published, acknowledge } = setUp();
    let resolved = false;
    const applied = replicated.apply([throttle, skip]).then((outcomes) => {
      resolved = true;
      return outcomes;
    });
    expect(state.throttledApp('archive', atMs)).to.deep.include({ ratio: 1 });
    expect(published).to.deep.equal(['throttleApp,skipHost', 'skipped db1']);
    acknowledge[0]!();
    await new Promise(setImmediate);
    expect(resolved, 'while the probe workers have not acknowledged').to.equal(false);
    acknowledge[1]!();
    expect(await applied).to.deep.equal([{ lifted: 0 }, { lifted: 0 }]);
  });

  it('puts a set threshold in force before any thread acknowledges the command', () => {
    const { replicated, published } = setUp();
    const set = { kind: 'setThreshold', atMs, key: 'mysql/a', value: 5 } as const;
    void replicated.apply([{ ...set, expireAtMs: atMs + 60_000 }]);
    expect(published).to.deep.equal(['thresholds mysql/a,5', 'setThreshold']);
    void replicated.apply([{ kind: 'resetThreshold', atMs, key: 'mysql/a' }]);
    expect(published.slice(2)).to.deep.equal(['thresholds ', 'resetThreshold']);
  });

  it('publishes also skipped hosts whose time has passed by this clock, which may be wrong', () => {
    const { replicated, published } = setUp();
    void replicated.apply([{ ...skip, expireAtMs: atMs - 1 } as Command, { ...skip, host: 'db2' }]);
    expect(published.at(-1)).to.equal('skipped db1,db2');
  });

  it('publishes a recovered host to the probe workers', async () => {
    const { replicated, published } = setUp();
    void replicated.apply([skip]);
    void replicated.apply([{ kind: 'recoverHost', atMs, host: 'db1' }]);
    expect(published.slice(2)).to.deep.equal(['recoverHost', 'skipped ']);
  });

  it('does not disturb the probe workers when no host is concerned', async () => {
    const { replicated, published, acknowledge } = setUp();
    const applied = replicated.apply([throttle]);
    expect(published).to.deep.equal(['throttleApp']);
    acknowledge[0]!();
    expect(await applied).to.deep.equal([{ lifted: 0 }]);
  });

  it('is settled when the threads with a copy report it', async () => {
    const { replicated, published, acknowledge } = setUp();
    const settled = replicated.settled();
    expect(published).to.deep.equal(['settled']);
    acknowledge[0]!();
    await settled;
  });

  it('publishes a restored state to every thread as a whole', async () => {
    const { state, replicated, published, acknowledge } = setUp();
    const other = new ThrottleState();
    other.apply(skip);
    state.apply(throttle);
    const restored = replicated.restore(other.image());
    expect(state.image()).to.deep.equal(other.image());
    expect(published).to.deep.equal(['thresholds ', 'restore', 'skipped db1']);
    for (const each of acknowledge) each();
    await restored;
  });

  it('replaces a large state in slices, of which nothing is seen before it is whole', async () => {
    const { state, replicated, published, acknowledge } = setUp();
    void replicated.apply([throttle]);
    published.splice(0);
    const before = state.image();
    const large = new ThrottleState();
    large.apply(skip);
    for (let app = 0; app < 50_000; app++)
      large.apply({ ...throttle, key: `app${app}` } as Command);
    const replaced = replicated.replace(large.image());
    let turns = 0;
    for (; published.length === 0; turns++) {
      expect(state.image()).to.deep.equal(before);
      await new Promise(setImmediate);
    }
    expect(turns).to.be.greaterThan(5);
    expect(published).to.deep.equal(['thresholds ', 'restore', 'skipped db1']);
    expect(state.image()).to.deep.equal(large.image());
    for (const each of acknowledge) each();
    await replaced;
  });
});
