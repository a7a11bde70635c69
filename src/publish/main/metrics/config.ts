/** Metrics of the configuration in force. */
import type { ConfigReport } from '../../../contracts/reports.js';
import { type Family, gauge } from './prometheus-text.js';

export function configFamilies(config: ConfigReport): Family[] {
  return [
    gauge(
      'freno_config_last_reload_successful',
      'Whether the latest reload of the configuration succeeded (the start counts as one).',
    ).add({}, config.isReloadSuccessful ? 1 : 0),
    gauge(
      'freno_config_last_reload_success_timestamp_seconds',
      'Unix time of the latest successful reload of the configuration, or of the start.',
    ).add({}, config.loadedAtUnixMs / 1000),
    gauge(
      'freno_config_hash',
      'Hash of the configuration in force, without secrets and keys of a single node.',
    ).add({}, config.hash),
    gauge(
      'freno_config_pending_keys',
      'Keys that differ in the file as of the latest reload, and need a restart.',
    ).add({}, config.pendingKeys),
  ];
}
