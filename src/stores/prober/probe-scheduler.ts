/**
 * When each host is probed: one tick per member and interval, from one timer for all.
 *
 * The interval is divided into phases. A thousand probes must not start at the same moment: their
 * results would arrive together too, and each would wait for those before it. But each phase wakes
 * the thread up, which costs more than a probe. So members share a phase up to `SHARED_MAX`, and
 * the thread sleeps through phases without members; with more members all phases are used evenly.
 * Phases are due at multiples of the phase length since the start, not since the last phase, so
 * that the schedule does not drift.
 *
 * A member that rests (`restsUntilMs`) leaves its phase until the first turn of it in which the
 * rest is over.
 *
 * A phase that is late by no more than `LATE_MAX_MS` is still run. Later phases are missed and
 * counted, so that a stall of the thread is not followed by a burst. Ticks run after the sockets
 * that are ready have been read (Node's event loop polls between timers and `setImmediate`).
 * Otherwise a tick after a stall would time out probes whose results have arrived.
 */
import { monotonicMs } from '../../base/clock.js';
import type { StoreTurn } from '../../board/store-turns.js';

/** A member of the schedule: a probed host, or a cluster. */
export interface Scheduled {
  /** That of its store, if it has one. */
  readonly turn?: Pick<StoreTurn, 'begin' | 'end'>;
  /** Called once per interval, unless its phase is missed. */
  tick(nowMs: number): void;
  /**
   * `nowMs` until which ticks would do nothing, so that there are none; read after each tick. Not
   * given: each tick does something.
   */
  readonly restsUntilMs?: number;
  /** Its tick has thrown that: an error of the member, and of no other. */
  threw(thrown: unknown): void;
}

/** A member that begins with something before its first tick. */
export interface Openable extends Scheduled {
  open(nowMs: number): void;
}

/** Starts and stops the ticks of members. */
export interface MemberScheduling {
  /** The member is opened soon, and ticks from then on. */
  start(member: Openable): void;
  stop(member: Openable): void;
  /** Ends its rest, if it rests. */
  wake(member: Openable): void;
}

/** Time and timers of the thread; replaced in tests. */
export interface SchedulerClock {
  /** Milliseconds, monotonic. */
  nowMs(): number;
  /** Calls back once, after that time or later. */
  after(delayMs: number, callback: () => void): NodeJS.Timeout;
  cancel(timer: NodeJS.Timeout): void;
  /** Calls back when the sockets that are ready now have been read. */
  afterReading(callback: () => void): void;
}

export interface SchedulerOptions {
  readonly intervalMs: number;
  readonly phases: number;
  readonly clock: SchedulerClock;
}

const LATE_MAX_MS = 20;

/** Members that share a phase before another is used: the last waits some milliseconds. */
export const SHARED_MAX = 160;

export class ProbeScheduler {
  readonly #clock: SchedulerClock;
  readonly #phaseMs: number;
  readonly #members: Array<Set<Scheduled>>;
  readonly #phaseOf = new Map<Scheduled, number>();
  /** Members that rest, by the number of the phase in which they go on. */
  readonly #resting = new Map<number, Set<Scheduled>>();
  readonly #restOf = new Map<Scheduled, number>();
  /** The lowest number in `#resting`; infinite: none rests. */
  #nextRestEnd = Number.POSITIVE_INFINITY;
  #startedAtMs = 0;
  /** Phases since the start that were run, missed, or had no members. */
  #phasesDone = 0;
  #timer: NodeJS.Timeout | undefined;
  /** The next phase is due, and runs when the sockets have been read. */
  #isReading = false;
  /** Odd while running. A callback of an earlier run finds another number and does nothing. */
  #run = 0;
  #missedPhases = 0;

  constructor({ intervalMs, phases, clock }: SchedulerOptions) {
    this.#clock = clock;
    if (!(intervalMs > 0 && Number.isInteger(phases) && phases > 0)) {
      throw new RangeError(`${phases} phases in ${intervalMs} ms`);
    }
    this.#phaseMs = intervalMs / phases;
    this.#members = Array.from({ length: phases }, () => new Set());
  }

  /** Phases missed so far because the thread was late. */
  get missedPhases(): number {
    return this.#missedPhases;
  }

  /** Adds the member to a phase that others use too, or to the one with the fewest members. */
  add(member: Scheduled): void {
    if (this.#phaseOf.has(member)) return;
    const phase = this.#phaseWithRoom();
    const members = this.#members[phase]!;
    const isUnused = members.size === 0;
    if (isUnused && this.#isRunning) this.#passEmptyPhases();
    members.add(member);
    this.#phaseOf.set(member, phase);
    // The phase may be due before the one that the timer waits for.
    if (isUnused && this.#isRunning && !this.#isReading) this.#arm();
  }

  remove(member: Scheduled): void {
    const phase = this.#phaseOf.get(member);
    if (phase === undefined) return;
    this.#endRest(member);
    this.#members[phase]!.delete(member);
    this.#phaseOf.delete(member);
  }

  /** The member ticks in the next turn of its phase, if it rests. */
  wake(member: Scheduled): void {
    if (!this.#restOf.has(member)) return;
    if (this.#isRunning) this.#passEmptyPhases();
    this.#endRest(member);
    if (this.#isRunning && !this.#isReading) this.#arm();
  }

  start(): void {
    if (this.#isRunning) return;
    this.#run++;
    this.#startedAtMs = this.#clock.nowMs();
    this.#phasesDone = 0;
    this.#isReading = false;
    for (const member of [...this.#restOf.keys()]) this.#endRest(member);
    this.#arm();
  }

  stop(): void {
    if (!this.#isRunning) return;
    this.#run++;
    this.#cancelTimer();
  }

  get #isRunning(): boolean {
    return (this.#run & 1) === 1;
  }

  #phaseWithRoom(): number {
    let fewest = 0;
    let shared = -1;
    for (const [phase, { size }] of this.#members.entries()) {
      if (size < this.#members[fewest]!.size) fewest = phase;
      const isFuller = shared < 0 || size > this.#members[shared]!.size;
      if (size > 0 && size < SHARED_MAX && isFuller) shared = phase;
    }
    return shared < 0 ? fewest : shared;
  }

  /** Waits for the next phase that has members, if there is any. */
  #arm(): void {
    const run = this.#run;
    const clock = this.#clock;
    this.#cancelTimer();
    const phase = this.#nextPhase(this.#phasesDone);
    if (phase < 0) return;
    const advanceAfterReading = (): void => {
      this.#isReading = true;
      clock.afterReading(() => {
        if (run !== this.#run) return;
        this.#isReading = false;
        this.#advance();
      });
    };
    const delayMs = this.#startedAtMs + phase * this.#phaseMs - clock.nowMs();
    if (delayMs > 0) this.#timer = clock.after(delayMs, advanceAfterReading);
    else advanceAfterReading();
  }

  #cancelTimer(): void {
    if (this.#timer !== undefined) this.#clock.cancel(this.#timer);
    this.#timer = undefined;
  }

  /** What was due while it had no members is neither late nor missed once it has some. */
  #passEmptyPhases(): void {
    const next = this.#nextPhase(this.#phasesDone);
    const elapsedMs = this.#clock.nowMs() - this.#startedAtMs;
    const due = Math.ceil(elapsedMs / this.#phaseMs);
    this.#phasesDone = Math.max(this.#phasesDone, next < 0 ? due : Math.min(next, due));
  }

  /** The first phase from that one on, counted since the start, that has members; -1: none. */
  #nextPhase(from: number): number {
    const phases = this.#members.length;
    for (let phase = from; phase < from + phases; phase++) {
      if (phase >= this.#nextRestEnd || this.#members[phase % phases]!.size > 0) return phase;
    }
    return this.#nextRestEnd === Number.POSITIVE_INFINITY ? -1 : this.#nextRestEnd;
  }

  /** The phase that has just ticked the member is `phase`. */
  #rest(member: Scheduled, phase: number, untilMs: number): void {
    const phases = this.#members.length;
    const isOver = Math.ceil((untilMs - this.#startedAtMs) / this.#phaseMs);
    const turns = Math.ceil((isOver - phase) / phases);
    if (turns <= 1) return;
    const end = phase + turns * phases;
    const resting = this.#resting.get(end);
    if (resting === undefined) this.#resting.set(end, new Set([member]));
    else resting.add(member);
    this.#restOf.set(member, end);
    this.#members[phase % phases]!.delete(member);
    this.#nextRestEnd = Math.min(this.#nextRestEnd, end);
  }

  /** Returns whether it rested. */
  #endRest(member: Scheduled): boolean {
    const end = this.#restOf.get(member);
    if (end === undefined) return false;
    this.#restOf.delete(member);
    const resting = this.#resting.get(end)!;
    resting.delete(member);
    if (resting.size === 0) {
      this.#resting.delete(end);
      if (end === this.#nextRestEnd) this.#nextRestEnd = Math.min(...this.#resting.keys());
    }
    this.#members[this.#phaseOf.get(member)!]!.add(member);
    return true;
  }

  /** Members whose rest ends with that phase, or ended with one that was missed. */
  #endRestsUntil(phase: number): void {
    while (this.#nextRestEnd <= phase) {
      for (const member of [...this.#resting.get(this.#nextRestEnd)!]) this.#endRest(member);
    }
  }

  /** Runs one phase if one is due. */
  #advance(): void {
    const nowMs = this.#clock.nowMs();
    const elapsedMs = nowMs - this.#startedAtMs;
    this.#missPhasesBefore(Math.ceil((elapsedMs - LATE_MAX_MS) / this.#phaseMs));
    const phase = this.#nextPhase(this.#phasesDone);
    if (phase >= 0 && phase * this.#phaseMs <= elapsedMs) {
      this.#phasesDone = phase + 1;
      this.#endRestsUntil(phase);
      for (const member of this.#members[phase % this.#members.length]!) {
        tick(member, nowMs);
        const untilMs = member.restsUntilMs ?? 0;
        if (untilMs > nowMs && this.#phaseOf.has(member)) this.#rest(member, phase, untilMs);
      }
    }
    this.#arm();
  }

  /** Phases without members are not missed. */
  #missPhasesBefore(oldest: number): void {
    const phases = this.#members.length;
    const skipped = oldest - this.#phasesDone;
    if (skipped <= 0) return;
    const used = this.#members.filter(({ size }) => size > 0).length;
    this.#missedPhases += Math.floor(skipped / phases) * used;
    for (let phase = this.#phasesDone; phase < this.#phasesDone + (skipped % phases); phase++) {
      if (this.#members[phase % phases]!.size > 0) this.#missedPhases++;
    }
    this.#phasesDone = oldest;
  }

  /**
   * Throws when a member neither rests nor is in exactly its phase, when phases were run before
   * they were due, or when a timer is left over after `stop`. For tests.
   */
  assertInvariants(): void {
    let members = this.#restOf.size;
    for (const [phase, set] of this.#members.entries()) {
      members += set.size;
      for (const member of set) {
        if (this.#phaseOf.get(member) !== phase)
          throw new Error(`a member of another phase in phase ${phase}`);
      }
    }
    if (members !== this.#phaseOf.size) {
      throw new Error(`${this.#phaseOf.size} members, of which ${members} have a phase`);
    }
    if (this.#missedPhases < 0) throw new Error(`${this.#missedPhases} missed phases`);
    if (!this.#isRunning) {
      if (this.#timer !== undefined) throw new Error('a timer is left over');
      return;
    }
    const elapsedMs = this.#clock.nowMs() - this.#startedAtMs;
    if ((this.#phasesDone - 1) * this.#phaseMs > elapsedMs) {
      throw new Error(`${this.#phasesDone} phases within ${elapsedMs} ms`);
    }
  }
}

/**
 * The real time of this thread. Timers cut off fractions of the delay and of the time from which
 * they count: with one millisecond more they are not early, which would cost a second wake-up.
 */
export const systemSchedulerClock: SchedulerClock = {
  nowMs: monotonicMs,
  after: (delayMs, callback) => setTimeout(callback, Math.ceil(delayMs) + 1),
  cancel: clearTimeout,
  afterReading: (callback) => {
    setImmediate(callback);
  },
};

function tick(member: Scheduled, nowMs: number): void {
  member.turn?.begin();
  try {
    member.tick(nowMs);
  } catch (thrown) {
    member.threw(thrown);
  }
  member.turn?.end();
}
