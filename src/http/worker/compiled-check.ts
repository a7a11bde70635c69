/** What the path of a check means, compiled once: its names, its metrics and its counter. */
import { jsonString } from '../../base/json.js';
import type { Mutable } from '../../base/mutable.js';
import type { Board } from '../../board/board.js';
import { CachedStoreReader } from '../../board/cached-reader.js';
import type { MetricLocation, ObservedDenials, StoreLocation } from '../../contracts/http.js';
import type { MetricMode } from '../../contracts/stores.js';
import type { AppRule, PatternRule } from '../../throttle/app-rules.js';
import type { CheckRequest } from '../../throttle/check.js';
import type { JudgedMetric, Judgement, ThresholdOrigin } from '../../throttle/judgement.js';
import type { StoreMetric } from '../../throttle/metric.js';
import { type Count, countedApp } from './counters.js';

/** A store with the readers of its metrics, shared by all checks of the thread. */
export class ConfiguredStore {
  readonly name: string;
  /** Of its own metric. */
  readonly slot: number;
  /** Its own metric first. */
  readonly metrics: readonly ConfiguredMetric[];

  constructor({ name, slot, metrics }: StoreLocation, board: Board) {
    this.name = name;
    this.slot = slot;
    this.metrics = metrics.map((metric) => new ConfiguredMetric(metric, board));
  }

  get hasSeveralMetrics(): boolean {
    return this.metrics.length > 1;
  }

  metric(name: string): ConfiguredMetric | undefined {
    return this.metrics.find((metric) => metric.name === name);
  }
}

export class ConfiguredMetric {
  readonly name: string;
  readonly mode: MetricMode;
  readonly slot: number;
  readonly reader: CachedStoreReader;

  constructor({ name, mode, slot }: MetricLocation, board: Board) {
    this.name = name;
    this.mode = mode;
    this.slot = slot;
    this.reader = new CachedStoreReader(board, slot);
  }
}

/** A metric that applies to a check, by the threshold that applies to it. */
export class ApplicableMetric implements JudgedMetric {
  readonly name: string;
  readonly mode: MetricMode;
  readonly slot: number;
  readonly reading: StoreMetric;

  constructor(
    readonly configured: ConfiguredMetric,
    readonly origin: ThresholdOrigin,
    readonly ownThreshold: number,
    /** Null: the metric is enforced. */
    readonly observed: Mutable<ObservedDenials> | null,
  ) {
    this.name = configured.name;
    this.mode = configured.mode;
    this.slot = configured.slot;
    this.reading = configured.reader.current();
  }

  /** Brings `reading` up to date: it is the reader's one object. */
  refresh(): void {
    this.configured.reader.current();
  }
}

/** Which metrics of a store apply: those that the client names, or that the app's rule names. */
export interface MetricChoice {
  /** Names, each configured; undefined: the client names none. */
  readonly named: readonly string[] | undefined;
  readonly rule: AppRule | null;
  /** The threshold of `check-read`. */
  readonly readThreshold: number | undefined;
}

/** The metrics that apply, the store's own first if it is among them. */
export function applicableMetrics(
  store: ConfiguredStore,
  { named, rule, readThreshold }: MetricChoice,
  observedOf: (metric: string) => Mutable<ObservedDenials>,
): [ApplicableMetric, ...ApplicableMetric[]] {
  const own = store.metrics[0]!;
  const chosen = chosenMetrics(store, named ?? rule?.metrics);
  const taker = readThreshold === undefined ? undefined : (named?.[0] ?? own.name);
  return chosen.map((metric) => {
    const ofRule = rule?.thresholds?.get(metric.name);
    const origin = metric.name === taker ? 'client' : ofRule === undefined ? 'all' : 'app';
    const threshold = origin === 'client' ? readThreshold : ofRule;
    const observed = metric.mode === 'observe' ? observedOf(metric.name) : null;
    return new ApplicableMetric(metric, origin, threshold ?? 0, observed);
  }) as [ApplicableMetric, ...ApplicableMetric[]];
}

/** A rule whose metrics this store does not have leaves the store's own. */
function chosenMetrics(
  store: ConfiguredStore,
  names: readonly string[] | undefined,
): readonly ConfiguredMetric[] {
  if (names === undefined) return store.metrics;
  const chosen = store.metrics.filter(({ name }) => names.includes(name));
  return chosen.length > 0 ? chosen : store.metrics.slice(0, 1);
}

/** The meaning of a path and of the metrics that its query names. */
export class CompiledCheck {
  readonly request: Mutable<CheckRequest>;
  /** The name under which the app is counted. */
  readonly countedApp: string;
  /** As `request.metrics`. */
  readonly metrics: readonly ApplicableMetric[];
  /** Equal for checks that the same metrics judge by the same thresholds. */
  readonly metricsKey: string;
  /** Undefined when the store is not configured. */
  readonly store: ConfiguredStore | undefined;
  /** The rule of the app makes its checks low-priority ones unless they say otherwise. */
  readonly isLowByRule: boolean;
  /** Of the rule of the app; null: it has none. */
  readonly appPattern: string | null;
  /** Undefined until the check is counted: a question why is not. */
  count: Count | undefined;
  /** The latest result and its body. There are many checks per new value, so most repeat it. */
  #latest: Judgement | undefined;
  #body = '';

  constructor(
    request: Omit<CheckRequest, 'metrics'>,
    metrics: [ApplicableMetric, ...ApplicableMetric[]] | undefined,
    store: ConfiguredStore | undefined,
    rule: PatternRule | null,
  ) {
    this.request = { ...request, metrics };
    this.countedApp = countedApp(request.app);
    this.metrics = metrics ?? [];
    this.metricsKey = this.metrics
      .map(({ slot, origin, ownThreshold }) => `${slot} ${origin} ${ownThreshold}`)
      .join();
    this.store = store;
    this.isLowByRule = rule?.priority === 'low';
    this.appPattern = rule?.pattern ?? null;
  }

  bodyOf(result: Judgement): string {
    const latest = this.#latest;
    if (latest === undefined || !isSame(latest, result)) {
      this.#latest = result;
      this.#body = `${checkJson(result, this.store?.hasSeveralMetrics ?? false)}\n`;
    }
    return this.#body;
  }
}

function isSame(left: Judgement, right: Judgement): boolean {
  return (
    left.value === right.value &&
    left.status === right.status &&
    left.threshold === right.threshold &&
    left.message === right.message &&
    left.metric === right.metric
  );
}

/** The four keys of the original; with several metrics the one that decided follows. */
export function checkJson(result: Judgement, hasSeveralMetrics: boolean): string {
  const { status, value, threshold, message, metric } = result;
  const quoted = message === '' ? '""' : jsonString(message);
  const name = hasSeveralMetrics && metric !== null ? `,"Metric":${jsonString(metric.name)}` : '';
  return (
    `{"StatusCode":${status},"Value":${value},"Threshold":${threshold},` +
    `"Message":${quoted}${name}}`
  );
}
