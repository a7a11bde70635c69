/**
 * The pacing wheel: each member has its turn once in an interval, spread over phases, on a schedule
 * that does not drift.
 *
 * A thread that comes late to a phase by no more than `LATE_MAX_MS` still runs it; phases later
 * than that are left out and counted, so that a stall is not followed by a burst. Turns are taken
 * after the sockets that are ready have been read (libuv polls between timers and immediates), so
 * that a turn may judge whether an answer is overdue.
 */
import { monotonicMs } from '../../base/clock.js';

/** Who takes turns. */
export interface Scheduled {
  tick(nowMs: number): void;
}

/** The time of the thread; replaced in tests. */
export interface SchedulerClock {
  /** Milliseconds, monotonic. */
  nowMs(): number;
  /** Calls back once, after that time or later. */
  after(delayMs: number, callback: () => void): NodeJS.Timeout;
  cancel(timer: NodeJS.Timeout): void;
  /** Calls back when what is ready now on sockets has been read. */
  afterReading(callback: () => void): void;
}

export interface SchedulerOptions {
  readonly intervalMs: number;
  readonly phases: number;
  readonly clock: SchedulerClock;
}

const LATE_MAX_MS = 20;

export class ProbeScheduler {
  readonly #clock: SchedulerClock;
  readonly #phaseMs: number;
  readonly #members: Array<Set<Scheduled>>;
  readonly #phaseOf = new Map<Scheduled, number>();
  #startedAtMs = 0;
  /** Phases since the start that are over, run or left out. */
  #phasesDone = 0;
  #timer: NodeJS.Timeout | undefined;
  /** Odd while running; a call-back of an earlier run finds another number and does nothing. */
  #run = 0;
  #missedPhases = 0;

  constructor({ intervalMs, phases, clock: pacer }: SchedulerOptions) {
    this.#clock = pacer;
    this.#phaseMs = intervalMs / phases;
    this.#members = Array.from({ length: phases }, () => new Set());
  }

  /** Phases left out so far because the thread was late. */
  get missedPhases(): number {
    return this.#missedPhases;
  }

  /** Gives the member its turns, in the phase with the fewest members. */
  add(member: Scheduled): void {
    if (this.#phaseOf.has(member)) return;
    let phase = 0;
    for (let other = 1; other < this.#members.length; other++) {
      if (this.#members[other]!.size < this.#members[phase]!.size) phase = other;
    }
    this.#members[phase]!.add(member);
    this.#phaseOf.set(member, phase);
  }

  remove(member: Scheduled): void {
    const phase = this.#phaseOf.get(member);
    if (phase === undefined) return;
    this.#members[phase]!.delete(member);
    this.#phaseOf.delete(member);
  }

  start(): void {
    if (this.#isRunning) return;
    this.#run++;
    this.#startedAtMs = this.#clock.nowMs();
    this.#phasesDone = 0;
    this.#arm();
  }

  stop(): void {
    if (!this.#isRunning) return;
    this.#run++;
    if (this.#timer !== undefined) this.#clock.cancel(this.#timer);
    this.#timer = undefined;
  }

  get #isRunning(): boolean {
    return (this.#run & 1) === 1;
  }

  #arm(): void {
    const run = this.#run;
    const pacer = this.#clock;
    const runWhenRead = (): void => {
      pacer.afterReading(() => {
        if (run === this.#run) this.#advance();
      });
    };
    const delayMs = this.#startedAtMs + this.#phasesDone * this.#phaseMs - pacer.nowMs();
    // Timers cut fractions off: rounded up, they do not fire before their phase.
    if (delayMs > 0) this.#timer = pacer.after(Math.ceil(delayMs), runWhenRead);
    else runWhenRead();
  }

  /** Runs one phase if one is due. */
  #advance(): void {
    const nowMs = this.#clock.nowMs();
    const elapsedMs = nowMs - this.#startedAtMs;
    const oldest = Math.ceil((elapsedMs - LATE_MAX_MS) / this.#phaseMs);
    if (oldest > this.#phasesDone) {
      this.#missedPhases += oldest - this.#phasesDone;
      this.#phasesDone = oldest;
    }
    if (this.#phasesDone * this.#phaseMs <= elapsedMs) {
      const members = this.#members[this.#phasesDone++ % this.#members.length]!;
      for (const member of members) member.tick(nowMs);
    }
    this.#arm();
  }
}

/** The real time of this thread. */
export const systemSchedulerClock: SchedulerClock = {
  nowMs: monotonicMs,
  after: (delayMs, callback) => setTimeout(callback, delayMs),
  cancel: clearTimeout,
  afterReading: (callback) => {
    setImmediate(callback);
  },
};
