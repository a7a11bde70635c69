/** Exemptions, set thresholds, reasons, and the list of the last commands. */
import { expect } from 'chai';
import type { Command, OperatorCommand } from '../../src/throttle/commands.js';
import { featureLevelOf } from '../../src/throttle/feature-level.js';
import { RECENT_COMMANDS_MAX } from '../../src/throttle/recent-commands.js';
import { EMPTY_IMAGE, ThrottleState } from '../../src/throttle/state.js';

const T = 1_800_000_000_000;
const HOUR = 3_600_000;

function exempt(key: string, expireAtMs = T + HOUR, rest = {}): OperatorCommand {
  return { kind: 'exemptApp', atMs: T, key, expireAtMs, ...rest };
}

function setThreshold(key: string, value: number, rest = {}): OperatorCommand {
  return { kind: 'setThreshold', atMs: T, key, value, expireAtMs: T + HOUR, ...rest };
}

describe('the replicated state in an incident', () => {
  let state: ThrottleState;

  beforeEach(() => {
    state = new ThrottleState();
  });

  it('exempts an app until its time, everywhere or on one store', () => {
    expect(state.hasExemptedApps).to.equal(false);
    state.apply(exempt('a', T + 10));
    state.apply(exempt('b/main1', T + 20));
    expect(state.hasExemptedApps).to.equal(true);
    expect(state.exemptedApp('a', T + 9)).to.deep.equal({ expireAtMs: T + 10 });
    expect(state.exemptedApp('a', T + 10)).to.equal(undefined);
    expect(state.exemptedApp('b', T)).to.equal(undefined);
    expect(state.exemptedApps(T + 10)).to.deep.equal([['b/main1', { expireAtMs: T + 20 }]]);
  });

  it('keeps exemptions and throttles of one app apart', () => {
    state.apply({ kind: 'throttleApp', atMs: T, key: 'a' });
    state.apply(exempt('a'));
    state.apply({ kind: 'unexemptApp', atMs: T, key: 'a', everyStore: true });
    expect(state.throttledApp('a', T)?.ratio).to.equal(1);
    expect(state.exemptedApps(T)).to.deep.equal([]);
  });

  it('exempts no app for ever', () => {
    state.apply(exempt('a', 0));
    expect(state.exemptedApp('a', T)).to.equal(undefined);
  });

  it('sets the threshold of a metric until its time, and resets it', () => {
    state.apply(setThreshold('mysql/main1', 5));
    state.apply(setThreshold('mysql/main1/threads_running', 0));
    expect(state.threshold('mysql/main1', T)).to.deep.equal({ value: 5, expireAtMs: T + HOUR });
    expect(state.threshold('mysql/main1', T + HOUR)).to.equal(undefined);
    const reset: Command = { kind: 'resetThreshold', atMs: T, key: 'mysql/main1' };
    expect(state.apply(reset)).to.deep.equal({ lifted: 1 });
    expect(state.apply(reset)).to.deep.equal({ lifted: 0 });
    expect(state.thresholds(T).map(([key, { value }]) => [key, value])).to.deep.equal([
      ['mysql/main1/threads_running', 0],
    ]);
  });

  it('counts the entries in force that a command ends', () => {
    for (const key of ['a', 'a/s1', 'a/s2', 'ab']) {
      state.apply({ kind: 'throttleApp', atMs: T, key, expireAtMs: T + 10 });
      state.apply(exempt(key, T + 10));
    }
    state.apply({ kind: 'throttleApp', atMs: T, key: 'a/s1', expireAtMs: T + 1 });
    for (const host of ['h', 'h:1', 'h:2']) {
      state.apply({ kind: 'skipHost', atMs: T, host, expireAtMs: T + 10 });
    }
    const atMs = T + 5;
    const lifts: Array<readonly [Command, number]> = [
      [{ kind: 'unthrottleApp', atMs, key: 'a', everyStore: true }, 2],
      [{ kind: 'unexemptApp', atMs, key: 'a', everyStore: true }, 3],
      [{ kind: 'unexemptApp', atMs, key: 'ab', everyStore: false }, 1],
      [{ kind: 'recoverHost', atMs, host: 'H' }, 3],
      [{ kind: 'recoverHost', atMs, host: 'h' }, 0],
    ];
    for (const [command, lifted] of lifts) {
      expect(state.apply(command), JSON.stringify(command)).to.deep.equal({ lifted });
    }
  });

  it('keeps with an entry the reason and the owner of its last command, and when it came', () => {
    const said = { reason: 'backfill', owner: 'dba' };
    state.apply({ kind: 'throttleApp', atMs: T, key: 'a', ratio: 0.5, ...said });
    state.apply({ kind: 'skipHost', atMs: T, host: 'h', expireAtMs: T + 9, owner: 'dba' });
    state.apply(exempt('e', T + 9, said));
    state.apply(setThreshold('mysql/s', 1, { reason: 'r' }));
    expect(state.throttledApp('a', T)?.note).to.deep.equal({ atMs: T, ...said });
    expect(state.skippedHost('H', T)?.note).to.deep.equal({ atMs: T, owner: 'dba' });
    expect(state.exemptedApp('e', T)?.note).to.deep.equal({ atMs: T, ...said });
    expect(state.threshold('mysql/s', T)?.note).to.deep.equal({ atMs: T, reason: 'r' });
    state.apply({ kind: 'throttleApp', atMs: T + 1, key: 'a', ratio: 0.6 });
    expect(state.throttledApp('a', T)).to.not.have.property('note');
  });

  it('bounds the entries with a reason, and counts each once', () => {
    state = new ThrottleState(3);
    const noted = (key: string): Command => exempt(key, T + HOUR, { reason: 'r' });
    for (let round = 0; round < 3; round++) {
      for (const key of ['a', 'b', 'c']) state.apply(noted(key));
    }
    expect(state.apply(noted('d'))).to.equal('full');
    state.restore(state.image());
    state.apply({ kind: 'unexemptApp', atMs: T, key: 'a', everyStore: false });
    expect(state.apply(noted('d'))).to.deep.equal({ lifted: 0 });
  });

  describe('the last commands', () => {
    const host = (at: number): OperatorCommand => ({
      ...{ kind: 'skipHost', atMs: at, host: 'h', expireAtMs: T + 9 },
    });
    const lift = { kind: 'recoverHost', atMs: T, host: 'h' } as const;

    it('are those that took effect, oldest first, with who gave them', () => {
      state = new ThrottleState(1);
      const first = exempt('a', T + 9, { client: '10.0.0.1', reason: 'r', owner: 'o' });
      state.apply(first);
      state.apply(exempt('b'));
      state.apply(host(T));
      state.apply({ kind: 'identifyCluster', atMs: T, clusterId: 'c' });
      expect(state.recentCommands()).to.deep.equal([first, host(T)]);
      state.apply(lift);
      expect(state.recentCommands()).to.deep.equal([first, host(T), lift]);
      // There is nothing left to lift.
      state.apply(lift);
      expect(state.recentCommands()).to.have.length(3);
    });

    it('are bounded in number, before and after a restore', () => {
      for (let at = 0; at <= RECENT_COMMANDS_MAX + 5; at++) state.apply(host(at));
      const kept = state.recentCommands();
      expect(kept).to.have.length(RECENT_COMMANDS_MAX);
      expect([kept[0]?.atMs, kept.at(-1)?.atMs]).to.deep.equal([6, RECENT_COMMANDS_MAX + 5]);
      const restored = new ThrottleState();
      restored.restore({ ...EMPTY_IMAGE, recentCommands: [host(1), ...kept] });
      expect(restored.recentCommands()).to.deep.equal(kept);
    });
  });

  describe('the level of what must be known to read it', () => {
    const plain: Command[] = [
      { kind: 'throttleApp', atMs: T, key: 'a*' },
      { kind: 'unthrottleApp', atMs: T, key: '*', everyStore: true },
      { kind: 'skipHost', atMs: T, host: 'h', expireAtMs: T + 1, client: '10.0.0.1' },
      host(),
      { kind: 'identifyCluster', atMs: T, clusterId: 'c' },
    ];
    const later: Command[] = [
      { kind: 'throttleApp', atMs: T, key: '*' },
      { kind: 'throttleApp', atMs: T, key: '*/main1' },
      { kind: 'throttleApp', atMs: T, key: 'a', owner: 'o' },
      { ...host(), reason: 'r' },
      exempt('a'),
      { kind: 'unexemptApp', atMs: T, key: 'a', everyStore: false },
      setThreshold('mysql/s', 1),
      { kind: 'resetThreshold', atMs: T, key: 'mysql/s' },
    ];

    it('is 0 for what the first releases know', () => {
      for (const command of plain) {
        expect(featureLevelOf(command), JSON.stringify(command)).to.equal(0);
        state.apply(command);
      }
      expect(state.level).to.equal(0);
    });

    it('is raised for good by the first command that needs more', () => {
      for (const command of later) {
        state = new ThrottleState();
        state.apply(command);
        state.apply(host());
        expect(state.level, JSON.stringify(command)).to.equal(1);
        expect(state.image().level).to.equal(1);
      }
    });

    function host(): OperatorCommand {
      return { kind: 'recoverHost', atMs: T, host: 'h' };
    }
  });
});
