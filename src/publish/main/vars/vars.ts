/** `/debug/vars`: everything that is counted or measured, as one flat JSON object. */
import { monotonicMs } from '../../../base/clock.js';
import { jsonString } from '../../../base/json.js';
import { TextPieces } from '../../../base/text-pieces.js';
import { addJsonObject, sortInChunks, TimeSlice } from '../../../base/time-slice.js';
import { type Board, emptyLeadershipReading, emptyStoreReading } from '../../../board/board.js';
import type { Consensus } from '../../../contracts/consensus.js';
import type { HttpStatisticsSource, StoreLocation } from '../../../contracts/http.js';
import { locatedMetrics } from '../../../contracts/metric-paths.js';
import type { ProbeStatisticsSource, VarsReporter } from '../../../contracts/reports.js';
import { lastHealthyAtMs } from '../../../throttle/health.js';
import { mayAct } from '../../../throttle/leadership-view.js';
import { isCurrent, MetricState } from '../../../throttle/metric.js';
import type { ThrottleState } from '../../../throttle/state.js';
import { checkVars } from './check-vars.js';
import { MovingAverages, TICK_SECONDS } from './moving-averages.js';
import { probeCount, probeVars } from './probe-vars.js';

export interface VarsSources {
  readonly http: HttpStatisticsSource;
  readonly probes: ProbeStatisticsSource;
  readonly board: Board;
  /** The current stores. */
  readonly stores: () => readonly StoreLocation[];
  readonly state: ThrottleState;
  readonly consensus: Pick<Consensus, 'status'>;
  /** The backend of consensus: some names of variables have it. */
  readonly backend: 'raft' | 'mysql';
}

export class Vars implements VarsReporter {
  readonly #sources: VarsSources;
  readonly #averages = new MovingAverages();
  #startedAtMs = monotonicMs();
  #ticker: NodeJS.Timeout | undefined;

  constructor(sources: VarsSources) {
    this.#sources = sources;
  }

  /** Starts the moving averages. */
  start(): void {
    this.#startedAtMs = monotonicMs();
    this.#ticker = setInterval(() => {
      // A collection leaves out a thread that does not respond; it does not reject.
      void this.#sources.probes.collect().then((all) => this.#averages.tick(probeCount(all)));
    }, TICK_SECONDS * 1000);
  }

  stop(): void {
    clearInterval(this.#ticker);
  }

  /** As JSON, in pieces. */
  async report(): Promise<readonly string[]> {
    const { http, probes } = this.#sources;
    const [checks, probing] = await Promise.all([http.collect('checks'), probes.collect()]);
    const uptimeSeconds = (monotonicMs() - this.#startedAtMs) / 1000;
    const slice = new TimeSlice();
    // By far the most: the others are added to them.
    const vars: Map<string, string | number> = await checkVars(checks);
    const sets = [probeVars(probing, this.#averages.rates, uptimeSeconds), await this.#storeVars()];
    for (const set of sets) {
      for (const [name, value] of set) {
        vars.set(name, value);
        if (slice.shouldYield) await slice.yield();
      }
    }
    this.#addConsensusVars(vars);
    addProcessVars(vars);
    const pieces = new TextPieces();
    await addJsonObject(vars, pieces, () => this.#addThrottled(pieces));
    return pieces.all;
  }

  async #storeVars(): Promise<Map<string, number>> {
    const slice = new TimeSlice();
    const { board, stores } = this.#sources;
    const vars = new Map<string, number>();
    const nowMs = monotonicMs();
    const leadership = board.readLeadership(emptyLeadershipReading());
    if (!mayAct(leadership, nowMs)) return vars;
    const metric = emptyStoreReading();
    for (const { path, slot } of locatedMetrics(stores())) {
      const name = path.replace('/', '.');
      board.readStore(slot, metric);
      const healthyForSeconds = Math.floor((nowMs - lastHealthyAtMs(metric, leadership)) / 1000);
      vars.set(`check.mysql.${name}.seconds_since_healthy`, Math.max(0, healthyForSeconds));
      if (metric.state === MetricState.ok && isCurrent(metric, leadership, nowMs)) {
        vars.set(`aggregated.mysql.${name}`, metric.value);
      }
      if (slice.shouldYield) await slice.yield();
    }
    return vars;
  }

  /** Of up to 200,000 entries: they need no map, because no other name comes after theirs. */
  async #addThrottled(pieces: TextPieces): Promise<void> {
    const slice = new TimeSlice();
    const { board, state } = this.#sources;
    const nowUnixMs = board.expiryTimeMs();
    const keys: string[] = [];
    for (const [key] of state.throttledAppRows()) {
      if (state.throttledApp(key, nowUnixMs) !== undefined) keys.push(key);
      if (slice.shouldYield) await slice.yield();
    }
    for (const key of await sortInChunks(keys, slice)) {
      pieces.add(`,${jsonString(`throttled_states.${key}`)}:1`);
      if (slice.shouldYield) await slice.yield();
    }
  }

  #addConsensusVars(vars: Map<string, string | number>): void {
    const { consensus, backend } = this.#sources;
    const { IsLeader, Healthy, Leader } = consensus.status();
    const prefixes = ['consensus', backend === 'raft' ? 'raft' : 'backend.mysql'];
    for (const prefix of prefixes) {
      vars.set(`${prefix}.is_leader`, IsLeader ? '1' : '0');
      vars.set(`${prefix}.is_healthy`, Healthy ? '1' : '0');
    }
    if (backend === 'raft') vars.set('raft.leader', jsonString(Leader));
  }
}

/** As of Go's package expvar, as far as it has a meaning here; of the main thread's heap. */
function addProcessVars(vars: Map<string, string | number>): void {
  const { rss, heapUsed, heapTotal } = process.memoryUsage();
  const memory = { Alloc: heapUsed, HeapAlloc: heapUsed, HeapSys: heapTotal, Sys: rss };
  vars.set('memstats', JSON.stringify(memory));
  vars.set('cmdline', JSON.stringify(process.argv));
}
