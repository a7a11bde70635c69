/**
 * The state as main sends it, in parts: built beside the one in use, and takes its place when it is
 * whole, so that no check sees half of it.
 */
import { type StateImage, ThrottleState } from '../../throttle/state.js';

export class ArrivingState {
  readonly #state: ThrottleState;
  #arriving = stateOfWorker();

  /** `state`: the one in use. */
  constructor(state: ThrottleState) {
    this.#state = state;
  }

  add(part: StateImage): void {
    this.#arriving.add(part);
  }

  /** The state in use is replaced by all parts since the last call, and this one. */
  complete(last: StateImage): void {
    this.add(last);
    this.#state.become(this.#arriving);
    this.#arriving = stateOfWorker();
  }
}

/** Without the last commands, which main lists. */
export function stateOfWorker(): ThrottleState {
  return new ThrottleState(undefined, undefined, 0);
}
