/** The interface of a benchmark, and its context. */
import type { ReportTable } from './report.js';

export interface Benchmark {
  /** Its name on the command line. */
  readonly name: string;
  /** What it measures, in a few words. */
  readonly title: string;
  /**
   * No tables: this machine lacks something, which `context.progress` has reported; an earlier
   * result stays.
   */
  run(context: BenchmarkContext): Promise<ReportTable[]>;
}

/** A resource that must be released in any case. */
export interface Stoppable {
  stop(): Promise<unknown>;
}

export class BenchmarkContext {
  readonly #owned: Stoppable[] = [];

  constructor(
    /** Seconds instead of minutes: shows that it works and roughly what comes out. */
    readonly quick: boolean,
    /** Runs of minutes, for benchmarks of what shows only in time. */
    readonly soak: boolean,
    /** Reports progress. */
    readonly progress: (text: string) => void,
  ) {}

  /**
   * Hands over something to be stopped at the end of the benchmark, after all that is handed over
   * later.
   */
  own<T extends Stoppable>(resource: T): T {
    this.#owned.push(resource);
    return resource;
  }

  /** Stops something earlier than at the end. */
  async release(resource: Stoppable): Promise<void> {
    const at = this.#owned.indexOf(resource);
    if (at >= 0) this.#owned.splice(at, 1);
    await resource.stop();
  }

  /** Stops all that is owned, the latest first. */
  async stopAll(): Promise<void> {
    for (let resource = this.#owned.pop(); resource !== undefined; resource = this.#owned.pop()) {
      await resource.stop();
    }
  }
}
