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
  readonly isLowPriority: boolean;
}

export class RefusalReasons {
  readonly #sources: RefusalReasonSources;
  readonly #reading = emptyStoreReading();

  constructor(sources: RefusalReasonSources) {
    this.#sources = sources;
  }

  /**
   * Members of a JSON object: `Why` is `lag`, `operator`, `priority`, `error`, `unknown store`, or
   * `no value` (not read yet, or this node did not lead), with `Metric`, `Host` or `Entry`.
   */
  membersOf(pair: RefusedPair): string[] {
    switch (pair.lastStatus) {
      case 429:
        return ['"Why":"lag"', ...this.#metricMembers(pair.storeName)];
      case 417: {
        const entry = this.#entryOf(pair);
        if (entry !== undefined) return ['"Why":"operator"', `"Entry":${jsonString(entry)}`];
        return [`"Why":"${pair.isLowPriority ? 'priority' : 'operator'}"`];
      }
      case 404:
        return [`"Why":"${this.#isStore(pair.storeName) ? 'no value' : 'unknown store'}"`];
      default:
        return ['"Why":"error"', ...this.#metricMembers(pair.storeName)];
    }
  }

  #isStore(storeName: string): boolean {
    return this.#sources.stores().some(({ name }) => name === storeName);
  }

  /** Of the first metric that is enforced and fails. */
  #metricMembers(storeName: string): string[] {
    const { board, stores } = this.#sources;
    const metrics = stores().find(({ name }) => name === storeName)?.metrics ?? [];
    const nowUnixMs = board.expiryTimeMs();
    for (const { name, slot, mode } of metrics) {
      if (mode === 'observe') continue;
      const reading = board.readStore(slot, this.#reading);
      const isFine =
        reading.state === MetricState.ok && reading.value <= thresholdInForce(reading, nowUnixMs);
      if (isFine) continue;
      const host = board.readHost(slot);
      return [
        `"Metric":${jsonString(name)}`,
        ...(host === '' ? [] : [`"Host":${jsonString(host)}`]),
      ];
    }
    return [];
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
