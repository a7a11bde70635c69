/**
 * The log of something that can be read or not, such as a host: each new error once until it is
 * readable again, and all lines bounded, because it may fail and recover, or change its error, at
 * each probe.
 */

/** A failure is logged at most this often. */
const LOG_INTERVAL_MS = 10_000;

/** Of many errors the first ones are logged. */
const LOGGED_ERRORS_MAX = 8;

export interface FailureMessages {
  readonly failed: string;
  readonly recovered: string;
}

/** What every line names. */
export interface FailureFields {
  readonly store: string;
  readonly host?: string;
  readonly metric?: string;
}

/** Where lines are written. */
export interface FailureLines {
  warn(fields: FailureFields & { readonly error?: string }, message: string): void;
}

export class FailureLog {
  readonly #lines: FailureLines;
  readonly #fields: FailureFields;
  readonly #messages: FailureMessages;
  /** Errors logged since it was readable. */
  readonly #logged = new Set<string>();
  #loggedAtMs = Number.NEGATIVE_INFINITY;

  /** `fields`: of each line. */
  constructor(lines: FailureLines, fields: FailureFields, messages: FailureMessages) {
    this.#lines = lines;
    this.#fields = fields;
    this.#messages = messages;
  }

  /** Whether a failure was logged, and no recovery yet. */
  get isOpen(): boolean {
    return this.#logged.size > 0;
  }

  /** `metric`: the one that fails; empty: all, or the only one. */
  failed(error: string, atMs: number, metric = ''): void {
    const key = metric === '' ? error : `${metric}\n${error}`;
    if (this.#logged.has(key) || this.#logged.size >= LOGGED_ERRORS_MAX) return;
    if (atMs - this.#loggedAtMs < LOG_INTERVAL_MS) return;
    this.#loggedAtMs = atMs;
    this.#logged.add(key);
    const ofMetric = metric === '' ? {} : { metric };
    this.#lines.warn({ ...this.#fields, ...ofMetric, error }, this.#messages.failed);
  }

  /** It is readable again, in every respect. */
  recovered(): void {
    if (this.#logged.size === 0) return;
    this.#logged.clear();
    this.#lines.warn(this.#fields, this.#messages.recovered);
  }
}
