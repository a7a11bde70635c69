/**
 * HAProxy's statistics pages, each read once for all clusters that need it within a second: one
 * page lists the backends of many clusters, and HAProxy builds it in the thread that also moves
 * its traffic.
 */
import { monotonicMs } from '../../../base/clock.js';
import type { HttpPageReader } from '../../shared/http-page-reader.js';
import { parseStatistics, type Statistics } from './haproxy-csv.js';

/** How long a page is reused, whether it was read or failed. */
const CACHE_MS = 1_000;

interface CachedPage {
  readonly statistics: Promise<Statistics>;
  /** Infinite while the page is being read. */
  untilMs: number;
}

export class HAProxyStatisticsCache {
  readonly #pages: HttpPageReader;
  readonly #cached = new Map<string, CachedPage>();

  constructor(pages: HttpPageReader) {
    this.#pages = pages;
  }

  /** Rejects when the page cannot be read, with the reason. The caller adds the address. */
  read(url: URL, caFile: string): Promise<Statistics> {
    this.#evictExpired();
    const key = `${url.href} ${caFile}`;
    const cached = this.#cached.get(key);
    if (cached !== undefined) return cached.statistics;
    const page = {
      statistics: parseStatistics(this.#pages.read(url, { caFile })),
      untilMs: Number.POSITIVE_INFINITY,
    };
    this.#cached.set(key, page);
    const settled = (): void => {
      page.untilMs = monotonicMs() + CACHE_MS;
    };
    page.statistics.then(settled, settled);
    return page.statistics;
  }

  #evictExpired(): void {
    const nowMs = monotonicMs();
    for (const [key, { untilMs }] of this.#cached) {
      if (untilMs <= nowMs) this.#cached.delete(key);
    }
  }
}
