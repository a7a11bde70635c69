/**
 * The HTTP checks of one store: which page decides for which hosts of which metrics. Metrics that
 * name the same page share its checks.
 */

import { formatAddress } from '../../base/address.js';
import { monotonicMs } from '../../base/clock.js';
import type { ResolverClient } from '../../base/dns-resolver.js';
import type { TlsSettings } from '../../base/mysql/tls.js';
import type { StoreTurn } from '../../board/store-turns.js';
import type { MetricAssignment } from '../../contracts/stores.js';
import { type FailureLines, FailureLog } from './failure-log.js';
import { CHECK_INTERVAL_MS, checkUrl, type HttpChecker } from './http-check.js';
import type { MemberScheduling, Openable } from './probe-scheduler.js';

/** A metric whose hosts can be left out. */
export interface CheckedMetric {
  setLeftOut(address: string, leftOut: boolean, nowMs: number): void;
}

interface CheckedHost {
  readonly metric: CheckedMetric;
  /** `host:port` in the list of the metric. */
  readonly address: string;
}

export interface HostChecksContext {
  readonly store: string;
  readonly turn: StoreTurn;
  readonly httpChecker: HttpChecker;
  readonly lines: FailureLines;
  readonly resolver: ResolverClient;
  readonly scheduling: MemberScheduling;
}

interface PageKey {
  readonly url: string;
  readonly tls: TlsSettings | null;
}

const MESSAGES = {
  failed: 'HTTP check over TLS failed: the host is kept',
  recovered: 'HTTP check over TLS responds again',
};

export class HostChecks {
  readonly #context: HostChecksContext;
  /** By URL and settings of TLS, as JSON. */
  #pages = new Map<string, CheckedPage>();
  #isProbing = false;

  constructor(context: HostChecksContext) {
    this.#context = context;
  }

  /** The metrics from now on. Returns the addresses of the hosts that are checked. */
  replace(
    metrics: Iterable<readonly [CheckedMetric, MetricAssignment]>,
    nowMs: number,
  ): Set<string> {
    const addresses = new Set<string>();
    const hosts = new Map<string, CheckedHost[]>();
    const unchecked: CheckedHost[] = [];
    for (const [metric, { settings, targets }] of metrics) {
      const { httpCheckPort: port, httpCheckPath: path, httpCheckTls: tls } = settings;
      for (const target of targets) {
        const checked = { metric, address: formatAddress(target) };
        if (port === 0) {
          unchecked.push(checked);
          continue;
        }
        addresses.add(checked.address);
        const page: PageKey = { url: checkUrl(target.host, port, path, tls !== null), tls };
        const key = JSON.stringify(page);
        const ofPage = hosts.get(key);
        if (ofPage === undefined) hosts.set(key, [checked]);
        else ofPage.push(checked);
      }
    }
    this.#replacePages(hosts);
    for (const { metric, address } of unchecked) metric.setLeftOut(address, false, nowMs);
    for (const page of this.#pages.values()) page.apply(nowMs);
    return addresses;
  }

  /** Checks all pages at once, or none any more. */
  setProbing(isProbing: boolean): void {
    this.#isProbing = isProbing;
    const { scheduling } = this.#context;
    for (const page of this.#pages.values()) {
      if (isProbing) scheduling.start(page);
      else scheduling.stop(page);
    }
  }

  #replacePages(hosts: ReadonlyMap<string, readonly CheckedHost[]>): void {
    const before = this.#pages;
    const { scheduling } = this.#context;
    this.#pages = new Map();
    for (const [key, checked] of hosts) {
      const page = before.get(key) ?? new CheckedPage(JSON.parse(key) as PageKey, this.#context);
      page.hosts = checked;
      this.#pages.set(key, page);
      if (this.#isProbing && !before.has(key)) scheduling.start(page);
    }
    for (const [key, page] of before) {
      if (this.#pages.has(key)) continue;
      page.hosts = [];
      scheduling.stop(page);
    }
  }
}

class CheckedPage implements Openable {
  readonly #page: PageKey;
  readonly #context: HostChecksContext;
  /** Null without TLS: a page that does not respond is no failure of the check. */
  readonly #log: FailureLog | null;
  hosts: readonly CheckedHost[] = [];
  #leavesOut = false;
  #isChecking = false;
  #nextMs = 0;

  constructor(page: PageKey, context: HostChecksContext) {
    const { store, lines } = context;
    this.#page = page;
    this.#context = context;
    this.#log =
      page.tls === null
        ? null
        : new FailureLog(lines, { store, host: new URL(page.url).host }, MESSAGES);
  }

  get turn(): StoreTurn {
    return this.#context.turn;
  }

  /** The first check runs beside the first probes. */
  open(nowMs: number): void {
    this.#leavesOut = false;
    this.#nextMs = nowMs;
    this.tick(nowMs);
  }

  tick(nowMs: number): void {
    if (nowMs < this.#nextMs || this.#isChecking) return;
    this.#nextMs = nowMs + CHECK_INTERVAL_MS;
    this.#isChecking = true;
    const { httpChecker, resolver } = this.#context;
    const done = (leavesOut: boolean, failure: string): void => {
      this.#isChecking = false;
      this.#leavesOut = leavesOut;
      const atMs = monotonicMs();
      if (failure === '') this.#log?.recovered();
      else this.#log?.failed(failure, atMs);
      this.apply(atMs);
    };
    httpChecker.check(this.#page.url, resolver.lookup, done, this.#page.tls);
  }

  /** As a check without a response. */
  threw(): void {
    this.#isChecking = false;
    this.#leavesOut = false;
  }

  apply(nowMs: number): void {
    for (const { metric, address } of this.hosts) {
      metric.setLeftOut(address, this.#leavesOut, nowMs);
    }
  }
}
