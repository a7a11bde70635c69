/** The last commands that took effect, oldest first. */
import type { OperatorCommand } from './commands.js';

export const RECENT_COMMANDS_MAX = 1_000;

/** A ring: commands are added far more often than they are listed. */
export class RecentCommands {
  #commands: OperatorCommand[] = [];
  /** The place of the oldest one, which the next one takes once all places are taken. */
  #oldest = 0;

  constructor(private readonly max: number) {}

  add(command: OperatorCommand): void {
    if (this.#commands.length < this.max) {
      this.#commands.push(command);
    } else if (this.max > 0) {
      this.#commands[this.#oldest] = command;
      this.#oldest = (this.#oldest + 1) % this.max;
    }
  }

  list(): OperatorCommand[] {
    return [...this.#commands.slice(this.#oldest), ...this.#commands.slice(0, this.#oldest)];
  }

  restore(commands: readonly OperatorCommand[]): void {
    this.#commands = this.max === 0 ? [] : commands.slice(-this.max);
    this.#oldest = 0;
  }
}
