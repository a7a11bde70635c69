/** What main's parts report to whoever asks over HTTP. */
import type { ProbeStatistics } from './probe.js';

/** One cluster in `/inventory`. */
export interface ClusterReport {
  /** `static`, `haproxy`, `proxysql`, `vitess` or `none`. */
  readonly source: string;
  /** `host:port`, as they are probed. */
  readonly hosts: readonly string[];
  /** Listed, but left out by `IgnoreHosts`. */
  readonly ignored: readonly string[];
  /** Listed, but left out by an operator's command. */
  readonly skipped: readonly string[];
  /** Unix time in milliseconds of the last good reading of the list; null: never. */
  readonly readAtUnixMs: number | null;
  /** Of the last reading; empty when it went well. */
  readonly error: string;
}

export interface InventoryReporter {
  /** By cluster name. */
  report(): ReadonlyMap<string, ClusterReport>;
}

/**
 * Asks every probe worker for what it has counted. A worker that does not answer in time is left
 * out.
 */
export interface ProbeStatisticsSource {
  collect(): Promise<ProbeStatistics[]>;
}

export interface MetricsReporter {
  /** All metrics in Prometheus' text format. */
  report(): Promise<string>;
}

export interface VarsReporter {
  /** The body of `/debug/vars`, without its final newline. */
  report(): Promise<string>;
}
