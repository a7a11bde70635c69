/** `freno watch`: the value of a store against its threshold, as a plot that moves. */
import type { CommandContext } from '../context.js';
import { CommandFailure, EXIT } from '../exit-codes.js';
import type { Output } from '../output/output.js';
import { plotLines } from '../output/plot.js';
import { printable } from '../output/printable.js';
import { localTime, shortDuration } from '../output/quantities.js';
import { answerText, type CheckBody, checkBody, exitCodeOf } from '../permission/check-request.js';
import { pathOf, type ServerGroup, withParameters } from '../servers/server-group.js';
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
  { servers, output }: CommandContext,
  store: StoreName,
  options: WatchOptions,
): Promise<number> {
  return runLive(new WatchView(servers, output, store, options), output.lines);
}

class WatchView {
  readonly #series = new SeriesSet();
  readonly #name: string;
  readonly #path: string;
  #latest: CheckBody | null = null;

  constructor(
    private readonly servers: ServerGroup,
    private readonly output: Output,
    store: StoreName,
    { metric }: WatchOptions,
  ) {
    this.#name = storeText(store);
    this.#path = withParameters(pathOf('check', OWN_APP, store.type, store.name), { metric });
  }

  readonly look = async (): Promise<CheckBody> => {
    try {
      const body = await checkBody(this.servers, await this.servers.askLeader(this.#path));
      this.#push(measuredValue(body));
      if (exitCodeOf(body) === EXIT.unknownStore) {
        throw new CommandFailure(EXIT.unknownStore, `${this.#name}: no such store`);
      }
      return body;
    } catch (error) {
      this.#push(null);
      throw error;
    }
  };

  frame(reading: CheckBody | null, failure: string, { columns, rows }: ScreenSize): string[] {
    if (reading !== null) this.#latest = reading;
    const { paint } = this.output;
    const values = this.#series.of(this.#name);
    const threshold = this.#latest?.Threshold ?? null;
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

  readonly line = (body: CheckBody): string =>
    `${localTime(Date.now())}  ${answerText(this.output, body)}`;

  #push(value: number | null): void {
    this.#series.push(new Map([[this.#name, value]]));
  }
}

/** An error, and a node that does not lead, have no value. */
function measuredValue({ StatusCode, Value }: CheckBody): number | null {
  return StatusCode === 200 || StatusCode === 429 ? Value : null;
}
