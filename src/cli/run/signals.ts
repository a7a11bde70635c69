/**
 * The signals that end a job. They go to its child, which decides how to end; the parent only waits
 * for it, and starts no other.
 */
import type { ChildProcess } from 'node:child_process';

const PASSED_ON = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export class JobSignals {
  readonly #stop = new AbortController();
  #received: NodeJS.Signals | null = null;
  #child: ChildProcess | null = null;

  constructor() {
    for (const signal of PASSED_ON) process.on(signal, this.#arrived);
  }

  /** Aborted by the first signal. */
  get stopping(): AbortSignal {
    return this.#stop.signal;
  }

  /** The first signal that arrived. */
  get received(): NodeJS.Signals | null {
    return this.#received;
  }

  /** Where signals go from now on; null: nowhere. */
  passTo(child: ChildProcess | null): void {
    this.#child = child;
  }

  close(): void {
    for (const signal of PASSED_ON) process.off(signal, this.#arrived);
  }

  readonly #arrived = (signal: NodeJS.Signals): void => {
    this.#received ??= signal;
    // The terminal has sent its Ctrl-C to the child too, which must not see it twice.
    if (signal !== 'SIGINT' || process.stdin.isTTY !== true) this.#child?.kill(signal);
    this.#stop.abort();
  };
}
