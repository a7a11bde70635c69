/** The probe scheduler, on a clock that the test moves. */
import { expect } from 'chai';
import {
  ProbeScheduler,
  type Scheduled,
  type SchedulerClock,
  SHARED_MAX,
} from '../../src/stores/prober/probe-scheduler.js';

/** Time stands still until the test moves it; callbacks run in their order. */
class ManualClock implements SchedulerClock {
  #nowMs = 1_000;
  /** Timers that have fired. */
  wakeUps = 0;
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

  /** Time passes while the thread does nothing else. */
  pass(ms: number): void {
    for (const untilMs = this.#nowMs + ms; this.#nowMs < untilMs; this.#nowMs++) this.#runDue();
    this.#runDue();
  }

  /** Time passes while the thread is stalled. */
  stall(ms: number): void {
    this.#nowMs += ms;
  }

  /** Timers that are due fire; sockets have not been read yet. */
  fireTimers(): void {
    for (const [timer, { atMs, callback }] of [...this.#timers]) {
      if (atMs > this.#nowMs || !this.#timers.delete(timer)) continue;
      this.wakeUps++;
      callback();
      this.onStep();
    }
  }

  runAfterReading(): void {
    for (const callback of this.#afterReading.splice(0)) {
      callback();
      this.onStep();
    }
  }

  /** Called after every step. */
  onStep = (): void => undefined;

  #runDue(): void {
    do {
      this.fireTimers();
      this.runAfterReading();
    } while (this.#afterReading.length > 0);
  }
}

/** Checks its invariants after every call. */
class CheckedScheduler extends ProbeScheduler {
  override add(member: Scheduled): void {
    super.add(member);
    this.assertInvariants();
  }

  override remove(member: Scheduled): void {
    super.remove(member);
    this.assertInvariants();
  }

  override start(): void {
    super.start();
    this.assertInvariants();
  }

  override stop(): void {
    super.stop();
    this.assertInvariants();
  }
}

class Member implements Scheduled {
  readonly ticksMs: number[] = [];
  readonly thrown: unknown[] = [];
  error: Error | null = null;
  restsUntilMs = 0;

  tick(nowMs: number): void {
    this.ticksMs.push(nowMs);
    if (this.error !== null) throw this.error;
  }

  threw(thrown: unknown): void {
    this.thrown.push(thrown);
  }
}

function schedulerOf(count: number): {
  clock: ManualClock;
  scheduler: CheckedScheduler;
  members: Member[];
} {
  const clock = new ManualClock();
  const scheduler = new CheckedScheduler({ intervalMs: 50, phases: 10, clock });
  clock.onStep = () => scheduler.assertInvariants();
  const members = Array.from({ length: count }, () => new Member());
  for (const member of members) scheduler.add(member);
  return { clock, scheduler, members };
}

describe('the probe scheduler', () => {
  it('ticks each member every 50 ms, and does not drift', () => {
    const { clock, scheduler, members } = schedulerOf(3);
    scheduler.start();
    clock.pass(10_000);
    for (const { ticksMs } of members) {
      expect(ticksMs.length).to.be.within(200, 201);
      ticksMs.forEach((atMs, tick) => {
        expect(atMs).to.equal(ticksMs[0]! + tick * 50);
      });
    }
    expect(scheduler.missedPhases).to.equal(0);
  });

  it('wakes the thread up once per interval for a few members, and never for none', () => {
    for (const [count, wakeUps] of [
      [0, 0],
      [1, 20],
      [SHARED_MAX, 20],
      [SHARED_MAX + 1, 40],
      [2 * SHARED_MAX, 40],
      [20 * SHARED_MAX, 200],
    ] as const) {
      const { clock, scheduler } = schedulerOf(count);
      scheduler.start();
      clock.pass(99);
      clock.wakeUps = 0;
      clock.pass(1_000);
      expect(clock.wakeUps, `${count} members`).to.equal(wakeUps);
    }
  });

  it('ticks a member that is added while the thread sleeps', () => {
    const { clock, scheduler } = schedulerOf(0);
    scheduler.start();
    clock.pass(1_003);
    const first = new Member();
    scheduler.add(first);
    clock.pass(100);
    expect(first.ticksMs).to.deep.equal([2_050, 2_100]);
    // The timer waits for the next tick of the first: these fill its phase, and use the next one.
    const others = Array.from({ length: SHARED_MAX }, () => new Member());
    for (const other of others) scheduler.add(other);
    clock.pass(50);
    expect(others.at(-1)!.ticksMs).to.deep.equal([2_105]);
    for (const member of [first, ...others]) scheduler.remove(member);
    clock.pass(100);
    expect(clock.isIdle).to.equal(true);
    expect(scheduler.missedPhases).to.equal(0);
  });

  it('leaves a member alone that rests, until the turn of its phase after that', () => {
    const { clock, scheduler, members } = schedulerOf(2);
    const [resting, other] = members as [Member, Member];
    scheduler.remove(other);
    resting.restsUntilMs = 1_330;
    scheduler.start();
    clock.pass(40);
    const wakeUps = clock.wakeUps;
    clock.pass(300);
    expect(resting.ticksMs).to.deep.equal([1_000]);
    expect(clock.wakeUps, 'the thread sleeps too').to.equal(wakeUps);
    clock.pass(30);
    expect(resting.ticksMs).to.deep.equal([1_000, 1_350]);
    resting.restsUntilMs = 5_000;
    clock.pass(50);
    expect(resting.ticksMs.at(-1)).to.equal(1_400);
    clock.pass(500);
    resting.restsUntilMs = 0;
    scheduler.wake(resting);
    clock.pass(60);
    expect(resting.ticksMs).to.deep.equal([1_000, 1_350, 1_400, 1_950]);
    expect(scheduler.missedPhases).to.equal(0);
  });

  it('ends a rest when the thread is late, when it starts again, and with its member', () => {
    const { clock, scheduler, members } = schedulerOf(300);
    scheduler.start();
    for (const [number, member] of members.entries()) member.restsUntilMs = 1_000 + number * 7;
    clock.pass(200);
    clock.stall(3_000);
    clock.pass(60);
    for (const { ticksMs } of members) expect(ticksMs.at(-1)).to.be.above(4_199);
    for (const member of members) member.restsUntilMs = 1e9;
    clock.pass(60);
    scheduler.remove(members[0]!);
    scheduler.stop();
    for (const member of members) member.restsUntilMs = 0;
    scheduler.start();
    clock.pass(60);
    for (const { ticksMs } of members.slice(1)) expect(ticksMs.at(-1)).to.be.above(4_310);
    expect(members[0]!.ticksMs.at(-1)).to.be.below(4_330);
  });

  it('reports to a member what its tick throws, and goes on with the others', () => {
    const { clock, scheduler, members } = schedulerOf(3);
    const error = new Error('odd');
    members[1]!.error = error;
    scheduler.start();
    clock.pass(60);
    expect(members.map(({ ticksMs }) => ticksMs.length)).to.deep.equal([2, 2, 2]);
    expect(members.map(({ thrown }) => thrown)).to.deep.equal([[], [error, error], []]);
  });

  it('fills phases that others use before it uses another', () => {
    const { clock, scheduler, members } = schedulerOf(128);
    scheduler.remove(members[0]!);
    for (const member of members.slice(65)) scheduler.remove(member);
    const late = Array.from({ length: SHARED_MAX }, () => new Member());
    for (const member of late) scheduler.add(member);
    scheduler.start();
    clock.pass(49);
    const starts = late.map(({ ticksMs }) => ticksMs[0]);
    expect(new Set(starts)).to.deep.equal(new Set([1_000, 1_005]));
  });

  it('spreads many members over phases of 5 ms', () => {
    const { clock, scheduler, members } = schedulerOf(20 * SHARED_MAX);
    scheduler.start();
    clock.pass(49);
    const perPhase = new Map<number, number>();
    for (const { ticksMs } of members) {
      expect(ticksMs).to.have.length(1);
      perPhase.set(ticksMs[0]!, (perPhase.get(ticksMs[0]!) ?? 0) + 1);
    }
    expect([...perPhase.values()]).to.deep.equal(new Array(10).fill(2 * SHARED_MAX));
  });

  it('adds a member to the phase with the fewest members when all are in use', () => {
    const { clock, scheduler, members } = schedulerOf(12.5 * SHARED_MAX);
    for (const at of [4 * SHARED_MAX, 4 * SHARED_MAX + 1]) scheduler.remove(members[at]!);
    const late = new Member();
    scheduler.add(late);
    scheduler.start();
    clock.pass(49);
    expect(late.ticksMs).to.deep.equal([1_020]);
    expect(members[4 * SHARED_MAX]!.ticksMs).to.deep.equal([]);
  });

  it('reads sockets before a late tick', () => {
    const { clock, scheduler, members } = schedulerOf(1);
    scheduler.start();
    clock.stall(15);
    clock.fireTimers();
    expect(members[0]!.ticksMs, 'before reading').to.deep.equal([]);
    clock.runAfterReading();
    expect(members[0]!.ticksMs, 'after reading').to.deep.equal([1_015]);
  });

  it('misses the phases of a stall, counts them, and keeps its schedule', () => {
    const { clock, scheduler, members } = schedulerOf(10 * SHARED_MAX);
    scheduler.start();
    clock.pass(100);
    const before = members.map(({ ticksMs }) => ticksMs.length);
    clock.stall(1_000);
    clock.pass(0);
    const ticks = members.map(({ ticksMs }, place) => ticksMs.length - before[place]!);
    expect(Math.max(...ticks), 'ticks after the stall').to.equal(1);
    expect(ticks.filter((count) => count === 1).length, 'members that came late').to.be.within(
      1,
      5 * SHARED_MAX,
    );
    expect(scheduler.missedPhases).to.be.within(195, 199);
    clock.pass(200);
    expect(members[0]!.ticksMs.at(-1)! % 50).to.equal(0);
  });

  it('runs each late phase in its own iteration of the event loop', () => {
    const { clock, scheduler, members } = schedulerOf(10 * SHARED_MAX);
    scheduler.start();
    clock.pass(0);
    clock.stall(14);
    clock.fireTimers();
    clock.runAfterReading();
    expect(members[SHARED_MAX]!.ticksMs).to.deep.equal([1_014]);
    expect(members[2 * SHARED_MAX]!.ticksMs).to.deep.equal([]);
    clock.runAfterReading();
    expect(members[2 * SHARED_MAX]!.ticksMs).to.deep.equal([1_014]);
  });

  it('leaves no timer when it stops, even in the middle of a phase', () => {
    const { clock, scheduler, members } = schedulerOf(1);
    scheduler.start();
    clock.fireTimers();
    scheduler.stop();
    clock.pass(500);
    expect(members[0]!.ticksMs).to.deep.equal([]);
    expect(clock.isIdle).to.equal(true);
    scheduler.start();
    clock.pass(100);
    expect(members[0]!.ticksMs).to.have.length(3);
  });
});
