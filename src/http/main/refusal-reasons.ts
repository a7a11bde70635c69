/** Why an app is refused on a store now, in a word, with what there is to say of it. */
import { jsonString } from '../../base/json.js';
import { type Board, emptyStoreReading } from '../../board/board.js';
import type { StoreLocation } from '../../contracts/http.js';
import { appAndPrefixes } from '../../throttle/app-rules.js';
import { entryKeys } from '../../throttle/check.js';
import { EVERY_APP } from '../../throttle/commands.js';
import { MetricState, thresholdInForce } from '../../throttle/metric.js';
import type { ThrottleState } from '../../throttle/state.js';

export interface RefusalReasonSources {
  readonly board: Board;
  readonly state: ThrottleState;
  readonly stores: () => readonly StoreLocation[];
  readonly appSeparator: () => string;
}

export interface RefusedPair {
  readonly app: string;
  readonly storeName: string;
  readonly lastStatus: number;
  readonly lastMetric: string;
  readonly isLowPriority: boolean;
}

export class RefusalReasons {
  readonly #sources: RefusalReasonSources;
  readonly #reading = emptyStoreReading();

  constructor(sources: RefusalReasonSources) {
    this.#sources = sources;
  }

  /**
   * Members of a JSON object: `Why` is `threshold`, `operator`, `priority`, `error`,
   * `unknown store`, or `no value` (not read yet, or this node did not lead), with `Metric`, `Host`
   * or `Entry`.
   */
  membersOf(pair: RefusedPair): string[] {
    switch (pair.lastStatus) {
      case 429:
        return ['"Why":"threshold"', ...this.#metricMembers(pair)];
      case 417: {
        const entry = this.#entryOf(pair);
        if (entry !== undefined) return ['"Why":"operator"', `"Entry":${jsonString(entry)}`];
        return [`"Why":"${pair.isLowPriority ? 'priority' : 'operator'}"`];
      }
      case 404:
        return [`"Why":"${this.#isStore(pair.storeName) ? 'no value' : 'unknown store'}"`];
      default:
        return ['"Why":"error"', ...this.#metricMembers(pair)];
    }
  }

  #isStore(storeName: string): boolean {
    return this.#sources.stores().some(({ name }) => name === storeName);
  }

  /** The metric that decided, with its host if it still fails. */
  #metricMembers({ storeName, lastMetric }: RefusedPair): string[] {
    if (lastMetric === '') return [];
    const members = [`"Metric":${jsonString(lastMetric)}`];
    const { board, stores } = this.#sources;
    const store = stores().find(({ name }) => name === storeName);
    const slot = store?.metrics.find(({ name }) => name === lastMetric)?.slot;
    if (slot === undefined) return members;
    const reading = board.readStore(slot, this.#reading);
    const threshold = thresholdInForce(reading, board.expiryTimeMs());
    const isFine = reading.state === MetricState.ok && reading.value <= threshold;
    const host = isFine ? '' : board.readHost(slot);
    return host === '' ? members : [...members, `"Host":${jsonString(host)}`];
  }

  /** The entry that denies the app: its own, one of its groups, or that of every app. */
  #entryOf({ app, storeName }: RefusedPair): string | undefined {
    const { state, board, appSeparator } = this.#sources;
    const nowUnixMs = board.expiryTimeMs();
    const names = appAndPrefixes(app, appSeparator());
    return [...entryKeys(names, storeName), `${EVERY_APP}/${storeName}`, EVERY_APP].find(
      (key) => (state.throttledApp(key, nowUnixMs)?.ratio ?? 0) > 0,
    );
  }
}
