/** The live screen: redraws its lines in place. */
import type { WriteStream } from 'node:tty';
import { type DemoView, fitToRows, plain, screenLines, withColours } from './view.js';

/** Hides the cursor and disables wrapping: a line that is too long is cut and stays one line. */
const ENTER = '\x1b[?25l\x1b[?7l';
const LEAVE = '\x1b[?25h\x1b[?7h';
const CLEAR_TO_END = '\x1b[J';
const CLEAR_LINE_REST = '\x1b[K';

export class Screen {
  readonly #paint = process.env.NO_COLOR ? plain : withColours;
  #drawnLines = 0;

  constructor(private readonly terminal: WriteStream) {
    terminal.write(ENTER);
    // A resize moves the drawn lines: clear the screen and draw again.
    terminal.on('resize', this.#resized);
  }

  draw(view: DemoView): void {
    const { columns, rows } = this.terminal;
    // The last row is for the cursor.
    const lines = fitToRows(screenLines(view, columns, this.#paint), rows - 1);
    const up = this.#drawnLines === 0 ? '' : `\x1b[${this.#drawnLines}A\r`;
    this.terminal.write(`${up}${lines.map((line) => `${line}${CLEAR_LINE_REST}\n`).join('')}`);
    this.#drawnLines = lines.length;
  }

  close(): void {
    this.terminal.off('resize', this.#resized);
    this.terminal.write(`${CLEAR_TO_END}${LEAVE}\n`);
  }

  readonly #resized = (): void => {
    this.#drawnLines = 0;
    this.terminal.write(`\x1b[H${CLEAR_TO_END}`);
  };
}
