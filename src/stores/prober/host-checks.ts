/**
 * The HTTP checks of one store: which page decides for which hosts of which metrics. Metrics that
 * name the same page share its checks.
 */

import { formatAddress } from '../../base/address.js';
import { monotonicMs } from '../../base/clock.js';
import type { ResolverClient } from '../../base/dns-resolver.js';
import type { MetricAssignment } from '../../contracts/stores.js';
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
  readonly httpChecker: HttpChecker;
  readonly resolver: ResolverClient;
  readonly scheduling: MemberScheduling;
}

export class HostChecks {
  readonly #context: HostChecksContext;
  /** By URL. */
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
      const { httpCheckPort: port, httpCheckPath: path } = settings;
      for (const target of targets) {
        const checked = { metric, address: formatAddress(target) };
        if (port === 0) {
          unchecked.push(checked);
          continue;
        }
        addresses.add(checked.address);
        const url = checkUrl(target.host, port, path);
        const ofPage = hosts.get(url);
        if (ofPage === undefined) hosts.set(url, [checked]);
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
    for (const [url, checked] of hosts) {
      const page = before.get(url) ?? new CheckedPage(url, this.#context);
      page.hosts = checked;
      this.#pages.set(url, page);
      if (this.#isProbing && !before.has(url)) scheduling.start(page);
    }
    for (const [url, page] of before) {
      if (this.#pages.has(url)) continue;
      page.hosts = [];
      scheduling.stop(page);
    }
  }
}

class CheckedPage implements Openable {
  readonly #url: string;
  readonly #context: HostChecksContext;
  hosts: readonly CheckedHost[] = [];
  #leavesOut = false;
  #isChecking = false;
  #nextMs = 0;

  constructor(url: string, context: HostChecksContext) {
    this.#url = url;
    this.#context = context;
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
    httpChecker.check(this.#url, resolver.lookup, (leavesOut) => {
      this.#isChecking = false;
      this.#leavesOut = leavesOut;
      this.apply(monotonicMs());
    });
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
