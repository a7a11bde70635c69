/** Keys pressed in the terminal, one by one. */
import type { ReadStream } from 'node:tty';

const CTRL_C = '\x03';

export class Keyboard {
  readonly #actions = new Map<string, () => void>();

  /** Resolves when q is pressed, or Ctrl-C, which sends no signal in raw mode. */
  readonly quit: Promise<void>;

  constructor(private readonly terminal: ReadStream) {
    terminal.setRawMode(true).setEncoding('utf8').resume();
    this.quit = new Promise((resolve) => {
      this.on('q', resolve);
      this.on(CTRL_C, resolve);
    });
    terminal.on('data', this.#pressed);
  }

  on(key: string, action: () => void): void {
    this.#actions.set(key, action);
  }

  close(): void {
    this.terminal.off('data', this.#pressed);
    this.terminal.setRawMode(false).pause();
  }

  readonly #pressed = (keys: string | Buffer): void => {
    for (const key of String(keys)) this.#actions.get(key)?.();
  };
}
