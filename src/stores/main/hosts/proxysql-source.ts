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
import { loginOf } from '../../../base/mysql/login.js';
import type { ProbeTarget, ProxySQLHosts } from '../../../contracts/stores.js';
import { type HostList, type HostSourceReader, quoted } from './host-source.js';
import type { PoolRow } from './proxysql-admin.js';

const ADMIN_PORT = 6032;
/** Users of `admin-stats_credentials` have access to this database only. */
const DATABASE = 'stats';

/** States in which ProxySQL sends a server no queries. Any other may mean that it does. */
const OFFLINE_STATUSES: readonly string[] = ['SHUNNED', 'OFFLINE_SOFT', 'OFFLINE_HARD'];

/** A server that was seen in a state in which ProxySQL sends it no queries. */
interface OfflineServer {
  /** `monotonicMs()` of the first reading that saw it online again; null: still offline. */
  onlineAtMs: number | null;
}

export class ProxySQLSource implements HostSourceReader {
  readonly #admins: readonly ProbeTarget[];
  readonly #login: Login;
  readonly #hostgroupId: number;
  readonly #port: number;
  readonly #ignoreTtlMs: number;
  readonly #lookup: LookupFunction;
  /** By `host:port`. Bounded by the servers of the last reading. */
  #offline = new Map<string, OfflineServer>();

  constructor(source: ProxySQLHosts, port: number, lookup: LookupFunction) {
    const { user, password, passwordFile } = source;
    this.#admins = source.addresses.map(adminAddress);
    const account = { user, password, passwordFile, collation: '', tls: null };
    const serverPublicKeyFile = '';
    this.#login = { ...loginOf({ ...account, serverPublicKeyFile }), database: DATABASE };
    this.#hostgroupId = source.hostgroupId;
    this.#port = port;
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
        return { ...this.#listOf(rows, formatAddress(admin)), problem: problemOf(failures) };
      } catch (thrown) {
        failures.push(messageOf(thrown));
      }
    }
    throw new FrenoError('HOST_SOURCE', problemOf(failures));
  }

  #listOf(rows: readonly PoolRow[], admin: string): Omit<HostList, 'problem'> {
    const before = this.#offline;
    this.#offline = new Map();
    const nowMs = monotonicMs();
    const hosts: ProbeTarget[] = [];
    const oddRows: string[] = [];
    for (const { host, port, status } of rows) {
      const row = `ProxySQL ${admin}: server ${quoted(host)}`;
      const isKnown = status === 'ONLINE' || status === 'SHUNNED_REPLICATION_LAG';
      const isOffline = OFFLINE_STATUSES.includes(status);
      // By its documentation, port 0 means that the host is the path of a Unix socket.
      const target = parseAddress(host, port || this.#port);
      if (target === null) {
        if (!isOffline) oddRows.push(`${row} has a name that is not a host: left out`);
        continue;
      }
      if (!this.#isInUse(formatAddress(target), status, before, nowMs)) continue;
      hosts.push(target);
      if (port === 0) oddRows.push(`${row} has no valid port: probed at ${formatAddress(target)}`);
      if (!isKnown) oddRows.push(`${row} has the unknown status ${quoted(status)}: probed`);
    }
    return { hosts, oddRows };
  }

  #isInUse(
    address: string,
    status: string,
    before: ReadonlyMap<string, OfflineServer>,
    nowMs: number,
  ): boolean {
    if (OFFLINE_STATUSES.includes(status)) {
      this.#offline.set(address, { onlineAtMs: null });
      return false;
    }
    const offline = before.get(address);
    if (status !== 'ONLINE' || offline === undefined) return true;
    const onlineAtMs = offline.onlineAtMs ?? nowMs;
    if (nowMs - onlineAtMs >= this.#ignoreTtlMs) return true;
    this.#offline.set(address, { onlineAtMs });
    return false;
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
