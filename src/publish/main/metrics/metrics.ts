/**
 * `/metrics`: everything that is counted or measured, in Prometheus' text format. Collected at each
 * scrape; nothing is cached.
 */
import type { Board } from '../../../board/board.js';
import type { Consensus } from '../../../contracts/consensus.js';
import type { HttpStatisticsSource, StoreLocation } from '../../../contracts/http.js';
import type {
  ConfigReporter,
  ConnectionReporter,
  FitnessReporter,
  InventoryReporter,
  MetricsReporter,
  ProbeStatisticsSource,
  WithheldStoresReporter,
} from '../../../contracts/reports.js';
import type { ThrottleState } from '../../../throttle/state.js';
import type { Vitals } from '../diagnostics-hub.js';
import { checkFamilies } from './checks.js';
import { configFamilies } from './config.js';
import {
  fitnessFamilies,
  leadershipFamilies,
  operatorFamilies,
  raftFamilies,
} from './consensus.js';
import { probeFamilies } from './probes.js';
import { connectionFamilies, processFamilies, threadFamilies } from './process.js';
import { prometheusText } from './prometheus-text.js';
import { boardFamilies, hostFamilies } from './stores.js';

export interface MetricsSources {
  readonly http: HttpStatisticsSource;
  readonly probes: ProbeStatisticsSource & WithheldStoresReporter;
  readonly threads: { vitals(): Promise<Vitals> };
  readonly inventory: Pick<InventoryReporter, 'reportOf'>;
  readonly board: Board;
  /** The current stores. */
  readonly stores: () => readonly StoreLocation[];
  readonly state: ThrottleState;
  readonly consensus: Pick<Consensus, 'status' | 'raftMetrics'>;
  readonly fitness: FitnessReporter;
  readonly connections: ConnectionReporter;
  readonly config: ConfigReporter;
  /** The HTTP engine in use. */
  readonly engine: () => string;
}

export class Metrics implements MetricsReporter {
  readonly #sources: MetricsSources;
  /** The report in progress, which concurrent requests share. */
  #reporting: Promise<readonly string[]> | undefined;

  constructor(sources: MetricsSources) {
    this.#sources = sources;
  }

  report(): Promise<readonly string[]> {
    this.#reporting ??= this.#report().finally(() => {
      this.#reporting = undefined;
    });
    return this.#reporting;
  }

  async #report(): Promise<readonly string[]> {
    const { http, probes, threads, inventory, board, state } = this.#sources;
    const { consensus, fitness, connections, config, engine } = this.#sources;
    const [checks, probing, vitals] = await Promise.all([
      http.collect('checks'),
      probes.collect(),
      threads.vitals(),
    ]);
    const stores = this.#sources.stores();
    return prometheusText([
      ...processFamilies(engine()),
      ...connectionFamilies(connections.report()),
      ...configFamilies(config.report()),
      ...threadFamilies(vitals),
      ...leadershipFamilies(board, consensus),
      ...fitnessFamilies(fitness.report()),
      ...raftFamilies(consensus.raftMetrics?.()),
      ...(await operatorFamilies(board, state)),
      ...(await boardFamilies(board, stores)),
      ...(await hostFamilies(inventory, stores, probing)),
      ...(await probeFamilies(probing, probes.withheldStores)),
      ...(await checkFamilies(checks, stores)),
    ]);
  }
}
