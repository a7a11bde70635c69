/**
 * The replicated state as consensus drives it: commands are applied on main at once, and passed on
 * to every thread that holds a copy or acts on it.
 */

import { TimeSlice } from '../base/time-slice.js';
import type { ReplaceableState, StateMachine } from '../contracts/consensus.js';
import type { Command, CommandOutcome } from '../throttle/commands.js';
import { partsOf } from '../throttle/image-parts.js';
import { EMPTY_IMAGE, type HostSkips, type StateImage, ThrottleState } from '../throttle/state.js';

/**
 * Threads with a copy of the state. `apply` and `restore` resolve when every live one has the
 * change.
 */
export interface StateCopies {
  apply(commands: readonly Command[]): Promise<void>;
  restore(image: StateImage): Promise<void>;
  /** As `StateMachine.settled`. */
  settled(): Promise<void>;
}

/**
 * Leaves skipped hosts out of probing, each until its time, from the call after a change on.
 * Resolves when no probe worker probes them any more.
 */
export interface HostSkipper {
  skipsChanged(skips: HostSkips): Promise<void>;
}

/** Judges metrics by the thresholds that operators have set, from the moment of the call. */
export interface ThresholdSetter {
  setThresholds(thresholds: StateImage['thresholds']): void;
}

export class ReplicatedState implements StateMachine, ReplaceableState {
  readonly #state: ThrottleState;
  readonly #copies: StateCopies;
  readonly #inventory: HostSkipper & ThresholdSetter;

  constructor(state: ThrottleState, copies: StateCopies, inventory: HostSkipper & ThresholdSetter) {
    this.#state = state;
    this.#copies = copies;
    this.#inventory = inventory;
  }

  async apply(commands: readonly Command[]): Promise<readonly CommandOutcome[]> {
    const outcomes = commands.map((command) => this.#state.apply(command));
    if (commands.some(isAboutThresholds)) this.#publishThresholds();
    const acknowledged: Array<Promise<void>> = [this.#copies.apply(commands)];
    if (commands.some(isAboutHosts)) acknowledged.push(this.#publishSkippedHosts());
    await Promise.all(acknowledged);
    return outcomes;
  }

  isFullFor(command: Command, atMs: number): boolean {
    return this.#state.isFullFor(command, atMs);
  }

  settled(): Promise<void> {
    return this.#copies.settled();
  }

  image(): StateImage {
    return this.#state.image();
  }

  async restore(image: StateImage): Promise<void> {
    this.#state.restore(image);
    await this.#publish(image);
  }

  /** In slices, beside the state in use. */
  async replace(image: StateImage): Promise<void> {
    const next = new ThrottleState();
    next.restore({ ...EMPTY_IMAGE, recentCommands: image.recentCommands });
    const { rows, last } = partsOf(image);
    const slice = new TimeSlice();
    for (const part of [...rows, last]) {
      next.add(part);
      if (slice.isOver) await slice.yield();
    }
    this.#state.become(next);
    await this.#publish(image);
  }

  async #publish(image: StateImage): Promise<void> {
    this.#publishThresholds();
    await Promise.all([this.#copies.restore(image), this.#publishSkippedHosts()]);
  }

  #publishThresholds(): void {
    this.#inventory.setThresholds(this.#state.thresholdRows());
  }

  /** Not their list: with each command it would be built again. */
  #publishSkippedHosts(): Promise<void> {
    return this.#inventory.skipsChanged(this.#state);
  }
}

function isAboutThresholds(command: Command): boolean {
  return command.kind === 'setThreshold' || command.kind === 'resetThreshold';
}

function isAboutHosts(command: Command): boolean {
  return command.kind === 'skipHost' || command.kind === 'recoverHost';
}
