/**
 * Hosts that are the servers of a host group of ProxySQL.
 *
 * A server that comes back to ONLINE after it was shunned or offline lags, because it has to catch
 * up first. Probing it at once would throttle all writers although ProxySQL has just begun to use
 * it. So it is ignored for a TTL (`IgnoreServerTTLSecs`) after the reading that saw it online
 * again. A server that is shunned only because it lags (SHUNNED_REPLICATION_LAG) is always probed:
 * its lag is what throttling is for.
 */
import type { LookupFunction } from 'node:net';
import { formatAddress, parseAddress } from '../../../base/address.js';
import { monotonicMs } from '../../../base/clock.js';
import { FrenoError, messageOf } from '../../../base/errors.js';
import type { Login } from '../../../base/mysql/connection.js';
import type { ProbeTarget, ProxySQLHosts } from '../../../contracts/stores.js';
import type { HostList, HostSourceReader } from './host-source.js';
import type { PoolRow } from './proxysql-admin.js';

const ADMIN_PORT = 6032;
/** Users of `admin-stats_credentials` have access to this database only. */
const DATABASE = 'stats';

/** A server that was seen in a state in which ProxySQL sends it no queries. */
interface OfflineServer {
  /** `monotonicMs()` of the first reading that saw it online again; null: still offline. */
  onlineAtMs: number | null;
}

export class ProxySQLSource implements HostSourceReader {
  readonly #admins: readonly ProbeTarget[];
  readonly #login: Login;
  readonly #hostgroupId: number;
  readonly #ignoreTtlMs: number;
  readonly #lookup: LookupFunction;
  /** By `host:port`. Bounded by the servers of the last reading. */
  #offline = new Map<string, OfflineServer>();

  constructor(source: ProxySQLHosts, lookup: LookupFunction) {
    const { user, password } = source;
    this.#admins = source.addresses.map(adminAddress);
    this.#login = { user, password, database: DATABASE, collation: '', tls: null };
    this.#hostgroupId = source.hostgroupId;
    this.#ignoreTtlMs = source.ignoreServerTtlMs;
    this.#lookup = lookup;
  }

  /** The first address that responds is used: each ProxySQL of a cluster knows all its servers. */
  async read(): Promise<HostList> {
    // Loaded on first use: the client library is slow to load, and most nodes read no ProxySQL.
    const { readConnectionPool } = await import('./proxysql-admin.js');
    const failures: string[] = [];
    for (const admin of this.#admins) {
      try {
        const rows = await readConnectionPool(admin, this.#login, this.#hostgroupId, this.#lookup);
        return { hosts: this.#selectHosts(rows, monotonicMs()), problem: problemOf(failures) };
      } catch (thrown) {
        failures.push(messageOf(thrown));
      }
    }
    throw new FrenoError('HOST_SOURCE', problemOf(failures));
  }

  #selectHosts(rows: readonly PoolRow[], nowMs: number): ProbeTarget[] {
    const before = this.#offline;
    this.#offline = new Map();
    const listed = rows.filter((row) => {
      if (row.status === 'SHUNNED_REPLICATION_LAG') return true;
      const address = formatAddress(row);
      const offline = before.get(address);
      if (row.status !== 'ONLINE') {
        this.#offline.set(address, { onlineAtMs: null });
        return false;
      }
      if (offline === undefined) return true;
      const onlineAtMs = offline.onlineAtMs ?? nowMs;
      if (nowMs - onlineAtMs >= this.#ignoreTtlMs) return true;
      this.#offline.set(address, { onlineAtMs });
      return false;
    });
    return listed.map(({ host, port }) => ({ host, port }));
  }
}

function adminAddress(text: string): ProbeTarget {
  const address = parseAddress(text, ADMIN_PORT);
  if (address === null) throw new FrenoError('CONFIG', `ProxySQL "${text}" is not HOST:PORT`);
  return address;
}

function problemOf(failures: readonly string[]): string {
  return failures.map((failure) => `ProxySQL ${failure}`).join('; ');
}
