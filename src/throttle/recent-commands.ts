/** The last commands that took effect, oldest first. */
import type { OperatorCommand } from './commands.js';

export const RECENT_COMMANDS_MAX = 1_000;

export class RecentCommands {
  #commands: OperatorCommand[] = [];

  add(command: OperatorCommand): void {
    this.#commands.push(command);
    if (this.#commands.length > RECENT_COMMANDS_MAX) this.#commands.shift();
  }

  list(): OperatorCommand[] {
    return [...this.#commands];
  }

  restore(commands: readonly OperatorCommand[]): void {
    this.#commands = commands.slice(-RECENT_COMMANDS_MAX);
  }
}
