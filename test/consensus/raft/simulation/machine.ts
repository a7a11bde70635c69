/** The state machine of a simulated node: the real state, which its readers take over later. */
import { ImageAssembly } from '../../../../src/consensus/raft/codec/snapshots.js';
import type { NodeId } from '../../../../src/consensus/raft/core/types.js';
import type { ReplicatedMachine } from '../../../../src/consensus/raft/driver-types.js';
import type { Command, CommandOutcome } from '../../../../src/throttle/commands.js';
import { type StateImage, ThrottleState } from '../../../../src/throttle/state.js';
import type { SeededRandom } from '../../../support/random.js';
import type { Checker } from './checker.js';
import type { FaultProfile } from './fault-profile.js';
import { Readers } from './readers.js';

export interface MachineSurroundings {
  readonly random: SeededRandom;
  readonly checker: Checker;
  readonly faults: () => FaultProfile;
  readonly confirmsBeforeReaders: boolean;
  /** Runs later in the same life of the node. */
  readonly after: (delayMs: number, run: () => void) => void;
}

export class SimulatedMachine implements ReplicatedMachine {
  readonly #node: NodeId;
  readonly #around: MachineSurroundings;
  readonly #state = new ThrottleState();
  readonly #readers: Readers;
  /** Of the entry that is applied next, or was applied last. */
  appliedIndex: number;

  /** Empty, as of that index. */
  constructor(node: NodeId, appliedIndex: number, around: MachineSurroundings) {
    this.#node = node;
    this.#around = around;
    this.appliedIndex = appliedIndex;
    this.#readers = new Readers(appliedIndex);
    around.checker.inForce(node, appliedIndex);
  }

  /** The state that was on the disk at the start. */
  load(chunks: readonly Uint8Array[]): void {
    const assembly = new ImageAssembly();
    for (const chunk of chunks) assembly.add(chunk);
    this.#state.restore(assembly.image());
    this.#showState();
  }

  apply(commands: readonly Command[], done: (outcomes: readonly CommandOutcome[]) => void): void {
    const { random, confirmsBeforeReaders, after } = this.#around;
    const outcomes = commands.map((command) => this.#state.apply(command));
    this.#showState();
    const taken = this.#readers.applied(this.appliedIndex);
    const finish = (): void => {
      this.#tookOver(taken);
      done(outcomes);
    };
    if (random.chance(0.5)) finish();
    else if (confirmsBeforeReaders) {
      after(this.#readerDelayMs(), taken);
      done(outcomes);
    } else after(this.#readerDelayMs(), finish);
  }

  isFullFor(command: Command, atMs: number): boolean {
    return this.#state.isFullFor(command, atMs);
  }

  settled(done: () => void): void {
    this.#around.after(this.#around.random.between(0, 3), done);
  }

  image(): StateImage {
    return this.#state.image();
  }

  restore(image: StateImage, done: () => void): void {
    this.#state.restore(image);
    this.#showState();
    const taken = this.#readers.applied(this.appliedIndex);
    this.#around.after(this.#readerDelayMs(), () => {
      this.#tookOver(taken);
      done();
    });
  }

  #tookOver(taken: () => void): void {
    taken();
    this.#around.checker.inForce(this.#node, this.#readers.index);
  }

  /** Sometimes a reader thread is busy for long. */
  #readerDelayMs(): number {
    const { random, faults } = this.#around;
    const { busyReaderRate, busyReaderMs } = faults();
    return random.chance(busyReaderRate) ? busyReaderMs : random.between(0, 3);
  }

  #showState(): void {
    const state = JSON.stringify(this.#state.image());
    this.#around.checker.state(this.#node, this.appliedIndex, state);
  }
}
