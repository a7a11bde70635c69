/** The reports that main's parts give to requests over HTTP. */
import type { ProbeStatistics } from './probe.js';

/** One cluster in `/inventory`. */
export interface ClusterReport {
  /** `static`, `haproxy`, `proxysql`, `vitess` or `none`. */
  readonly source: string;
  /** `host:port` of the hosts that are probed. */
  readonly hosts: readonly string[];
  /** Listed, but left out by `IgnoreHosts`. */
  readonly ignored: readonly string[];
  /** Listed, but left out by an operator's command. */
  readonly skipped: readonly string[];
  /** Unix time in milliseconds when the list was last read without error; null: never. */
  readonly readAtUnixMs: number | null;
  /** Of the last attempt to read the list; empty when it succeeded. */
  readonly error: string;
  /** Rows of the list that are incomplete or have an unknown state, and what was done with each. */
  readonly oddRows: readonly string[];
}

export interface InventoryReporter {
  /** By cluster name. */
  report(): ReadonlyMap<string, ClusterReport>;
}

/**
 * Collects what every probe worker has counted. A worker that does not respond in time is left out.
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
