/** `freno watch`: the value of a store against its threshold, as a plot that moves. */
import type { CheckAnswer } from '../../client/answer.js';
import type { FrenoClient } from '../../client/client.js';
import type { CommandContext } from '../context.js';
import { CommandFailure, EXIT } from '../exit-codes.js';
import type { Output } from '../output/output.js';
import { plotLines } from '../output/plot.js';
import { printable } from '../output/printable.js';
import { localTime, shortDuration } from '../output/quantities.js';
import { answerJson, answerText, exitCodeOf } from '../permission/answers.js';
import { clientFor, commandFailure } from '../permission/asking.js';
import { type StoreName, storeText } from '../target.js';
import { runLive } from '../terminal/live-command.js';
import { type ScreenSize, spread } from '../terminal/live-screen.js';
import { SeriesSet } from '../views/series.js';

/** freno's own checks are not listed among the recent apps. */
const OWN_APP = 'freno';

/** Lines beside the plot: the head, the answer, a blank, the axis and its labels. */
const FIXED_LINES = 5;
const PLOT_ROWS_MIN = 4;

export interface WatchOptions {
  readonly metric?: string;
}

export async function watch(
  context: CommandContext,
  store: StoreName,
  options: WatchOptions,
): Promise<number> {
  const client = clientFor(context, { app: OWN_APP, store }, options);
  return runLive(new WatchView(client, context.output, store), context.output);
}

class WatchView {
  readonly #series = new SeriesSet();
  readonly #name: string;
  readonly #closing = new AbortController();
  #latest: CheckAnswer | null = null;

  constructor(
    private readonly client: FrenoClient,
    private readonly output: Output,
    store: StoreName,
  ) {
    this.#name = storeText(store);
  }

  readonly look = async (): Promise<CheckAnswer> => {
    const { signal } = this.#closing;
    const answer = await this.client.check({ signal }).catch((error: unknown) => {
      throw commandFailure(error);
    });
    // An error, and a node that does not lead, have no value: a gap.
    this.#series.push(new Map([[this.#name, answer.value]]));
    const code = exitCodeOf(answer);
    if (code === EXIT.unreachable || code === EXIT.unknownStore) {
      throw new CommandFailure(code, answer.message);
    }
    return answer;
  };

  frame(reading: CheckAnswer | null, failure: string, { columns, rows }: ScreenSize): string[] {
    if (reading !== null) this.#latest = reading;
    const { paint } = this.output;
    const values = this.#series.of(this.#name);
    const threshold = this.#latest?.threshold ?? null;
    const options = {
      columns,
      rows: Math.max(PLOT_ROWS_MIN, rows - FIXED_LINES),
      threshold,
      since: `${shortDuration(values.length * 1_000)} ago`,
    };
    return [
      spread(
        paint('strong', `freno watch  ${printable(this.#name)}`),
        localTime(Date.now()),
        columns,
      ),
      failure === ''
        ? answerText(this.output, this.#latest!)
        : paint('broken', `no data now: ${printable(failure)}`),
      '',
      ...plotLines(values, options, paint),
    ];
  }

  close(): void {
    this.#closing.abort();
  }

  readonly json = (answer: CheckAnswer): object => ({
    At: new Date().toISOString(),
    ...answerJson(answer),
  });

  readonly line = (answer: CheckAnswer): string =>
    `${localTime(Date.now())}  ${answerText(this.output, answer)}`;
}
