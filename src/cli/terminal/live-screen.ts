/**
 * A screen that is drawn again and again: on a terminal in place, and elsewhere once, as plain
 * lines, so that a live command can be piped.
 */
import type { ReadStream, WriteStream } from 'node:tty';
import { widthOf } from '../output/table.js';

/** The alternate screen keeps what was on the terminal; lines are cut, not wrapped. */
const ENTER = '\x1b[?1049h\x1b[?25l\x1b[?7l';
const LEAVE = '\x1b[?7h\x1b[?25h\x1b[?1049l';
const HOME = '\x1b[H';
const CLEAR_LINE_REST = '\x1b[K';
const CLEAR_TO_END = '\x1b[J';
const CTRL_C = '\x03';

/** Of a terminal that does not say. */
const USUAL_SIZE = { columns: 80, rows: 24 } as const;

export interface ScreenSize {
  readonly columns: number;
  readonly rows: number;
}

export interface DrawnScreen {
  readonly size: ScreenSize;
  /** Aborted when the user presses q or Ctrl-C, or a signal ends the process. */
  readonly closing: AbortSignal;
  /** Draws the lines that fit. */
  draw(lines: readonly string[]): void;
  /** Leaves the terminal as it was. */
  close(): void;
}

export class LiveScreen implements DrawnScreen {
  readonly #terminal: WriteStream;
  readonly #keyboard: ReadStream | null;
  #latest: readonly string[] = [];

  readonly closing: AbortSignal;
  readonly #close = new AbortController();

  private constructor(terminal: WriteStream, keyboard: ReadStream | null) {
    this.#terminal = terminal;
    this.#keyboard = keyboard;
    this.closing = this.#close.signal;
    terminal.write(ENTER);
    terminal.on('resize', this.#redraw);
    keyboard?.setRawMode(true).setEncoding('utf8').resume();
    keyboard?.on('data', this.#pressed);
    for (const signal of SIGNALS) process.on(signal, this.#ended);
  }

  /** Null where standard output is no terminal. */
  static open(): LiveScreen | null {
    if (!process.stdout.isTTY) return null;
    return new LiveScreen(process.stdout, process.stdin.isTTY ? process.stdin : null);
  }

  get size(): ScreenSize {
    const { columns, rows } = this.#terminal;
    return { columns: columns || USUAL_SIZE.columns, rows: rows || USUAL_SIZE.rows };
  }

  draw(lines: readonly string[]): void {
    this.#latest = lines;
    const shown = lines.slice(0, this.size.rows);
    const text = shown.map((line) => line + CLEAR_LINE_REST).join('\r\n');
    this.#terminal.write(HOME + text + CLEAR_TO_END);
  }

  close(): void {
    this.#terminal.off('resize', this.#redraw);
    this.#keyboard?.off('data', this.#pressed);
    this.#keyboard?.setRawMode(false).pause();
    for (const signal of SIGNALS) process.off(signal, this.#ended);
    this.#terminal.write(LEAVE);
  }

  readonly #redraw = (): void => this.draw(this.#latest);
  readonly #ended = (): void => this.#close.abort();
  readonly #pressed = (keys: string | Buffer): void => {
    if ([...String(keys)].some((key) => key === 'q' || key === CTRL_C)) this.#close.abort();
  };
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** The text with the rest in the last column, if both fit. */
export function spread(left: string, right: string, columns: number): string {
  const blanks = columns - widthOf(left) - widthOf(right);
  return blanks < 1 ? left : left + ' '.repeat(blanks) + right;
}
