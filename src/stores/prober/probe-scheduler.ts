/**
 * When each host is probed: one tick per member and interval, from one timer for all.
 *
 * The interval is divided into phases, and each member belongs to the phase that had the fewest
 * members. So a thousand probes do not start at the same moment: their results would arrive
 * together too, and each would wait for those before it. Phases are due at multiples of the phase
 * length since the start, not since the last phase, so that the schedule does not drift.
 *
 * A phase that is late by no more than `LATE_MAX_MS` is still run. Later phases are missed and
 * counted, so that a stall of the thread is not followed by a burst. Ticks run after the sockets
 * that are ready have been read (Node's event loop polls between timers and `setImmediate`).
 * Otherwise a tick after a stall would time out probes whose results have arrived.
 */
import { monotonicMs } from '../../base/clock.js';

/** A member of the schedule: a probed host, or a cluster. */
export interface Scheduled {
  /** Called once per interval, unless its phase is missed. */
  tick(nowMs: number): void;
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

export class ProbeScheduler {
  readonly #clock: SchedulerClock;
  readonly #phaseMs: number;
  readonly #members: Array<Set<Scheduled>>;
  readonly #phaseOf = new Map<Scheduled, number>();
  #startedAtMs = 0;
  /** Phases since the start that were run or missed. */
  #phasesDone = 0;
  #timer: NodeJS.Timeout | undefined;
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

  /** Adds the member to the phase with the fewest members. */
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
    const clock = this.#clock;
    const advanceAfterReading = (): void => {
      clock.afterReading(() => {
        if (run === this.#run) this.#advance();
      });
    };
    const delayMs = this.#startedAtMs + this.#phasesDone * this.#phaseMs - clock.nowMs();
    // Node's timers cut off fractions: rounded up, they do not fire before their phase is due.
    if (delayMs > 0) this.#timer = clock.after(Math.ceil(delayMs), advanceAfterReading);
    else advanceAfterReading();
  }

  /** Runs one phase if one is due. */
  #advance(): void {
    const nowMs = this.#clock.nowMs();
    const elapsedMs = nowMs - this.#startedAtMs;
    const oldestPhase = Math.ceil((elapsedMs - LATE_MAX_MS) / this.#phaseMs);
    if (oldestPhase > this.#phasesDone) {
      this.#missedPhases += oldestPhase - this.#phasesDone;
      this.#phasesDone = oldestPhase;
    }
    if (this.#phasesDone * this.#phaseMs <= elapsedMs) {
      const members = this.#members[this.#phasesDone++ % this.#members.length]!;
      for (const member of members) member.tick(nowMs);
    }
    this.#arm();
  }

  /**
   * Throws when a member is not in exactly its phase, when phases were run before they were due, or
   * when a timer is left over after `stop`. For tests.
   */
  assertInvariants(): void {
    let members = 0;
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

/** The real time of this thread. */
export const systemSchedulerClock: SchedulerClock = {
  nowMs: monotonicMs,
  after: (delayMs, callback) => setTimeout(callback, delayMs),
  cancel: clearTimeout,
  afterReading: (callback) => {
    setImmediate(callback);
  },
};
