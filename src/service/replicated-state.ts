/**
 * The replicated state as consensus drives it: applied here at once, and told to every thread that
 * holds a copy or acts on it.
 */

import type { StateMachine } from '../contracts/consensus.js';
import type { Command, CommandOutcome } from '../throttle/commands.js';
import type { StateImage, ThrottleState } from '../throttle/state.js';

/**
 * Threads with a copy of the state. `apply` and `restore` resolve when every live one has the
 * change.
 */
export interface StateAudience {
  apply(commands: readonly Command[]): Promise<void>;
  restore(image: StateImage): Promise<void>;
  /** As `StateMachine.settled`. */
  settled(): Promise<void>;
}

/**
 * Who leaves skipped hosts out of probing, each until its time: some may be over already. Resolves
 * when no probe worker probes them any more.
 */
export interface HostSkipper {
  setSkippedHosts(hosts: ReadonlyArray<readonly [string, number]>): Promise<void>;
}

export class ReplicatedState implements StateMachine {
  readonly #state: ThrottleState;
  readonly #audience: StateAudience;
  readonly #skipper: HostSkipper;

  constructor(state: ThrottleState, audience: StateAudience, skipper: HostSkipper) {
    this.#state = state;
    this.#audience = audience;
    this.#skipper = skipper;
  }

  async apply(commands: readonly Command[]): Promise<readonly CommandOutcome[]> {
    const outcomes = commands.map((command) => this.#state.apply(command));
    const told: Array<Promise<void>> = [this.#audience.apply(commands)];
    if (commands.some(isAboutHosts)) told.push(this.#tellSkippedHosts());
    await Promise.all(told);
    return outcomes;
  }

  settled(): Promise<void> {
    return this.#audience.settled();
  }

  image(): StateImage {
    return this.#state.image();
  }

  async restore(image: StateImage): Promise<void> {
    this.#state.restore(image);
    await Promise.all([this.#audience.restore(image), this.#tellSkippedHosts()]);
  }

  #tellSkippedHosts(): Promise<void> {
    return this.#skipper.setSkippedHosts(this.#state.image().skippedHosts);
  }
}

function isAboutHosts(command: Command): boolean {
  return command.kind === 'skipHost' || command.kind === 'recoverHost';
}
