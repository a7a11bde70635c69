/** What is in force of the configuration, and how the latest reload of it ended. */
import { configHash } from '../config/hash.js';
import type { FrenoConfig } from '../config/schema.js';
import type { ConfigReport, ConfigReporter } from '../contracts/reports.js';

export class ConfigState implements ConfigReporter {
  #report: ConfigReport;

  /** `config`: the configuration that the service is started with. */
  constructor(config: FrenoConfig) {
    this.#report = reportOf(config, 0);
  }

  report(): ConfigReport {
    return this.#report;
  }

  /** `pendingKeys`: how many keys of the file take effect only after a restart. */
  reloaded(inForce: FrenoConfig, pendingKeys: number): void {
    const { failedReloads } = this.#report;
    this.#report = { ...reportOf(inForce, pendingKeys), failedReloads };
  }

  reloadFailed(): void {
    const failedReloads = this.#report.failedReloads + 1;
    this.#report = { ...this.#report, isReloadSuccessful: false, failedReloads };
  }
}

function reportOf(config: FrenoConfig, pendingKeys: number): ConfigReport {
  const hash = configHash(config);
  const loadedAtUnixMs = Date.now();
  return { isReloadSuccessful: true, failedReloads: 0, loadedAtUnixMs, hash, pendingKeys };
}
