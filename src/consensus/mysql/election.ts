/**
 * The election: a row for each domain that names its leader and the time of its last renewal.
 *
 * A leader renews its row every second; another node may take over a row that was not renewed for
 * `takeoverSeconds`. The database decides with one UPDATE, and by its own clock only, so the clocks
 * of the nodes do not matter. `now()` is the start of a statement on the server (MySQL manual,
 * "Date and Time Functions"), never before the node sent it: a lease that counts from the sending
 * ends before the row can be taken over.
 *
 * A row ahead of the clock: the database's clock has been set back since the last renewal. By the
 * clock alone the row could not be taken over until that time comes again, for hours perhaps. A
 * live leader renews its row within a second, so a node that sees such a row unchanged for
 * `takeoverSeconds` of its own monotonic clock may take it over.
 */
import { monotonicMs } from '../../base/clock.js';
import type { BackendConnection } from './backend-connection.js';
import { BackendError, SERVER_ERROR } from './backend-error.js';
import type { BackendRow } from './open-connection.js';

export interface ServiceIdentity {
  /** Nodes of one domain elect one leader. */
  readonly domain: string;
  /** Empty: shares with no other domain. */
  readonly shareDomain: string;
  /** `hostname:ListenPort`. */
  readonly serviceId: string;
}

/** The rows of the table, as read in the last round. */
export interface ElectionSnapshot {
  /** The leader of this node's domain; empty when the row was not renewed in time. */
  readonly leader: string;
  /** Whether the domain has a row at all. */
  readonly hasRow: boolean;
  /** Other nodes that lead a domain of the same share domain, by domain. */
  readonly shareDomainServices: ReadonlyMap<string, string>;
}

/** The row of this domain when its renewal lies ahead of the database's clock (see above). */
interface RowAheadOfClock {
  readonly serviceId: string;
  readonly unixSeconds: number;
  /** `monotonicMs()` when it was first read with these values. */
  readonly sinceMs: number;
}

/** Rows read at most: domains that share, and services of one domain. */
const SERVICES_MAX = 1_000;

export class ServiceElection {
  readonly #connection: BackendConnection;
  readonly #identity: ServiceIdentity;
  readonly #takeoverSeconds: number;
  #rowAheadOfClock: RowAheadOfClock | null = null;

  constructor(connection: BackendConnection, identity: ServiceIdentity, takeoverSeconds: number) {
    this.#connection = connection;
    this.#identity = identity;
    this.#takeoverSeconds = takeoverSeconds;
  }

  /**
   * Renews the row of this node, or takes it over from a node that has not renewed it in time.
   * Resolves with `monotonicMs()` before the statement was sent, or null when the row belongs to
   * another node or is missing.
   */
  async claim(): Promise<number | null> {
    const { serviceId, shareDomain, domain } = this.#identity;
    const sentAtMs = monotonicMs();
    // The number of matched rows decides, not a later SELECT: that could show the effect of another
    // statement.
    const matched = await this.#connection.change(
      `UPDATE service_election SET service_id = ?, share_domain = ?, last_seen_active = now()
        WHERE domain = ? AND (service_id = ? OR last_seen_active < now() - INTERVAL ? SECOND)`,
      [serviceId, shareDomain, domain, serviceId, this.#takeoverSeconds],
    );
    return matched > 0 || (await this.#claimRowAheadOfClock()) ? sentAtMs : null;
  }

  /** Takes over a row ahead of the clock that was not renewed for `takeoverSeconds`. */
  async #claimRowAheadOfClock(): Promise<boolean> {
    const ahead = this.#rowAheadOfClock;
    if (ahead === null) return false;
    if (monotonicMs() - ahead.sinceMs < this.#takeoverSeconds * 1_000) return false;
    const { serviceId, shareDomain, domain } = this.#identity;
    const matched = await this.#connection.change(
      `UPDATE service_election SET service_id = ?, share_domain = ?, last_seen_active = now()
        WHERE domain = ? AND service_id = ? AND UNIX_TIMESTAMP(last_seen_active) = ?`,
      [serviceId, shareDomain, domain, ahead.serviceId, ahead.unixSeconds],
    );
    return matched > 0;
  }

  /** Inserts the row of a domain that has none. Resolves as `claim`. */
  async insertRow(): Promise<number | null> {
    const { serviceId, shareDomain, domain } = this.#identity;
    const sentAtMs = monotonicMs();
    try {
      await this.#connection.change(
        `INSERT INTO service_election (domain, share_domain, service_id, last_seen_active)
          VALUES (?, ?, ?, now())`,
        [domain, shareDomain, serviceId],
      );
      return sentAtMs;
    } catch (error) {
      if (error instanceof BackendError && error.errno === SERVER_ERROR.duplicateKey) return null;
      throw error;
    }
  }

  async snapshot(): Promise<ElectionSnapshot> {
    const { serviceId, shareDomain, domain } = this.#identity;
    const rows = await this.#connection.select(
      `SELECT domain, service_id, domain = ? AS own,
          last_seen_active >= now() - INTERVAL ? SECOND AS active,
          last_seen_active > now() + INTERVAL ? SECOND AS ahead,
          UNIX_TIMESTAMP(last_seen_active) AS unix_seconds
        FROM service_election WHERE domain = ? OR (? <> '' AND share_domain = ?)
        ORDER BY domain LIMIT ${SERVICES_MAX}`,
      [domain, this.#takeoverSeconds, this.#takeoverSeconds, domain, shareDomain, shareDomain],
    );
    const own = rows.find((row) => Number(row.own) === 1);
    this.#rowAheadOfClock = own === undefined ? null : this.#rowAheadOfClockIn(own);
    const active = rows.filter((row) => Number(row.active) === 1);
    const others = active.filter((row) => shareDomain !== '' && row.service_id !== serviceId);
    return {
      leader: own !== undefined && active.includes(own) ? String(own.service_id) : '',
      hasRow: own !== undefined,
      shareDomainServices: new Map(
        others.map((row) => [String(row.domain), String(row.service_id)]),
      ),
    };
  }

  #rowAheadOfClockIn(own: BackendRow): RowAheadOfClock | null {
    if (Number(own.ahead) !== 1) return null;
    const serviceId = String(own.service_id);
    const unixSeconds = Number(own.unix_seconds);
    const known = this.#rowAheadOfClock;
    const isKnown = known?.serviceId === serviceId && known.unixSeconds === unixSeconds;
    return isKnown ? known : { serviceId, unixSeconds, sinceMs: monotonicMs() };
  }

  /** Lets the row of this node expire, so that another node can take it over at once. */
  async resign(): Promise<void> {
    await this.#connection.change(
      `UPDATE service_election SET last_seen_active = now() - INTERVAL 1 HOUR
        WHERE domain = ? AND service_id = ?`,
      [this.#identity.domain, this.#identity.serviceId],
    );
  }

  /** Reports this node as alive in `service_health`. */
  async register(): Promise<void> {
    const { serviceId, shareDomain, domain } = this.#identity;
    await this.#connection.change(
      `INSERT INTO service_health (service_id, domain, share_domain, last_seen_active)
        VALUES (?, ?, ?, now()) ON DUPLICATE KEY UPDATE domain = VALUES(domain),
        share_domain = VALUES(share_domain), last_seen_active = VALUES(last_seen_active)`,
      [serviceId, domain, shareDomain],
    );
  }

  /** The nodes of this domain that reported recently, this one among them. */
  async healthyServices(): Promise<readonly string[]> {
    const rows = await this.#connection.select(
      `SELECT service_id FROM service_health
        WHERE domain = ? AND last_seen_active >= now() - INTERVAL ? SECOND
        ORDER BY service_id LIMIT ${SERVICES_MAX}`,
      [this.#identity.domain, this.#takeoverSeconds],
    );
    return rows.map((row) => String(row.service_id));
  }

  async unregister(): Promise<void> {
    await this.#connection.change('DELETE FROM service_health WHERE service_id = ?', [
      this.#identity.serviceId,
    ]);
  }
}
