/** The client that programs use: see docs/clients.md. */
import type { CheckAnswer } from './answer.js';
import { jsonObject } from './answer.js';
import { HttpExchange } from './exchange.js';
import { type Explanation, explanationFrom } from './explanation.js';
import { Inquiry } from './inquiry.js';
import {
  type CheckSubject,
  type ClientCheckOptions,
  type ClientSettings,
  type ClientWaitOptions,
  type FrenoClientOptions,
  maxWait,
  settingsOf,
} from './options.js';
import { FrenoServers } from './servers.js';
import { type CheckQuestion, questionOf } from './subject.js';
import { type Permission, Waiting } from './waiting.js';

/** Questions whose answers are shared at the same time. */
const INQUIRIES_MAX = 1_000;
/** No lag is above it: a `check-read` with it is a yes whenever the value is known. */
const ANY_LAG_SECONDS = 1e9;

/**
 * A client of freno. It has no connection to close, and any number of callers may use it at once.
 *
 * Its methods reject with a `FrenoClientError` when asking again is of no use, with the reason of
 * the signal when that aborts, and with a `TypeError` or `RangeError` for malformed options. That
 * freno says no, or does not respond, is an answer and no error.
 */
export class FrenoClient {
  readonly #settings: ClientSettings;
  readonly #servers: FrenoServers;
  readonly #waiting: Waiting;
  /** Shared ones, by path. */
  readonly #inquiries = new Map<string, Inquiry>();

  /** Throws a `TypeError` or `RangeError` that names the malformed option. Sends nothing. */
  constructor(options: FrenoClientOptions) {
    this.#settings = settingsOf(options);
    const exchange = new HttpExchange(this.#settings.fetch, this.#settings.headers);
    this.#servers = new FrenoServers(exchange, this.#settings);
    this.#waiting = new Waiting(this.#servers, this.#settings);
  }

  /** May the app write to the store now? */
  async check(options: ClientCheckOptions = {}): Promise<CheckAnswer> {
    return this.#inquiry(this.#question(options)).ask(signalOf(options));
  }

  /**
   * Is the store's value (its lag in seconds) at or below the threshold? For reads from replicas;
   * never a shared answer.
   */
  async checkRead(threshold: number, options: ClientCheckOptions = {}): Promise<CheckAnswer> {
    return this.#servers.ask(this.#question(options, threshold), signalOf(options));
  }

  /** The store's own metric: its lag in seconds. Null: not known now. */
  async replicationDelay(options: ClientCheckOptions = {}): Promise<number | null> {
    const signal = signalOf(options);
    const question = this.#question({ ...options, metrics: [] }, ANY_LAG_SECONDS);
    const answer = await this.#servers.ask(question, signal);
    if (answer.permitted) return answer.value;
    // Refused for another reason than this value, as an app that is throttled.
    const list = await this.#servers.list('/aggregated-metrics', signal);
    const values = list.kind === 'reply' && list.status === 200 ? jsonObject(list) : null;
    const value = Number.parseFloat(String(values?.[question.store]));
    return Number.isNaN(value) ? null : value;
  }

  /** Why the app may write, or must wait. A freno that explains itself counts no check for it. */
  async why(options: ClientCheckOptions = {}): Promise<Explanation> {
    const question = this.#question(options);
    const signal = signalOf(options);
    const explanation = await this.#servers.explain(question, signal);
    return explanation ?? explanationFrom(await this.#servers.ask(question, signal));
  }

  /** Resolves when the app may write. */
  async waitFor(options: ClientWaitOptions = {}): Promise<Permission> {
    const inquiry = this.#inquiry(this.#question(options));
    const maxWaitMs =
      options.maxWaitMs === undefined ? this.#settings.maxWaitMs : maxWait(options.maxWaitMs);
    return this.#waiting.wait(inquiry, { maxWaitMs, signal: options.signal });
  }

  /**
   * The same batches, each when the app may write it: the permission is asked for when the batch is
   * there. Keep batches small.
   */
  async *throttle<T>(
    batches: Iterable<T> | AsyncIterable<T>,
    options: ClientWaitOptions = {},
  ): AsyncGenerator<T, void, undefined> {
    for await (const batch of batches) {
      await this.waitFor(options);
      yield batch;
    }
  }

  #question(options: CheckSubject, threshold?: number): CheckQuestion {
    return questionOf({ ...this.#settings.subject, ...withoutUndefined(options) }, threshold);
  }

  #inquiry(question: CheckQuestion): Inquiry {
    const { shareMs } = this.#settings;
    const shared = this.#inquiries.get(question.path);
    if (shared !== undefined) return shared;
    const inquiry = new Inquiry(question, this.#servers, shareMs);
    if (shareMs === 0) return inquiry;
    if (this.#inquiries.size >= INQUIRIES_MAX) this.#forgetIdle();
    if (this.#inquiries.size < INQUIRIES_MAX) this.#inquiries.set(question.path, inquiry);
    return inquiry;
  }

  #forgetIdle(): void {
    for (const [path, inquiry] of this.#inquiries) {
      if (inquiry.isIdle) this.#inquiries.delete(path);
    }
  }
}

function signalOf({ signal }: ClientCheckOptions): AbortSignal {
  return signal ?? new AbortController().signal;
}

/** Callers may pass options that they do not have. */
function withoutUndefined({ app, store, priority, metrics }: CheckSubject): CheckSubject {
  return {
    ...(app !== undefined && { app }),
    ...(store !== undefined && { store }),
    ...(priority !== undefined && { priority }),
    ...(metrics !== undefined && { metrics }),
  };
}
