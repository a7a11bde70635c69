/** The replicated state, and who is told of it. */
import { expect } from 'chai';
import { ReplicatedState } from '../../src/service/replicated-state.js';
import type { Command } from '../../src/throttle/commands.js';
import { ThrottleState } from '../../src/throttle/state.js';

const atMs = Date.now();
const throttle: Command = { kind: 'throttleApp', atMs, key: 'archive' };
const skip: Command = { kind: 'skipHost', atMs, host: 'db1', expireAtMs: atMs + 86_400_000 };

/** A replicated state whose threads acknowledge only when told to. */
function setUp() {
  const told: string[] = [];
  const acknowledge: Array<() => void> = [];
  const tell = (what: string): Promise<void> => {
    told.push(what);
    return new Promise((resolve) => acknowledge.push(resolve));
  };
  const state = new ThrottleState();
  const replicated = new ReplicatedState(
    state,
    {
      apply: (commands) => tell(commands.map(({ kind }) => kind).join()),
      restore: () => tell('restore'),
      settled: () => tell('settled'),
    },
    { setSkippedHosts: (hosts) => tell(`skipped ${hosts.map(([host]) => host).join()}`) },
  );
  return { state, replicated, told, acknowledge };
}

describe('the replicated state', () => {
  it('has a command before anybody else, and resolves when every thread has it', async () => {
    const { state, replicated, told, acknowledge } = setUp();
    let resolved = false;
    const applied = replicated.apply([throttle, skip]).then((outcomes) => {
      resolved = true;
      return outcomes;
    });
    expect(state.throttledApp('archive', atMs)).to.deep.include({ ratio: 1 });
    expect(told).to.deep.equal(['throttleApp,skipHost', 'skipped db1']);
    acknowledge[0]!();
    await new Promise(setImmediate);
    expect(resolved, 'while the probe workers have not acknowledged').to.equal(false);
    acknowledge[1]!();
    expect(await applied).to.deep.equal(['applied', 'applied']);
  });

  it('tells also of skipped hosts whose time is over by this clock, which may be wrong', () => {
    const { replicated, told } = setUp();
    void replicated.apply([{ ...skip, expireAtMs: atMs - 1 } as Command, { ...skip, host: 'db2' }]);
    expect(told.at(-1)).to.equal('skipped db1,db2');
  });

  it('tells the probe workers of a host that is recovered', async () => {
    const { replicated, told } = setUp();
    void replicated.apply([skip]);
    void replicated.apply([{ kind: 'recoverHost', atMs, host: 'db1' }]);
    expect(told.slice(2)).to.deep.equal(['recoverHost', 'skipped ']);
  });

  it('leaves the probe workers alone when no host is concerned', async () => {
    const { replicated, told, acknowledge } = setUp();
    const applied = replicated.apply([throttle]);
    expect(told).to.deep.equal(['throttleApp']);
    acknowledge[0]!();
    expect(await applied).to.deep.equal(['applied']);
  });

  it('has settled when the threads with a copy say so', async () => {
    const { replicated, told, acknowledge } = setUp();
    const settled = replicated.settled();
    expect(told).to.deep.equal(['settled']);
    acknowledge[0]!();
    await settled;
  });

  it('tells everybody of a restored state, whole', async () => {
    const { state, replicated, told, acknowledge } = setUp();
    const other = new ThrottleState();
    other.apply(skip);
    state.apply(throttle);
    const restored = replicated.restore(other.image());
    expect(state.image()).to.deep.equal(other.image());
    expect(told).to.deep.equal(['restore', 'skipped db1']);
    for (const each of acknowledge) each();
    await restored;
  });
});
