/** The pacing wheel, on a clock that the test moves. */
import { expect } from 'chai';
import {
  ProbeScheduler,
  type Scheduled,
  type SchedulerClock,
} from '../../src/stores/prober/probe-scheduler.js';

/** Time stands still until the test moves it; call-backs run in their order. */
class ManualPacer implements SchedulerClock {
  #nowMs = 1_000;
  readonly #timers = new Map<NodeJS.Timeout, { atMs: number; callback: () => void }>();
  readonly #afterReading: Array<() => void> = [];

  nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, callback: () => void): NodeJS.Timeout {
    const handle = {} as NodeJS.Timeout;
    this.#timers.set(handle, { atMs: this.#nowMs + delayMs, callback });
    return handle;
  }

  cancel(timer: NodeJS.Timeout): void {
    this.#timers.delete(timer);
  }

  afterReading(callback: () => void): void {
    this.#afterReading.push(callback);
  }

  get isIdle(): boolean {
    return this.#timers.size === 0 && this.#afterReading.length === 0;
  }

  /** The time passes with the thread doing nothing else. */
  pass(ms: number): void {
    for (const untilMs = this.#nowMs + ms; this.#nowMs < untilMs; this.#nowMs++) this.#runDue();
    this.#runDue();
  }

  /** The time passes with the thread stalled. */
  stall(ms: number): void {
    this.#nowMs += ms;
  }

  /** Timers that are due fire; sockets have not been read yet. */
  fireTimers(): void {
    for (const [timer, { atMs, callback }] of [...this.#timers]) {
      if (atMs > this.#nowMs || !this.#timers.delete(timer)) continue;
      callback();
    }
  }

  runAfterReading(): void {
    for (const callback of this.#afterReading.splice(0)) callback();
  }

  #runDue(): void {
    do {
      this.fireTimers();
      this.runAfterReading();
    } while (this.#afterReading.length > 0);
  }
}

class Member implements Scheduled {
  readonly turnsMs: number[] = [];

  tick(nowMs: number): void {
    this.turnsMs.push(nowMs);
  }
}

function wheelOf(count: number): { pacer: ManualPacer; wheel: ProbeScheduler; members: Member[] } {
  const pacer = new ManualPacer();
  const wheel = new ProbeScheduler({ intervalMs: 50, phases: 10, clock: pacer });
  const members = Array.from({ length: count }, () => new Member());
  for (const member of members) wheel.add(member);
  return { pacer, wheel, members };
}

describe('the pacing wheel', () => {
  it('gives each member a turn every 50 ms, and does not drift', () => {
    const { pacer, wheel, members } = wheelOf(3);
    wheel.start();
    pacer.pass(10_000);
    for (const { turnsMs } of members) {
      expect(turnsMs.length).to.be.within(200, 201);
      turnsMs.forEach((atMs, turn) => {
        expect(atMs).to.equal(turnsMs[0]! + turn * 50);
      });
    }
    expect(wheel.missedPhases).to.equal(0);
  });

  it('spreads the members over phases of 5 ms', () => {
    const { pacer, wheel, members } = wheelOf(100);
    wheel.start();
    pacer.pass(49);
    const perPhase = new Map<number, number>();
    for (const { turnsMs } of members) {
      expect(turnsMs).to.have.length(1);
      perPhase.set(turnsMs[0]!, (perPhase.get(turnsMs[0]!) ?? 0) + 1);
    }
    expect([...perPhase.values()]).to.deep.equal(new Array(10).fill(10));
  });

  it('fills the emptiest phase', () => {
    const { pacer, wheel, members } = wheelOf(20);
    wheel.remove(members[4]!);
    wheel.remove(members[14]!);
    const late = new Member();
    wheel.add(late);
    wheel.start();
    pacer.pass(49);
    expect(late.turnsMs).to.deep.equal([1_020]);
    expect(members[4]!.turnsMs).to.deep.equal([]);
  });

  it('reads sockets before a turn that comes late', () => {
    const { pacer, wheel, members } = wheelOf(1);
    wheel.start();
    pacer.stall(15);
    pacer.fireTimers();
    expect(members[0]!.turnsMs, 'before reading').to.deep.equal([]);
    pacer.runAfterReading();
    expect(members[0]!.turnsMs, 'after reading').to.deep.equal([1_015]);
  });

  it('leaves out what it missed in a stall, counts it, and keeps its schedule', () => {
    const { pacer, wheel, members } = wheelOf(10);
    wheel.start();
    pacer.pass(100);
    const before = members.map(({ turnsMs }) => turnsMs.length);
    pacer.stall(1_000);
    pacer.pass(0);
    const turns = members.map(({ turnsMs }, place) => turnsMs.length - before[place]!);
    expect(Math.max(...turns), 'turns after the stall').to.equal(1);
    expect(turns.filter((count) => count === 1).length, 'members that came late').to.be.within(
      1,
      5,
    );
    expect(wheel.missedPhases).to.be.within(195, 199);
    pacer.pass(200);
    expect(members[0]!.turnsMs.at(-1)! % 50).to.equal(0);
  });

  it('runs a late phase in a turn of the event loop of its own', () => {
    const { pacer, wheel, members } = wheelOf(10);
    wheel.start();
    pacer.pass(0);
    pacer.stall(14);
    pacer.fireTimers();
    pacer.runAfterReading();
    expect(members[1]!.turnsMs).to.deep.equal([1_014]);
    expect(members[2]!.turnsMs).to.deep.equal([]);
    pacer.runAfterReading();
    expect(members[2]!.turnsMs).to.deep.equal([1_014]);
  });

  it('leaves nothing behind when it stops, even in the middle of a phase', () => {
    const { pacer, wheel, members } = wheelOf(1);
    wheel.start();
    pacer.fireTimers();
    wheel.stop();
    pacer.pass(500);
    expect(members[0]!.turnsMs).to.deep.equal([]);
    expect(pacer.isIdle).to.equal(true);
    wheel.start();
    pacer.pass(100);
    expect(members[0]!.turnsMs).to.have.length(3);
  });
});
