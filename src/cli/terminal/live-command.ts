/** What the live commands share: look each second, draw, until the user or a signal ends it. */
import { setTimeout as delay } from 'node:timers/promises';
import { CommandFailure, EXIT } from '../exit-codes.js';
import type { Output } from '../output/output.js';
import { type DrawnScreen, LiveScreen, type ScreenSize } from './live-screen.js';

const INTERVAL_MS = 1_000;

/** Of a pipe. */
const PLAIN_SIZE: ScreenSize = { columns: 120, rows: 60 };

export interface LiveView<Reading> {
  /** Reads what is shown. Rejects with a `CommandFailure` when no server responds. */
  look(): Promise<Reading>;
  /**
   * The frame for a terminal. `failure`: why there is no reading now; what is shown is then older.
   */
  frame(reading: Reading | null, failure: string, size: ScreenSize): string[];
  /** What each look adds to a pipe; undefined: one frame is all that a pipe gets. */
  readonly line?: (reading: Reading) => string;
  /** A reading for another program. */
  readonly json: (reading: Reading) => object;
  /** Ends a look that is in progress: its answer is not waited for any longer. */
  close(): void;
}

/** Resolves with the exit code when the user ends it. The first look must succeed. */
export async function runLive<Reading>(
  view: LiveView<Reading>,
  output: Output,
  openScreen: () => DrawnScreen | null = LiveScreen.open,
): Promise<number> {
  let reading: Reading | null = await view.look();
  const screen = output.isJson ? null : openScreen();
  if (screen === null) return runPlain(view, reading, output);
  const { closing } = screen;
  const closed = new Promise<null>((resolve) => {
    closing.addEventListener('abort', () => resolve(null), { once: true });
  });
  try {
    let failure = '';
    for (;;) {
      screen.draw(view.frame(reading, failure, screen.size));
      await delay(INTERVAL_MS, undefined, { signal: closing }).catch(() => undefined);
      if (closing.aborted) return EXIT.ok;
      // Servers that do not respond must not hold up the user who leaves.
      const next = await Promise.race([lookAgain(view), closed]);
      if (next === null) return EXIT.ok;
      [reading, failure] = next;
    }
  } finally {
    screen.close();
    view.close();
  }
}

async function runPlain<Reading>(
  view: LiveView<Reading>,
  first: Reading,
  output: Output,
): Promise<number> {
  const { line } = view;
  if (line === undefined) {
    if (output.isJson) output.json(view.json(first));
    else output.lines(...view.frame(first, '', PLAIN_SIZE));
    return EXIT.ok;
  }
  let reading: Reading | null = first;
  let failure = '';
  for (;;) {
    if (reading === null) output.note(failure);
    else if (output.isJson) output.json(view.json(reading));
    else output.lines(line(reading));
    await delay(INTERVAL_MS);
    [reading, failure] = await lookAgain(view);
  }
}

async function lookAgain<Reading>({ look }: LiveView<Reading>): Promise<[Reading | null, string]> {
  try {
    return [await look(), ''];
  } catch (error) {
    if (error instanceof CommandFailure) return [null, error.message];
    throw error;
  }
}
