/**
 * The queries to Prometheus of one thread: equal ones are asked once, because a metric that all
 * clusters inherit has one query for all of them.
 */
import type { LookupFunction } from 'node:net';
import { CaCertificates } from '../../shared/ca-certificates.js';
import { HttpPageReader } from '../../shared/http-page-reader.js';
import type { MemberScheduling } from '../probe-scheduler.js';
import {
  ANSWER_BYTES_MAX,
  ANSWER_STATUSES,
  type AnswerListener,
  InstantQuery,
  type PrometheusSource,
  QUERY_TIMEOUT_MS,
} from './instant-query.js';

/** To one server at a time. */
const REQUESTS_MAX = 16;

export class PrometheusQueries {
  readonly #scheduling: MemberScheduling;
  readonly #pages: HttpPageReader;
  readonly #queries = new Map<string, InstantQuery>();

  constructor(lookup: LookupFunction, scheduling: MemberScheduling) {
    this.#scheduling = scheduling;
    this.#pages = new HttpPageReader(lookup, new CaCertificates(), REQUESTS_MAX, {
      timeoutMs: QUERY_TIMEOUT_MS,
      sizeBytesMax: ANSWER_BYTES_MAX,
      statuses: ANSWER_STATUSES,
    });
  }

  /** The listener gets the next answer soon, and the others with the interval. */
  subscribe(source: PrometheusSource, listener: AnswerListener): void {
    const key = keyOf(source);
    let query = this.#queries.get(key);
    if (query === undefined) {
      query = new InstantQuery(source, this.#pages);
      this.#queries.set(key, query);
    }
    query.listeners.add(listener);
    this.#scheduling.start(query);
  }

  unsubscribe(source: PrometheusSource, listener: AnswerListener): void {
    const key = keyOf(source);
    const query = this.#queries.get(key);
    if (query === undefined) return;
    query.listeners.delete(listener);
    if (query.listeners.size > 0) return;
    this.#queries.delete(key);
    this.#scheduling.stop(query);
  }
}

function keyOf({ url, caFile, query, intervalMs }: PrometheusSource): string {
  return JSON.stringify([url, caFile, query, intervalMs]);
}
