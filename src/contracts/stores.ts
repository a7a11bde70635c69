/**
 * The stores to probe, as all threads use them: every setting present, with defaults and
 * inheritance applied, in its final unit.
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
  /** Addresses of the statistics page; scheme, port and path are optional. */
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

/** A cluster without a source: configured, but with nothing to probe yet. */
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
  /** How long the value of a host is reused; 0: not at all. */
  readonly cacheMs: number;
  readonly throttleThreshold: number;
  /** Port of hosts that are listed without one. */
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

/** A cluster as it is assigned to a probe worker: its settings, and the hosts to probe now. */
export interface ClusterAssignment {
  readonly settings: Omit<ClusterSettings, 'source'>;
  /** Slot of the board. */
  readonly slot: number;
  /** Unique to each store that gets the slot: values of another generation are not valid. */
  readonly generation: number;
  /**
   * Deduplicated, in the order of the source. Empty: the source lists no hosts, which is an error
   * of its own ("No hosts found").
   */
  readonly targets: readonly ProbeTarget[];
}
