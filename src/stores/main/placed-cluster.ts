/**
 * One configured cluster on the main thread: its metrics, each in a slot of the board, and which
 * hosts are probed for each. Metrics that name the same hosts share one list of them.
 */
import { isDeepStrictEqual } from 'node:util';
import { formatAddress } from '../../base/address.js';
import type { MetricLocation, StoreLocation } from '../../contracts/http.js';
import type { ClusterReport, HostListReport } from '../../contracts/reports.js';
import type {
  ClusterAssignment,
  ClusterSettings,
  MetricAssignment,
  MetricSettings,
  ProbeTarget,
} from '../../contracts/stores.js';
import { type ThresholdKey, thresholdKey } from '../../throttle/commands.js';
import { SKIPPED } from '../../throttle/metric.js';
import type { HostListSettings, ReaderFactory } from './hosts/host-source.js';
import { ListedSource } from './listed-source.js';

/** Skipped hosts that the error of a store without hosts names. */
const SKIPPED_SHOWN = 3;

/** Whether an operator has skipped a host (`/skip-host`). */
export type SkipTest = (host: ProbeTarget) => boolean;

/** A metric in its slot of the board. */
export interface PlacedMetric {
  settings: MetricSettings;
  readonly slot: number;
  generation: number;
  source: ListedSource;
}

/** What the clusters of an inventory share. */
export interface PlacedClusterContext {
  readonly readerFor: ReaderFactory;
  /** A monotonic clock. */
  readonly nowMs: () => number;
  /** How many hosts that list may have beside all others. */
  hostsRoom(source: ListedSource): number;
  /** A slot that no thread writes. */
  takeSlot(): number;
  /** A number that no metric had before. */
  nextGeneration(): number;
}

interface ReplacedSources {
  readonly byMetric: ReadonlyMap<string, ListedSource>;
  readonly dropped: ReadonlySet<ListedSource>;
}

export class PlacedCluster {
  readonly #context: PlacedClusterContext;
  #settings: ClusterSettings;
  /** By name, in the order of the settings: the own metric first. */
  #metrics = new Map<string, PlacedMetric>();
  #sources: readonly ListedSource[] = [];
  #assignment: ClusterAssignment | null = null;

  constructor(settings: ClusterSettings, context: PlacedClusterContext) {
    this.#context = context;
    this.#settings = settings;
    this.replaceSettings(settings);
  }

  get name(): string {
    return this.#settings.name;
  }

  /** The metrics in the order of the settings: the own metric first. */
  get metrics(): Iterable<PlacedMetric> {
    return this.#metrics.values();
  }

  get sources(): readonly ListedSource[] {
    return this.#sources;
  }

  /** Whether no metric has hosts because no list of them could be read since the start. */
  get isUnlisted(): boolean {
    return [...this.metrics].every(
      (metric) => metric.source.isUnreadable && this.#targetsWithoutSource(metric) === null,
    );
  }

  get location(): StoreLocation {
    const locations = Array.from(this.metrics, ({ settings, slot }): MetricLocation => {
      return { name: settings.name, slot, mode: settings.mode };
    });
    const [own, ...others] = locations;
    return { name: this.name, slot: own!.slot, metrics: [own!, ...others] };
  }

  /** Names of the metrics that these settings no longer have. */
  removedBy(settings: ClusterSettings): string[] {
    const names = new Set(settings.metrics.map(({ name }) => name));
    return [...this.#metrics.keys()].filter((name) => !names.has(name));
  }

  /**
   * Metrics that stay, by name, keep their slot. Returns those that are removed: their slots are
   * free when no thread writes them any more.
   */
  replaceSettings(settings: ClusterSettings): PlacedMetric[] {
    const before = this.#metrics;
    const removed = this.removedBy(settings).map((name) => before.get(name)!);
    this.#settings = settings;
    const { byMetric, dropped } = this.#replaceSources(settings.metrics);
    this.#sources = [...new Set(byMetric.values())];
    this.#metrics = new Map(
      settings.metrics.map((metric) => {
        const source = byMetric.get(metric.name)!;
        const present = before.get(metric.name);
        if (present === undefined) return [metric.name, this.#place(metric, source)];
        // Values of another query, or of hosts that are perhaps not listed, are those of another.
        const isOther =
          !isDeepStrictEqual(present.settings.measured, metric.measured) ||
          present.source !== source ||
          dropped.has(source);
        if (isOther) present.generation = this.#context.nextGeneration();
        present.settings = metric;
        present.source = source;
        return [metric.name, present];
      }),
    );
    return removed;
  }

  /** Under which name the threshold of a metric is set. */
  thresholdKeyOf({ settings }: PlacedMetric): ThresholdKey {
    const isOwn = settings.name === this.#settings.metrics[0].name;
    return thresholdKey('mysql', this.name, isOwn ? '' : settings.name);
  }

  /** The metrics whose hosts that source lists. */
  metricsOf(source: ListedSource): PlacedMetric[] {
    return [...this.metrics].filter((metric) => metric.source === source);
  }

  /**
   * The cluster's assignment to a probe thread: the same object as before if it is unchanged. Null
   * while no metric has a list of hosts that may be used.
   */
  assignment(isSkipped: SkipTest): ClusterAssignment | null {
    const assigned: MetricAssignment[] = [];
    for (const metric of this.metrics) {
      const listed = metric.source.targets ?? this.#targetsWithoutSource(metric);
      if (listed === null) continue;
      const { hosts, ...settings } = metric.settings;
      const { slot, generation } = metric;
      const isOwn = settings.name === this.#settings.metrics[0].name;
      const targets = listed.filter((host) => !isIgnored(settings, host) && !isSkipped(host));
      const leftOut = targets.length > 0 ? '' : leftOutText(settings, listed);
      const isListed = hosts.kind !== 'none';
      assigned.push({ settings, isOwn, slot, generation, targets, leftOut, isListed });
    }
    const [first, ...others] = assigned;
    if (first === undefined) return null;
    const assignment: ClusterAssignment = { name: this.name, metrics: [first, ...others] };
    if (!isDeepStrictEqual(assignment, this.#assignment)) this.#assignment = assignment;
    return this.#assignment;
  }

  report(isSkipped: SkipTest): ClusterReport {
    const [own, ...others] = [...this.metrics];
    const ownHosts = own!.source;
    const otherLists = others
      .filter(
        ({ source, settings }) =>
          source !== ownHosts ||
          !isDeepStrictEqual(settings.ignoreHosts, own!.settings.ignoreHosts),
      )
      .map((metric) => [metric.settings.name, listReport(metric, isSkipped)] as const);
    return { ...listReport(own!, isSkipped), otherLists: new Map(otherLists) };
  }

  #place(settings: MetricSettings, source: ListedSource): PlacedMetric {
    const { takeSlot, nextGeneration } = this.#context;
    return { settings, slot: takeSlot(), generation: nextGeneration(), source };
  }

  /** A metric that Prometheus yields needs no hosts. */
  #targetsWithoutSource({ settings }: PlacedMetric): readonly ProbeTarget[] | null {
    const { measured, hosts } = settings;
    return measured.kind === 'prometheus' && hosts.kind === 'none' ? [] : null;
  }

  /**
   * Lists that stay keep what was read; one that is named in another way keeps it as far as that
   * may be (`ListedSource.replaceSettings`), else it is in `dropped`.
   */
  #replaceSources(metrics: readonly MetricSettings[]): ReplacedSources {
    const lists = metrics.map((metric) => this.#listSettings(metric));
    const isNamed = (source: ListedSource): boolean =>
      lists.some((list) => isDeepStrictEqual(source.settings, list));
    const unnamed = new Set(this.#sources.filter((source) => !isNamed(source)));
    const known = new Set(this.#sources);
    const byMetric = new Map<string, ListedSource>();
    const dropped = new Set<ListedSource>();
    for (const [index, list] of lists.entries()) {
      const { name } = metrics[index]!;
      const before = this.#metrics.get(name)?.source;
      let source = [...known].find(({ settings }) => isDeepStrictEqual(settings, list));
      if (source === undefined && before !== undefined && unnamed.delete(before)) {
        source = before;
        if (source.replaceSettings(list)) dropped.add(source);
      }
      source ??= this.#newSource(list);
      known.add(source);
      byMetric.set(name, source);
    }
    return { byMetric, dropped };
  }

  #newSource(list: HostListSettings): ListedSource {
    const { readerFor, nowMs, hostsRoom } = this.#context;
    return new ListedSource(list, readerFor, nowMs, hostsRoom);
  }

  #listSettings({ hosts, port }: MetricSettings): HostListSettings {
    return { cluster: this.name, hosts, port };
  }
}

/** Whether `IgnoreHosts` leaves the host out. */
export function isIgnored(
  { ignoreHosts }: Pick<MetricSettings, 'ignoreHosts'>,
  host: ProbeTarget,
): boolean {
  const address = formatAddress(host);
  return ignoreHosts.some((part) => part !== '' && address.includes(part));
}

/** As of `MetricAssignment`, where each listed host is ignored or skipped. */
function leftOutText(
  settings: Pick<MetricSettings, 'ignoreHosts'>,
  listed: readonly ProbeTarget[],
): string {
  if (listed.length === 0) return '';
  const skipped = listed.filter((host) => !isIgnored(settings, host)).map(formatAddress);
  if (skipped.length === 0) return 'all are in IgnoreHosts';
  const others = skipped.length - SKIPPED_SHOWN;
  const rest = others > 0 ? ` and ${others} more` : '';
  return `${SKIPPED}${skipped.slice(0, SKIPPED_SHOWN).join(', ')}${rest}`;
}

function listReport({ settings, source }: PlacedMetric, isSkipped: SkipTest): HostListReport {
  const { listed, ...read } = source.report;
  const [hosts, ignored, skipped]: [string[], string[], string[]] = [[], [], []];
  for (const host of listed) {
    const group = isIgnored(settings, host) ? ignored : isSkipped(host) ? skipped : hosts;
    group.push(formatAddress(host));
  }
  return { source: settings.hosts.kind, hosts, ignored, skipped, ...read };
}
