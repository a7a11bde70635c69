/**
 * What is probed, as the engine runs on it: every value present, inherited and in its final unit.
 */

import type { TlsSettings } from '../base/mysql/tls.js';

export type { TlsSettings };

export interface StaticHosts {
  readonly kind: 'static';
  /** `host` or `host:port`. */
  readonly hosts: readonly string[];
}

export interface HAProxyHosts {
  readonly kind: 'haproxy';
  /** Addresses of the statistics page, with scheme, port and path where the operator gave them. */
  readonly addresses: readonly string[];
  readonly poolName: string;
}

export interface ProxySQLHosts {
  readonly kind: 'proxysql';
  readonly addresses: readonly string[];
  readonly user: string;
  readonly password: string;
  readonly hostgroupId: number;
  readonly ignoreServerTtlMs: number;
}

export interface VitessHosts {
  readonly kind: 'vitess';
  readonly api: string;
  readonly cells: readonly string[];
  readonly keyspace: string;
  readonly shard: string;
  readonly timeoutMs: number;
}

/** A cluster that names no source: configured, nothing to probe yet. */
export interface NoHosts {
  readonly kind: 'none';
}

export type HostSource = StaticHosts | HAProxyHosts | ProxySQLHosts | VitessHosts | NoHosts;

/** One MySQL cluster (a store `mysql/<name>`). */
export interface ClusterSettings {
  readonly name: string;
  readonly source: HostSource;
  readonly user: string;
  readonly password: string;
  /** Empty: replication lag. */
  readonly metricQuery: string;
  /** How long a good result of a host is reused; 0: not at all. */
  readonly cacheMs: number;
  readonly throttleThreshold: number;
  /** Port of hosts that name none. */
  readonly port: number;
  /** Empty: the client's default. */
  readonly collation: string;
  readonly tls: TlsSettings | null;
  readonly ignoreDialTcpErrors: boolean;
  readonly ignoreHostsCount: number;
  readonly ignoreHostsThreshold: number;
  /** 0: no HTTP check. */
  readonly httpCheckPort: number;
  readonly httpCheckPath: string;
  /** Substrings of `host:port` of hosts that are not probed. */
  readonly ignoreHosts: readonly string[];
}

/** One server to probe. */
export interface ProbeTarget {
  readonly host: string;
  readonly port: number;
}

/**
 * A cluster as it is given to a probe worker: everything but its source, with the hosts that are to
 * be probed now.
 */
export interface ClusterAssignment {
  readonly settings: Omit<ClusterSettings, 'source'>;
  /** Place on the board. */
  readonly slot: number;
  /** Changes with each store put at that place: a value of another generation is no value. */
  readonly generation: number;
  /**
   * Deduplicated, in the order of the source. Empty: the source lists nobody, which is an error of
   * its own ("No hosts found").
   */
  readonly targets: readonly ProbeTarget[];
}
