/** Where a command writes: answers to standard output, all else to standard error. */
import { PIPE_CLOSED_EXIT } from '../exit-codes.js';
import { type Painter, painterFor } from './paint.js';

export interface Output {
  readonly paint: Painter;
  /** For another program: JSON, one value per line. */
  readonly isJson: boolean;
  /** Writes lines of an answer. */
  lines(...lines: readonly string[]): void;
  /** Writes a value as one line of JSON. */
  json(value: unknown): void;
  /** Writes a remark that is no part of the answer; each of its lines says whose it is. */
  note(text: string): void;
}

/** The output of this process. */
export function processOutput(isJson: boolean): Output {
  return {
    paint: painterFor(process.stdout),
    isJson,
    lines: (...lines) => {
      if (lines.length > 0) process.stdout.write(`${lines.join('\n')}\n`);
    },
    json: (value) => void process.stdout.write(`${JSON.stringify(value)}\n`),
    note: (text) => void process.stderr.write(`${text.replace(/^/gm, 'freno: ')}\n`),
  };
}

/**
 * Ends the process quietly when the reader of its output has gone, as `| head` does. An exit code
 * that is already known stays.
 */
export function endWithReader(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
      process.exit(process.exitCode || PIPE_CLOSED_EXIT);
    });
  }
}
