/**
 * The hosts of one store: what the probe thread knows of those that are probed, and what main knows
 * of those that are not.
 */
import { monotonicMs } from '../../base/clock.js';
import { jsonString } from '../../base/json.js';
import { TimeSlice } from '../../base/time-slice.js';
import type { Board } from '../../board/board.js';
import type { HostStanding, MetricDescription } from '../../contracts/probe.js';
import type {
  InventoryReporter,
  StoreDescriber,
  StoreHostsReporter,
} from '../../contracts/reports.js';
import type { ThrottleState } from '../../throttle/state.js';

export interface StoreHostsSources {
  readonly describer: StoreDescriber;
  readonly inventory: Pick<InventoryReporter, 'reportOf'>;
  readonly board: Pick<Board, 'expiryTimeMs'>;
  readonly state: Pick<ThrottleState, 'skippedHosts'>;
}

/** In the words of the configuration. */
const STANDINGS: Readonly<Record<HostStanding, string>> = {
  counts: 'counts',
  unread: 'not read yet',
  ignored: 'ignored by IgnoreHostsCount or IgnoreHostsPercent',
  unreachable: 'ignored by IgnoreDialTcpErrors',
  catchingUp: 'catching up',
  leftOut: 'left out by its HTTP check',
};

export class StoreHosts implements StoreHostsReporter {
  readonly #sources: StoreHostsSources;

  constructor(sources: StoreHostsSources) {
    this.#sources = sources;
  }

  /** Hosts in the order of the list, those that are probed first. */
  async report(store: string): Promise<string> {
    const [description] = await this.#sources.describer.describe(store);
    const slice = new TimeSlice();
    const metrics = description?.metrics ?? [];
    const nowMs = monotonicMs();
    const hosts: string[] = [];
    for (const [host, indexes] of byHost(metrics)) {
      const values = [...indexes].map(([metric, index]) => metricJson(metric, index, nowMs));
      hosts.push(`{"Host":${jsonString(host)},"Metrics":[${values.join(',')}]}`);
      if (slice.shouldYield) await slice.yield();
    }
    return `[${[...hosts, ...this.#notProbed(store)].join(',')}]`;
  }

  #notProbed(store: string): string[] {
    const { inventory, state, board } = this.#sources;
    const report = inventory.reportOf(store);
    if (report === undefined) return [];
    const lists = [report, ...report.otherLists.values()];
    const ignored = new Set(lists.flatMap((list) => list.ignored));
    const skipped = new Set(lists.flatMap((list) => list.skipped));
    const skips = new Map(
      state.skippedHosts(board.expiryTimeMs()).map(([name, skip]) => [name.toLowerCase(), skip]),
    );
    const skipJson = (host: string): string => {
      const skip = skips.get(host.toLowerCase()) ?? skips.get(nameOf(host).toLowerCase());
      const members = [
        `"Host":${jsonString(host)}`,
        '"Standing":"skipped"',
        ...(skip === undefined ? [] : [`"Until":"${new Date(skip.expireAtMs).toISOString()}"`]),
        ...(skip?.note?.owner === undefined ? [] : [`"Owner":${jsonString(skip.note.owner)}`]),
        ...(skip?.note?.reason === undefined ? [] : [`"Reason":${jsonString(skip.note.reason)}`]),
      ];
      return `{${members.join(',')}}`;
    };
    return [
      ...[...skipped].map(skipJson),
      ...[...ignored].map((host) => {
        return `{"Host":${jsonString(host)},"Standing":"ignored by IgnoreHosts"}`;
      }),
    ];
  }
}

/** For each host its index in the metrics that list it. */
function byHost(
  metrics: readonly MetricDescription[],
): Map<string, Map<MetricDescription, number>> {
  const hosts = new Map<string, Map<MetricDescription, number>>();
  for (const metric of metrics) {
    for (const [index, host] of metric.hosts.entries()) {
      const known = hosts.get(host);
      if (known === undefined) hosts.set(host, new Map([[metric, index]]));
      else known.set(metric, index);
    }
  }
  return hosts;
}

function metricJson(described: MetricDescription, index: number, nowMs: number): string {
  const { metric, standings, values, readAtMs, errors, errorAtMs, deciding } = described;
  const [value, atMs, error] = [values[index]!, readAtMs[index]!, errors[index]!];
  const members = [
    `"Metric":${jsonString(metric)}`,
    `"Standing":${jsonString(STANDINGS[standings[index]!])}`,
    ...(index === deciding ? ['"Decides":true'] : []),
    ...(Number.isNaN(value) ? [] : [`"Value":${value}`]),
    ...(atMs === 0 ? [] : [`"AgeSeconds":${seconds(nowMs - atMs)}`]),
    ...(error === ''
      ? []
      : [`"Error":${jsonString(error)},"ErrorAgeSeconds":${seconds(nowMs - errorAtMs[index]!)}`]),
  ];
  return `{${members.join(',')}}`;
}

function seconds(ms: number): number {
  return Math.max(0, Math.round(ms)) / 1_000;
}

/** Without the port. */
function nameOf(address: string): string {
  return address.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
}
