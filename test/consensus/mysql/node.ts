/** A node for tests: the consensus, with a state and an observer that record its calls. */
import { monotonicMs } from '../../../src/base/clock.js';
import type { Logger } from '../../../src/base/log.js';
import type { BackendSettings } from '../../../src/config/settings.js';
import { MySQLConsensus } from '../../../src/consensus/mysql/consensus.js';
import type { BackendTimes } from '../../../src/consensus/mysql/options.js';
import type { ConsensusObserver, ReplaceableState } from '../../../src/contracts/consensus.js';
import { NO_EXPIRY } from '../../../src/throttle/commands.js';
import { type StateImage, ThrottleState } from '../../../src/throttle/state.js';

export interface Promotion {
  readonly leading: boolean;
  readonly term: number;
  readonly atMs: number;
}

export interface NodeOptions {
  readonly settings: BackendSettings;
  readonly serviceId: string;
  readonly domain?: string;
  readonly shareDomain?: string;
  readonly times?: BackendTimes;
  readonly log: Logger;
}

export class BackendTestNode implements ConsensusObserver, ReplaceableState {
  readonly consensus: MySQLConsensus;
  readonly throttles = new ThrottleState();
  readonly promotions: Promotion[] = [];
  restores = 0;
  leaseUntilMs = 0;
  leading = false;
  readonly #watchers = new Set<() => void>();

  constructor(options: NodeOptions) {
    this.consensus = new MySQLConsensus({
      settings: options.settings,
      identity: {
        domain: options.domain ?? 'dc:test',
        shareDomain: options.shareDomain ?? '',
        serviceId: options.serviceId,
      },
      state: this,
      observer: this,
      log: options.log,
      description: () => ({ version: '1.2.3', configHash: 7, listenPort: 8087 }),
      ...(options.times === undefined ? {} : { times: options.times }),
    });
  }

  leadershipChanged(leading: boolean, term: number): void {
    this.promotions.push({ leading, term, atMs: monotonicMs() });
    this.leading = leading;
    this.leaseUntilMs = 0;
    this.#changed();
  }

  leaseExtended(leaseUntilMs: number): void {
    this.leaseUntilMs = leaseUntilMs;
    this.#changed();
  }

  clockHeard(): void {}

  image(): StateImage {
    return this.throttles.image();
  }

  async replace(image: StateImage): Promise<void> {
    this.restores++;
    this.throttles.restore(image);
    this.#changed();
  }

  /** Whether this node leads with a lease. */
  get acts(): boolean {
    return this.leading && monotonicMs() < this.leaseUntilMs;
  }

  apps(): Record<string, LiveApp> {
    return liveApps(this.throttles);
  }

  hosts(): string[] {
    return this.throttles.skippedHosts(Date.now()).map(([host]) => host);
  }

  /** Resolves when the condition holds; it is evaluated at each report of the consensus. */
  async until(holds: () => boolean, timeoutMs = 30_000): Promise<void> {
    await firstUntil([this], holds, timeoutMs);
  }

  /** Calls back at each report of the consensus, until the returned function is called. */
  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  #changed(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }
}

export interface LiveApp {
  /** Seconds to live; null: no expiry. */
  readonly ttl: number | null;
  readonly ratio: number;
}

export function liveApps(throttles: ThrottleState): Record<string, LiveApp> {
  const nowMs = Date.now();
  return Object.fromEntries(
    throttles
      .throttledApps(nowMs)
      .map(([key, { expireAtMs, ratio }]) => [
        key,
        { ttl: expireAtMs === NO_EXPIRY ? null : Math.round((expireAtMs - nowMs) / 1_000), ratio },
      ]),
  );
}

/** Resolves when the condition holds; it is evaluated at each report of any of the nodes. */
export async function firstUntil(
  nodes: readonly BackendTestNode[],
  holds: () => boolean,
  timeoutMs = 30_000,
): Promise<void> {
  if (holds()) return;
  let unwatch: Array<() => void> = [];
  let timer: NodeJS.Timeout | undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      timer = setTimeout(
        () => reject(new Error(`not within ${timeoutMs} ms: ${holds}`)),
        timeoutMs,
      );
      unwatch = nodes.map((node) =>
        node.watch(() => {
          if (holds()) resolve();
        }),
      );
    });
  } finally {
    clearTimeout(timer);
    for (const end of unwatch) end();
  }
}
