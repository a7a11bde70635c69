/** The rules of single apps, from the configuration. */
import type { AppRulesSettings } from '../contracts/http.js';
import type { FrenoConfig } from './schema.js';

export function appRulesSettings({ Apps, AppSeparator }: FrenoConfig): AppRulesSettings {
  return {
    separator: AppSeparator,
    rules: Object.entries(Apps).map(([pattern, { Metrics, Thresholds, Priority }]) => ({
      pattern,
      ...(Metrics !== undefined && { metrics: Metrics }),
      ...(Thresholds !== undefined && { thresholds: new Map(Object.entries(Thresholds)) }),
      ...(Priority !== undefined && { priority: Priority }),
    })),
  };
}
