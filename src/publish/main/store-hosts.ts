/**
 * The hosts of one store: what the probe thread knows of those that are probed, and what main knows
 * of those that are not.
 */
import { monotonicMs } from '../../base/clock.js';
import { jsonString } from '../../base/json.js';
import { TimeSlice } from '../../base/time-slice.js';
import { type Board, emptyLeadershipReading } from '../../board/board.js';
import type { HostStanding, MetricDescription } from '../../contracts/probe.js';
import type {
  ClusterReport,
  InventoryReporter,
  StoreDescriber,
  StoreHostsReporter,
} from '../../contracts/reports.js';
import { mayAct } from '../../throttle/leadership-view.js';
import type { ThrottleState } from '../../throttle/state.js';

export interface StoreHostsSources {
  readonly describer: StoreDescriber;
  readonly inventory: Pick<InventoryReporter, 'reportOf'>;
  readonly board: Pick<Board, 'expiryTimeMs' | 'readLeadership'>;
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

const IGNORED = 'ignored by IgnoreHosts';
const NO_RESPONSE = 'the thread that probes these hosts did not respond in time';

export class StoreHosts implements StoreHostsReporter {
  readonly #sources: StoreHostsSources;

  constructor(sources: StoreHostsSources) {
    this.#sources = sources;
  }

  /**
   * `{"Hosts":[…]}`: in the order of the list, those that are probed first. With `HostsError` where
   * the thread that probes them does not respond.
   */
  async report(store: string): Promise<string> {
    const { describer, inventory } = this.#sources;
    const [description] = await describer.describe(store);
    const list = inventory.reportOf(store);
    const slice = new TimeSlice();
    const nowMs = monotonicMs();
    const hosts: string[] = [];
    const probed = byHost(description?.metrics ?? []);
    for (const [host, indexes] of probed) {
      const values = [...indexes].map(([metric, index]) => metricJson(metric, index, nowMs));
      const ignoredFor = metricsThatIgnore(host, list).map(ignoredJson);
      const members = [...values, ...ignoredFor].join(',');
      hosts.push(`{"Host":${jsonString(host)},"Metrics":[${members}]}`);
      if (slice.shouldYield) await slice.yield();
    }
    const rest = list === undefined ? [] : this.#notProbed(list, probed);
    const isMissing = description === undefined && this.#isLeading && (list?.hosts.length ?? 0) > 0;
    const listed = isMissing ? list!.hosts.map((host) => `{"Host":${jsonString(host)}}`) : [];
    const error = isMissing ? `,"HostsError":${jsonString(NO_RESPONSE)}` : '';
    return `{"Hosts":[${[...hosts, ...listed, ...rest].join(',')}]${error}}`;
  }

  get #isLeading(): boolean {
    return mayAct(this.#sources.board.readLeadership(emptyLeadershipReading()), monotonicMs());
  }

  /** Those that no metric is read from. */
  #notProbed(list: ClusterReport, probed: ReadonlyMap<string, unknown>): string[] {
    const { state, board } = this.#sources;
    const lists = [list, ...list.otherLists.values()];
    const isLeftOut = (host: string): boolean => !probed.has(host);
    const ignored = new Set(lists.flatMap((each) => each.ignored).filter(isLeftOut));
    const skipped = new Set(lists.flatMap((each) => each.skipped));
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
      ...[...ignored].map((host) => `{"Host":${jsonString(host)},"Standing":"${IGNORED}"}`),
    ];
  }
}

/** Metrics with hosts of their own that leave this one out. */
function metricsThatIgnore(host: string, list: ClusterReport | undefined): string[] {
  const lists = [...(list?.otherLists ?? [])];
  return lists.filter(([, { ignored }]) => ignored.includes(host)).map(([metric]) => metric);
}

function ignoredJson(metric: string): string {
  return `{"Metric":${jsonString(metric)},"Standing":"${IGNORED}"}`;
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
