/**
 * The replicated state as the driver drives it: callbacks instead of promises, which a simulator
 * could not order.
 */
import { messageOf } from '../../base/errors.js';
import type { StateMachine } from '../../contracts/consensus.js';
import type { Command, CommandOutcome } from '../../throttle/commands.js';
import { EMPTY_IMAGE, type StateImage } from '../../throttle/state.js';
import { ImageAssembly } from './codec/snapshots.js';
import type { RaftStorage, ReplicatedMachine } from './driver-types.js';

export class StateMachineAdapter implements ReplicatedMachine {
  readonly #machine: StateMachine;
  readonly #onFailure: (error: Error) => void;

  /**
   * `onFailure`: the state machine could not apply what is committed; what it holds now is not
   * the replicated state.
   */
  constructor(machine: StateMachine, onFailure: (error: Error) => void) {
    this.#machine = machine;
    this.#onFailure = onFailure;
  }

  apply(commands: readonly Command[], done: (outcomes: readonly CommandOutcome[]) => void): void {
    this.#machine.apply(commands).then(done).catch(this.#failed);
  }

  isFullFor(command: Command, atMs: number): boolean {
    return this.#machine.isFullFor(command, atMs);
  }

  settled(done: () => void): void {
    this.#machine.settled().then(done).catch(this.#failed);
  }

  image(): StateImage {
    return this.#machine.image();
  }

  restore(image: StateImage, done: () => void): void {
    this.#machine.restore(image).then(done).catch(this.#failed);
  }

  /**
   * Restores the stored snapshot, or the empty state, before the driver starts. Rejects when the
   * snapshot cannot be read.
   */
  async restoreFrom(storage: RaftStorage): Promise<void> {
    const newest = storage.newestSnapshot();
    if (newest === null) {
      await this.#machine.restore(EMPTY_IMAGE);
      return;
    }
    const assembly = new ImageAssembly();
    for (let sequence = 0; sequence < newest.chunkCount; sequence++) {
      assembly.add(await readChunk(storage, newest.meta.index, sequence));
    }
    await this.#machine.restore(assembly.image());
  }

  readonly #failed = (error: unknown): void => {
    this.#onFailure(error instanceof Error ? error : new Error(messageOf(error)));
  };
}

function readChunk(storage: RaftStorage, index: number, sequence: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    storage.readChunk(index, sequence, (error, chunk) => {
      if (chunk !== null) resolve(chunk);
      else reject(error ?? new Error(`chunk ${sequence} of its snapshot is missing`));
    });
  });
}
