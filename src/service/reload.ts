/**
 * SIGHUP: reads the configuration again and applies the keys that can change without a restart. A
 * file with a mistake changes nothing. Clusters and thresholds take effect in
 * `Inventory.replaceClusters` (stores/main/inventory.ts), which puts them on the board.
 */
import { messageOf } from '../base/errors.js';
import type { Logger } from '../base/log.js';
import { changes, type KeyChange, withLiveKeys } from '../config/changes.js';
import type { LoadedConfig } from '../config/load.js';
import type { FrenoConfig } from '../config/schema.js';
import type { ConfigState } from './config-state.js';

export interface ReloaderOptions {
  /** The configuration that the service was started with. */
  readonly config: FrenoConfig;
  /** Keeps how the latest reload ended. */
  readonly state: Pick<ConfigState, 'reloaded' | 'reloadFailed'>;
  /** Reads the files again, under the same flags. */
  readonly load: () => Promise<LoadedConfig>;
  /** Applies the live keys of a configuration. */
  readonly apply: (config: FrenoConfig) => Promise<void>;
  readonly log: Logger;
}

export class Reloader {
  readonly #options: ReloaderOptions;
  /** The keys in force: those that need a restart stay as they were at the start. */
  #running: FrenoConfig;
  #reloading: Promise<void> | undefined;
  #again = false;

  constructor(options: ReloaderOptions) {
    this.#options = options;
    this.#running = options.config;
  }

  /**
   * One reload at a time; all calls during a reload cause one more. Never rejects: a failure is
   * logged.
   */
  reload(): Promise<void> {
    if (this.#reloading !== undefined) this.#again = true;
    this.#reloading ??= this.#reloadUntilSettled().finally(() => {
      this.#reloading = undefined;
    });
    return this.#reloading;
  }

  async #reloadUntilSettled(): Promise<void> {
    do {
      this.#again = false;
      await this.#reloadOnce();
    } while (this.#again);
  }

  async #reloadOnce(): Promise<void> {
    const { load, apply, log, state } = this.#options;
    try {
      const { config, warnings } = await load();
      for (const warning of warnings) log.warn(warning);
      const found = changes(this.#running, config);
      const next = withLiveKeys(this.#running, config);
      await apply(next);
      this.#running = next;
      state.reloaded(next, found.filter(({ live }) => !live).length);
      for (const change of found) this.#logChange(change);
      log.warn({ changes: found.length }, 'configuration reloaded');
    } catch (thrown) {
      state.reloadFailed();
      log.error(`configuration not reloaded, nothing changed: ${messageOf(thrown)}`);
    }
  }

  #logChange({ line, live }: KeyChange): void {
    this.#options.log.warn(live ? line : `${line} (needs a restart)`);
  }
}
