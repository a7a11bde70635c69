/**
 * The rows by which nodes elect a leader and know of each other. All times are the database's:
 * `now()` is the start of a statement on its server, which is never before the node sent it.
 */
import { monotonicMs } from '../../base/clock.js';
import type { BackendConnection } from './backend-connection.js';
import { BackendError, SERVER_ERROR } from './backend-error.js';
import type { BackendRow } from './open-connection.js';

export interface ServiceIdentity {
  /** Nodes of one domain elect one leader. */
  readonly domain: string;
  /** Empty: shared with nobody. */
  readonly shareDomain: string;
  /** `hostname:ListenPort`. */
  readonly serviceId: string;
}

/** What the table says. */
export interface ElectionSnapshot {
  /** The leader of this node's domain; empty when nobody has renewed the row in time. */
  readonly leader: string;
  /** Whether the domain has a row at all. */
  readonly hasRow: boolean;
  /** Other nodes that lead a domain of the same share domain, by domain. */
  readonly shareDomainServices: ReadonlyMap<string, string>;
}

/**
 * A row that its leader renewed by a clock that has been set back since. By the clock alone it
 * could not be taken over before that time has come again; a living leader renews it within a
 * second.
 */
interface RowAhead {
  readonly serviceId: string;
  readonly unixSeconds: number;
  /** `monotonicMs()` when it was first seen as it is. */
  readonly sinceMs: number;
}

/** Rows read at most: domains that share, and services of one domain. */
const SERVICES_MAX = 1_000;

export class ServiceElection {
  readonly #connection: BackendConnection;
  readonly #identity: ServiceIdentity;
  readonly #takeoverSeconds: number;
  #rowAhead: RowAhead | null = null;

  constructor(connection: BackendConnection, identity: ServiceIdentity, takeoverSeconds: number) {
    this.#connection = connection;
    this.#identity = identity;
    this.#takeoverSeconds = takeoverSeconds;
  }

  /**
   * Renews the row of this node, or takes it over from one that has not renewed it in time.
   * Resolves with `monotonicMs()` before the sending of the statement, or null when the row is
   * another's or missing.
   */
  async claim(): Promise<number | null> {
    const { serviceId, shareDomain, domain } = this.#identity;
    const sentAtMs = monotonicMs();
    // The rows found are what counts, not what a reading afterwards says: that one might be of
    // another statement's doing.
    const found = await this.#connection.change(
      `UPDATE service_election SET service_id = ?, share_domain = ?, last_seen_active = now()
        WHERE domain = ? AND (service_id = ? OR last_seen_active < now() - INTERVAL ? SECOND)`,
      [serviceId, shareDomain, domain, serviceId, this.#takeoverSeconds],
    );
    return found > 0 || (await this.#claimAhead()) ? sentAtMs : null;
  }

  /**
   * Takes over a row ahead of the clock that nobody has renewed for as long as any other row must
   * not have been.
   */
  async #claimAhead(): Promise<boolean> {
    const ahead = this.#rowAhead;
    if (ahead === null) return false;
    if (monotonicMs() - ahead.sinceMs < this.#takeoverSeconds * 1_000) return false;
    const { serviceId, shareDomain, domain } = this.#identity;
    const found = await this.#connection.change(
      `UPDATE service_election SET service_id = ?, share_domain = ?, last_seen_active = now()
        WHERE domain = ? AND service_id = ? AND UNIX_TIMESTAMP(last_seen_active) = ?`,
      [serviceId, shareDomain, domain, ahead.serviceId, ahead.unixSeconds],
    );
    return found > 0;
  }

  /** Makes the row of a domain that has none. Resolves as `claim`. */
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
    this.#rowAhead = own === undefined ? null : this.#aheadOf(own);
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

  #aheadOf(own: BackendRow): RowAhead | null {
    if (Number(own.ahead) !== 1) return null;
    const serviceId = String(own.service_id);
    const unixSeconds = Number(own.unix_seconds);
    const known = this.#rowAhead;
    const isKnown = known?.serviceId === serviceId && known.unixSeconds === unixSeconds;
    return isKnown ? known : { serviceId, unixSeconds, sinceMs: monotonicMs() };
  }

  /** Leaves the row of this node to whoever comes next, at once. */
  async resign(): Promise<void> {
    await this.#connection.change(
      `UPDATE service_election SET last_seen_active = now() - INTERVAL 1 HOUR
        WHERE domain = ? AND service_id = ?`,
      [this.#identity.domain, this.#identity.serviceId],
    );
  }

  /** Says that this node is alive. */
  async register(): Promise<void> {
    const { serviceId, shareDomain, domain } = this.#identity;
    await this.#connection.change(
      `INSERT INTO service_health (service_id, domain, share_domain, last_seen_active)
        VALUES (?, ?, ?, now()) ON DUPLICATE KEY UPDATE domain = VALUES(domain),
        share_domain = VALUES(share_domain), last_seen_active = VALUES(last_seen_active)`,
      [serviceId, domain, shareDomain],
    );
  }

  /** The nodes of this domain that said so of late, this one among them. */
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
