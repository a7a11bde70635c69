/**
 * The stores to probe, as all threads use them: every setting present, with defaults and
 * inheritance applied, in its final unit.
 */
import type { TlsSettings } from '../base/mysql/tls.js';
import type { MetricMode } from '../throttle/metric.js';

export type { MetricMode, TlsSettings };

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
  /** File of the authorities that HTTPS trusts; empty: the system's bundle. */
  readonly caFile: string;
}

export interface ProxySQLHosts {
  readonly kind: 'proxysql';
  readonly addresses: readonly string[];
  readonly user: string;
  readonly password: string;
  /** A file that holds the password instead; empty: none. */
  readonly passwordFile: string;
  readonly hostgroupId: number;
  readonly ignoreServerTtlMs: number;
}

export interface VitessHosts {
  readonly kind: 'vitess';
  readonly api: string;
  readonly cells: readonly string[];
  readonly keyspace: string;
  readonly shard: string;
  /** As of HAProxy. */
  readonly caFile: string;
  readonly timeoutMs: number;
}

/** A cluster without a source: configured, but with nothing to probe yet. */
export interface NoHosts {
  readonly kind: 'none';
}

export type HostSource = StaticHosts | HAProxyHosts | ProxySQLHosts | VitessHosts | NoHosts;

/** What a metric measures. `prometheus`: an instant query to a Prometheus server. */
export type MetricSource =
  | StatementSource
  | {
      readonly kind: 'prometheus';
      readonly url: string;
      /** As of HAProxy. */
      readonly caFile: string;
      readonly query: string;
      readonly intervalMs: number;
    };

/** `query`: the one number of a statement. `rate`: how much that number grows per second. */
export interface StatementSource {
  readonly kind: 'query' | 'rate';
  /** Empty: replication lag. */
  readonly query: string;
  /** For servers of MariaDB, where it is another statement. */
  readonly mariaDbQuery?: string;
  /** The value is multiplied by this; 1 unless given. */
  readonly factor?: number;
}

/** How long a host that joins far behind is left out. */
export interface CatchUpSettings {
  /** A host that joins with a value above this one is catching up; in the unit of the metric. */
  readonly aboveSeconds: number;
  /** It counts after this time, whatever its value. */
  readonly maxMinutes: number;
}

/** A number of a cluster, and the threshold that judges it. */
export interface MetricSettings {
  /** Unique in the cluster. */
  readonly name: string;
  readonly mode: MetricMode;
  readonly measured: MetricSource;
  readonly threshold: number;
  /** How long the value of a host is reused; 0: not at all. */
  readonly cacheMs: number;
  readonly hosts: HostSource;
  /** Port of hosts that are listed without one. */
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** A file that holds the password instead; empty: none. */
  readonly passwordFile: string;
  /** Empty: the client's default. */
  readonly collation: string;
  readonly tls: TlsSettings | null;
  /** The RSA key of the servers, for logins without TLS; empty: none. */
  readonly serverPublicKeyFile: string;
  /** A connection to a host that is older is replaced by a new one. The same in all metrics. */
  readonly connectionMaxAgeMs: number;
  readonly ignoreDialTcpErrors: boolean;
  /** How many hosts may be ignored: so many, or that share, rounded down; the larger counts. */
  readonly ignoreHostsCount: number;
  readonly ignoreHostsPercent: number;
  readonly ignoreHostsThreshold: number;
  /** Null: a host counts from its first value on. */
  readonly catchUp: CatchUpSettings | null;
  /** 0: no HTTP check. */
  readonly httpCheckPort: number;
  readonly httpCheckPath: string;
  /** Null: the check is not encrypted. */
  readonly httpCheckTls: TlsSettings | null;
  /** Substrings of `host:port` of hosts that are not probed. */
  readonly ignoreHosts: readonly string[];
}

/** One MySQL cluster (a store `mysql/<name>`), and what is measured of it. */
export interface ClusterSettings {
  readonly name: string;
  /** The first one is the store's own metric. */
  readonly metrics: readonly [MetricSettings, ...MetricSettings[]];
}

/** One server to probe. */
export interface ProbeTarget {
  readonly host: string;
  readonly port: number;
}

/** A metric as it is assigned to a probe worker: its settings, and the hosts to probe now. */
export interface MetricAssignment {
  readonly settings: Omit<MetricSettings, 'hosts'>;
  /** Whether it is the store's own metric. */
  readonly isOwn: boolean;
  /** Slot of the board. */
  readonly slot: number;
  /** Unique to each metric that gets the slot: values of another generation are not valid. */
  readonly generation: number;
  /**
   * Deduplicated, in the order of the source. Empty: the source lists no hosts, which is an error
   * of its own ("No hosts found").
   */
  readonly targets: readonly ProbeTarget[];
  /** Why there are no targets although hosts are listed, `skipped: db7:3306`; otherwise empty. */
  readonly leftOut: string;
  /** False: no source lists hosts, and those that Prometheus names count. */
  readonly isListed: boolean;
}

/** A cluster as it is assigned to a probe worker. */
export interface ClusterAssignment {
  readonly name: string;
  /**
   * The metrics whose hosts are known, in the order of the settings. One that is missing has no
   * list of hosts yet: nothing is written to its slot.
   */
  readonly metrics: readonly [MetricAssignment, ...MetricAssignment[]];
}
