/** The commands of clients: what becomes of each, and what a client knows of it. */
import type { Command } from '../../../../src/throttle/commands.js';

/** Wrong clocks let an entry end so much too early. */
const CLOCK_BEHIND_MAX_MS = 20_000;

/** Reports a violation unless the invariant holds. */
type Require = (holds: boolean, invariant: string, detail: () => string) => void;

export class CommandLedger {
  readonly #require: Require;
  /** Index by command. */
  readonly #indexes = new Map<number, number>();
  readonly #refused = new Set<number>();
  /** True Unix time until which the entry of a command has to last. */
  readonly #mustLast = new Map<number, number>();
  /**
   * Commands of which a client knew before it asked for another: the index that the later one must
   * be behind.
   */
  readonly #mustFollow = new Map<number, number>();
  #acknowledgedIndex = 0;
  #acknowledged = 0;

  constructor(require: Require) {
    this.#require = require;
  }

  /** How many are acknowledged to clients. */
  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** The greatest index of a command that some client knows to have taken effect. */
  get acknowledgedIndex(): number {
    return this.#acknowledgedIndex;
  }

  /** `mustLastMs`: the true Unix time at which what is asked for ends. */
  sent(command: number, mustLastMs: number): void {
    this.#mustLast.set(command, mustLastMs);
    this.#mustFollow.set(command, this.#acknowledgedIndex);
  }

  /** The first node applies it. */
  committed(index: number, command: Command): void {
    this.#takesEffect(index, numberOf(command));
    this.#lasts(command);
  }

  /** A client learns that it has taken effect. Returns its index; undefined: it has none. */
  learnt(command: number): number | undefined {
    const index = this.#indexes.get(command);
    this.#require(
      index !== undefined,
      'what is acknowledged is committed',
      () => `command ${command} is nowhere`,
    );
    if (index === undefined) return undefined;
    this.#acknowledged++;
    this.#acknowledgedIndex = Math.max(this.#acknowledgedIndex, index);
    return index;
  }

  refused(command: number): void {
    this.#refused.add(command);
    this.#require(
      !this.#indexes.has(command),
      'a refused command never takes effect',
      () => `command ${command} was committed at ${this.#indexes.get(command)} and then refused`,
    );
  }

  #takesEffect(index: number, command: number): void {
    const before = this.#indexes.get(command);
    this.#require(
      before === undefined,
      'a command is applied at most once',
      () => `command ${command} stands at ${before} and at ${index}`,
    );
    this.#require(
      !this.#refused.has(command),
      'a refused command never takes effect',
      () => `command ${command} was refused and is committed at ${index}`,
    );
    this.#require(
      index > (this.#mustFollow.get(command) ?? 0),
      'a command takes effect after it was sent',
      () => `command ${command} at ${index} comes before what was known when it was sent`,
    );
    this.#indexes.set(command, index);
  }

  #lasts(command: Command): void {
    if (!('expireAtMs' in command)) return;
    const mustLastMs = this.#mustLast.get(numberOf(command)) ?? 0;
    const { expireAtMs = 0 } = command;
    this.#require(
      expireAtMs >= mustLastMs - CLOCK_BEHIND_MAX_MS,
      'an entry lasts as long as was asked for',
      () => `command ${numberOf(command)} ends ${mustLastMs - expireAtMs} ms too early`,
    );
  }
}

/** Commands of a simulation carry their number in the place of their client. */
function numberOf(command: Command): number {
  return command.kind === 'identifyCluster' ? 0 : Number(command.client);
}
