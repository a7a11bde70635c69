/**
 * The metrics that need no `Query`: what each reads, in which unit, where it exists, and the
 * threshold to start from (docs/metrics-of-stores.md has the reasons).
 *
 * `SHOW GLOBAL STATUS` needs no privilege, on any server. A variable that a server does not have
 * yields no row, which is an error of the host.
 */
import type { StatementSource } from '../contracts/stores.js';

export interface MetricDefinition {
  readonly source: StatementSource;
  /** Reused for so long, unless the configuration says otherwise; 0: not at all. */
  readonly cacheMs: number;
  readonly unit: string;
  readonly threshold: number;
  readonly servers: string;
  /** What the user of the probes must be granted. */
  readonly privilege: string;
}

/** Replication lag; the name of a store's own metric, unless that has another. */
export const LAG = 'lag';

const ALL_SERVERS = 'MySQL 5.7 to 8.4, MariaDB';
const GALERA = 'Galera: MariaDB, Percona XtraDB Cluster';
const NO_PRIVILEGE = 'none';

export const KNOWN_METRICS: ReadonlyMap<string, MetricDefinition> = new Map<
  string,
  MetricDefinition
>([
  [
    LAG,
    {
      source: { kind: 'query', query: '' },
      cacheMs: 0,
      unit: 'Seconds that a replica is behind',
      threshold: 1,
      servers: ALL_SERVERS,
      privilege: 'REPLICATION CLIENT; SLAVE MONITOR on MariaDB from 10.5.9',
    },
  ],
  [
    'threads_running',
    {
      source: status('Threads_running'),
      cacheMs: 0,
      unit: 'Statements that run now, the probe among them',
      threshold: 25,
      servers: ALL_SERVERS,
      privilege: NO_PRIVILEGE,
    },
  ],
  [
    'history_list_length',
    {
      // A counter that was disabled keeps an old number: that is no value.
      source: {
        kind: 'query',
        query:
          'SELECT `COUNT` FROM information_schema.INNODB_METRICS ' +
          "WHERE NAME = 'trx_rseg_history_len' AND STATUS = 'enabled'",
        mariaDbQuery: "SHOW GLOBAL STATUS LIKE 'Innodb_history_list_length'",
      },
      cacheMs: 0,
      unit: 'Transactions whose old row versions are not purged',
      threshold: 100_000,
      servers: ALL_SERVERS,
      privilege: 'PROCESS on MySQL',
    },
  ],
  [
    'wsrep_local_recv_queue',
    {
      source: status('wsrep_local_recv_queue'),
      cacheMs: 0,
      unit: 'Write-sets received and not applied',
      threshold: 10,
      servers: GALERA,
      privilege: NO_PRIVILEGE,
    },
  ],
  [
    'wsrep_flow_control_paused',
    {
      // The variable of that name is an average since the last FLUSH STATUS: it hardly moves.
      source: {
        kind: 'rate',
        query: "SHOW GLOBAL STATUS LIKE 'wsrep_flow_control_paused_ns'",
        factor: 1e-9,
      },
      // The share of a shorter time would be 0 or 1.
      cacheMs: 1_000,
      unit: 'Share of the last second in which replication was paused, 0 to 1',
      threshold: 0.1,
      servers: GALERA,
      privilege: NO_PRIVILEGE,
    },
  ],
  [
    'innodb_row_lock_current_waits',
    {
      source: status('Innodb_row_lock_current_waits'),
      cacheMs: 0,
      unit: 'Row locks that are waited for now',
      threshold: 10,
      servers: ALL_SERVERS,
      privilege: NO_PRIVILEGE,
    },
  ],
  [
    'semi_sync_wait_sessions',
    {
      // `…_source_…` or `…_master_…`, by the plugin; a server cannot have both.
      source: status('Rpl_semi_sync_%_wait_sessions'),
      cacheMs: 0,
      unit: 'Commits that wait for a replica to acknowledge them',
      threshold: 10,
      servers: 'MySQL 5.7 to 8.4 with a semisync plugin, MariaDB from 10.3',
      privilege: NO_PRIVILEGE,
    },
  ],
]);

function status(pattern: string): StatementSource {
  return { kind: 'query', query: `SHOW GLOBAL STATUS LIKE '${pattern}'` };
}
