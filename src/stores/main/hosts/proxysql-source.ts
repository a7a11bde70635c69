/** Hosts that are the servers of a host group of ProxySQL. */
import type { LookupFunction } from 'node:net';
import { formatAddress, parseAddress } from '../../../base/address.js';
import { monotonicMs } from '../../../base/clock.js';
import { FrenoError, messageOf } from '../../../base/errors.js';
import type { Login } from '../../../base/mysql/connection.js';
import type { ProbeTarget, ProxySQLHosts } from '../../../contracts/stores.js';
import type { HostList, HostSourceReader } from './host-source.js';
import type { PoolRow } from './proxysql-admin.js';

const ADMIN_PORT = 6032;
/** Where the statistics lie; users of `admin-stats_credentials` have no other. */
const DATABASE = 'stats';

/** A server that was seen in a state in which ProxySQL sends it nothing. */
interface Absence {
  /** `monotonicMs()` of the reading that saw it online again; null: not yet. */
  backAtMs: number | null;
}

export class ProxySQLSource implements HostSourceReader {
  readonly #admins: readonly ProbeTarget[];
  readonly #login: Login;
  readonly #hostgroupId: number;
  readonly #ignoreMs: number;
  readonly #lookup: LookupFunction;
  /** By `host:port`. No more than the servers of the last reading. */
  #absences = new Map<string, Absence>();

  constructor(source: ProxySQLHosts, lookup: LookupFunction) {
    const { user, password } = source;
    this.#admins = source.addresses.map(adminAddress);
    this.#login = { user, password, database: DATABASE, collation: '', tls: null };
    this.#hostgroupId = source.hostgroupId;
    this.#ignoreMs = source.ignoreServerTtlMs;
    this.#lookup = lookup;
  }

  /** The first address that answers counts: each ProxySQL of a cluster knows all its servers. */
  async read(): Promise<HostList> {
    // The client library is slow to load, and few nodes have a ProxySQL.
    const { readConnectionPool } = await import('./proxysql-admin.js');
    const failures: string[] = [];
    for (const admin of this.#admins) {
      try {
        const rows = await readConnectionPool(admin, this.#login, this.#hostgroupId, this.#lookup);
        return { hosts: this.#judge(rows, monotonicMs()), problem: problemOf(failures) };
      } catch (thrown) {
        failures.push(messageOf(thrown));
      }
    }
    throw new FrenoError('HOST_SOURCE', problemOf(failures));
  }

  /**
   * A server that only lags is listed, whatever it was before. One that comes back from elsewhere
   * is not at once: it has to catch up first, and would hold all writers back meanwhile.
   */
  #judge(rows: readonly PoolRow[], nowMs: number): ProbeTarget[] {
    const before = this.#absences;
    this.#absences = new Map();
    const listed = rows.filter((row) => {
      if (row.status === 'SHUNNED_REPLICATION_LAG') return true;
      const address = formatAddress(row);
      const absence = before.get(address);
      if (row.status !== 'ONLINE') {
        this.#absences.set(address, { backAtMs: null });
        return false;
      }
      if (absence === undefined) return true;
      const backAtMs = absence.backAtMs ?? nowMs;
      if (nowMs - backAtMs >= this.#ignoreMs) return true;
      this.#absences.set(address, { backAtMs });
      return false;
    });
    return listed.map(({ host, port }) => ({ host, port }));
  }
}

function adminAddress(text: string): ProbeTarget {
  const address = parseAddress(text, ADMIN_PORT);
  if (address === null) throw new FrenoError('CONFIG', `ProxySQL "${text}" is no HOST:PORT`);
  return address;
}

function problemOf(failures: readonly string[]): string {
  return failures.map((failure) => `ProxySQL ${failure}`).join('; ');
}
