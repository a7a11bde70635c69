/**
 * One instant query to one Prometheus server, asked again and again for all metrics of the thread
 * that are measured by it. It runs in the probe thread, so that main never reads what strangers
 * send.
 */
import { monotonicMs } from '../../../base/clock.js';
import { messageOf } from '../../../base/errors.js';
import type { MetricSource } from '../../../contracts/stores.js';
import { type HttpPageReader, shownUrl } from '../../shared/http-page-reader.js';
import type { Openable } from '../probe-scheduler.js';
import { readAnswer, type Sample } from './answer.js';

export type PrometheusSource = Extract<MetricSource, { readonly kind: 'prometheus' }>;

/** From the request to the end of the response. */
export const QUERY_TIMEOUT_MS = 1_000;

/** Some thousand samples that have no label but that of the host; with all labels some hundred. */
export const ANSWER_BYTES_MAX = 256 * 1024;

/** Prometheus explains with these why it has no answer. */
export const ANSWER_STATUSES: ReadonlySet<number> = new Set([200, 400, 422, 503]);

/** The server itself gives up before the time-out, and says so. */
const SERVER_TIMEOUT = '900ms';

/** After a failure the next query does not wait longer than this. */
const RETRY_MS = 1_000;

/** A metric that is measured by the query. */
export interface AnswerListener {
  /** `askedAtMs`: `monotonicMs()` of the request; the samples are as of then. */
  answered(samples: readonly Sample[], askedAtMs: number, nowMs: number): void;
  failed(error: string, askedAtMs: number, nowMs: number): void;
}

export class InstantQuery implements Openable {
  readonly listeners = new Set<AnswerListener>();
  readonly #url: URL;
  readonly #caFile: string;
  readonly #intervalMs: number;
  readonly #pages: HttpPageReader;
  #isAsking = false;
  #nextMs = 0;

  constructor({ url, caFile, query, intervalMs }: PrometheusSource, pages: HttpPageReader) {
    this.#url = queryUrl(url, query);
    this.#caFile = caFile;
    this.#intervalMs = intervalMs;
    this.#pages = pages;
  }

  /** Asks at once, or as soon as the request in flight is over. */
  open(nowMs: number): void {
    this.#nextMs = nowMs;
    this.tick(nowMs);
  }

  tick(nowMs: number): void {
    if (nowMs < this.#nextMs || this.#isAsking) return;
    this.#nextMs = nowMs + this.#intervalMs;
    this.#isAsking = true;
    void this.#ask(monotonicMs());
  }

  threw(thrown: unknown): void {
    this.#isAsking = false;
    const nowMs = monotonicMs();
    for (const listener of this.listeners) listener.failed(messageOf(thrown), nowMs, nowMs);
  }

  async #ask(askedAtMs: number): Promise<void> {
    const answer = await this.#read();
    const nowMs = monotonicMs();
    this.#isAsking = false;
    if (typeof answer !== 'string') {
      for (const listener of this.listeners) tell(listener, answer, askedAtMs, nowMs);
      return;
    }
    this.#nextMs = Math.min(this.#nextMs, nowMs + RETRY_MS);
    for (const listener of this.listeners) listener.failed(answer, askedAtMs, nowMs);
  }

  /** The samples, or why there are none. */
  async #read(): Promise<readonly Sample[] | string> {
    const fail = (reason: string): string => `Prometheus ${this.#shown}: ${reason}`;
    try {
      const chunks: Buffer[] = [];
      const pages = this.#pages.read(this.#url, { caFile: this.#caFile });
      for await (const chunk of pages) chunks.push(chunk);
      const answer = readAnswer(Buffer.concat(chunks).toString());
      return 'reason' in answer ? fail(answer.reason) : answer;
    } catch (thrown) {
      return fail(messageOf(thrown));
    }
  }

  get #shown(): string {
    return shownUrl(this.#url).replace(/\/api\/v1\/query$/, '');
  }
}

/** What one metric makes of the answer is no error of the others. */
function tell(
  listener: AnswerListener,
  samples: readonly Sample[],
  askedAtMs: number,
  nowMs: number,
): void {
  try {
    listener.answered(samples, askedAtMs, nowMs);
  } catch (thrown) {
    listener.failed(messageOf(thrown), askedAtMs, nowMs);
  }
}

function queryUrl(server: string, query: string): URL {
  const url = new URL(server);
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/api/v1/query`;
  url.searchParams.set('query', query);
  url.searchParams.set('timeout', SERVER_TIMEOUT);
  return url;
}
