/**
 * Notices what changes without a message to main: metrics that cross their thresholds or cannot be
 * read, the leader, the configuration in force. Looked at each second; the time of a metric's
 * change is that of the board.
 */

import { monotonicMs, monotonicToUnixMs } from '../../../base/clock.js';
import { sharedInterval } from '../../../base/shared-interval.js';
import { type Board, emptyLeadershipReading, emptyStoreReading } from '../../../board/board.js';
import type { Consensus } from '../../../contracts/consensus.js';
import type { StoreLocation } from '../../../contracts/http.js';
import { type LocatedMetric, locatedMetrics } from '../../../contracts/metric-paths.js';
import type { ConfigReporter, EventRecorder } from '../../../contracts/reports.js';
import {
  isCurrent,
  MetricState,
  noHostsMessage,
  type StoreMetric,
  thresholdInForce,
} from '../../../throttle/metric.js';

const LOOK_INTERVAL_MS = 1_000;

export interface EventWatchSources {
  readonly board: Board;
  readonly stores: () => readonly StoreLocation[];
  readonly consensus: Pick<Consensus, 'status'>;
  readonly config: ConfigReporter;
}

/** What a metric is judged to be. */
type Condition = 'within' | 'above' | 'unreadable';

export class EventWatch {
  readonly #events: EventRecorder;
  readonly #sources: EventWatchSources;
  readonly #reading = emptyStoreReading();
  /** By slot, as of the last look; of metrics that are measured here. */
  #conditions = new Map<number, { readonly generation: number; readonly condition: Condition }>();
  #leader = '';
  #loadedAtUnixMs: number;
  #failedReloads = 0;
  #cancel: (() => void) | undefined;

  constructor(events: EventRecorder, sources: EventWatchSources) {
    this.#events = events;
    this.#sources = sources;
    this.#loadedAtUnixMs = sources.config.report().loadedAtUnixMs;
  }

  start(): void {
    this.#cancel = sharedInterval(LOOK_INTERVAL_MS, () => this.look());
  }

  stop(): void {
    this.#cancel?.();
  }

  look(): void {
    this.#lookAtLeader();
    this.#lookAtConfig();
    this.#lookAtMetrics();
  }

  #lookAtLeader(): void {
    const { Leader } = this.#sources.consensus.status();
    if (Leader === this.#leader) return;
    this.#leader = Leader;
    if (Leader === '') this.#events.record('leader', 'no leader is known');
    else this.#events.record('leader', `the leader is ${Leader}`, { leader: Leader });
  }

  #lookAtConfig(): void {
    const { loadedAtUnixMs, failedReloads } = this.#sources.config.report();
    if (loadedAtUnixMs !== this.#loadedAtUnixMs) {
      this.#events.record('reload', 'configuration reloaded', {}, loadedAtUnixMs);
    }
    for (; this.#failedReloads < failedReloads; this.#failedReloads++) {
      this.#events.record('reload', 'configuration not reloaded, nothing changed: see the log');
    }
    this.#loadedAtUnixMs = loadedAtUnixMs;
  }

  /** A metric that is not measured here has no condition; neither has one that is not read yet. */
  #lookAtMetrics(): void {
    const { board, stores } = this.#sources;
    const leadership = board.readLeadership(emptyLeadershipReading());
    const nowMs = monotonicMs();
    const nowUnixMs = board.expiryTimeMs();
    const before = this.#conditions;
    this.#conditions = new Map();
    for (const located of locatedMetrics(stores())) {
      const reading = board.readStore(located.slot, this.#reading);
      if (!isCurrent(reading, leadership, nowMs)) continue;
      const { currentGeneration: generation } = reading;
      const known = before.get(located.slot);
      const last = known?.generation === generation ? known.condition : undefined;
      const condition = conditionOf(reading, nowUnixMs) ?? last;
      if (condition === undefined) continue;
      this.#conditions.set(located.slot, { generation, condition });
      if (condition !== last && (condition !== 'within' || last !== undefined)) {
        this.#record(located, reading, condition, last, nowUnixMs);
      }
    }
  }

  #record(
    { store, name, slot }: LocatedMetric,
    reading: StoreMetric,
    condition: Condition,
    last: Condition | undefined,
    nowUnixMs: number,
  ): void {
    const { value, sinceMs, state, errorText } = reading;
    const atMs = sinceMs > 0 ? Math.round(monotonicToUnixMs(sinceMs)) : Date.now();
    const what = `mysql/${store}: ${name}`;
    const about = { store: `mysql/${store}`, metric: name };
    if (condition === 'unreadable') {
      const error = state === MetricState.noHosts ? noHostsMessage(reading) : errorText;
      this.#events.record('store', `${what} cannot be read: ${error}`, about, atMs);
      return;
    }
    const host = this.#sources.board.readHost(slot);
    const threshold = thresholdInForce(reading, nowUnixMs);
    const where = host === '' ? '' : ` on ${host}`;
    const values = { ...about, ...(host !== '' && { host }), value, threshold };
    if (condition === 'above') {
      const text = `${what}${where} is ${shown(value)}, above ${threshold}`;
      this.#events.record('threshold', text, values, atMs);
    } else if (last === 'above') {
      const text = `${what}${where} is ${shown(value)}, at most ${threshold} again`;
      this.#events.record('threshold', text, values, atMs);
    } else {
      this.#events.record('store', `${what} is read again`, values, atMs);
    }
  }
}

/** With the digits that a person reads. */
function shown(value: number): number {
  return Number(value.toPrecision(4));
}

/** Undefined while not every host has been read. */
function conditionOf(reading: StoreMetric, nowUnixMs: number): Condition | undefined {
  switch (reading.state) {
    case MetricState.ok:
      return reading.value <= thresholdInForce(reading, nowUnixMs) ? 'within' : 'above';
    case MetricState.error:
    case MetricState.noHosts:
      return 'unreadable';
    default:
      return undefined;
  }
}
