/**
 * One memcached server: a connection by memjs, writes in flight bounded in number and in time, and
 * a backoff while the server is unavailable.
 *
 * Values expire after a second, so a write that cannot be sent now is dropped, never queued: a
 * newer value follows within milliseconds.
 */
import { lookup } from 'node:dns';
import { Client, Server } from 'memjs';
import { type Address, formatAddress } from '../../../base/address.js';
import { Backoff } from '../../../base/backoff.js';
import { monotonicMs } from '../../../base/clock.js';
import { messageOf } from '../../../base/errors.js';
import type { Logger } from '../../../base/log.js';

/**
 * A write without a response fails after this, and the connection with it: its value has expired
 * by then.
 */
const TIMEOUT_MS = 1_000;

/** Most writes in flight; those beyond are dropped. */
export const IN_FLIGHT_MAX = 256;

/** Seconds until memcached expires a value. */
const EXPIRY_SECONDS = 1;

/** memjs's own time-outs close a connection while the next one is in use: longer than ours. */
const MEMJS_TIMEOUT_SECONDS = 3_600;

/** Counted for all servers of a thread together. */
export interface WriteCounters {
  written: number;
  deleted: number;
  failed: number;
  dropped: number;
}

/** One connection, from its first write to its first failure. */
interface MemcacheConnection {
  readonly client: Client;
  readonly server: Server;
  /**
   * When each write in flight was sent (`monotonicMs()`), oldest first: responses arrive in the
   * order of the writes.
   */
  readonly sentAtMs: number[];
}

/**
 * Modes: idle (the next write connects) -> looking up -> connected -> unavailable (after a failure,
 * until `#retryAtMs`) -> idle ... -> closed. Writes are dropped unless it is connected.
 */
export class MemcacheServer {
  readonly #address: Address;
  readonly #counters: WriteCounters;
  readonly #log: Logger;
  #connection: MemcacheConnection | null = null;
  #lookingUp = false;
  #closed = false;
  #retryAtMs = 0;
  /**
   * No jitter: the clients of a memcached server are the few probe threads of the leader, and the
   * cost of a connection is small.
   */
  readonly #backoff = new Backoff({ firstMs: 100, maxMs: 5_000, jitter: 0 });
  #timer: NodeJS.Timeout | undefined;

  constructor(address: Address, counters: WriteCounters, log: Logger) {
    this.#address = address;
    this.#counters = counters;
    this.#log = log;
  }

  set(key: string, value: string): void {
    const connection = this.#connectionForWrite();
    connection?.client.set(key, value, { expires: EXPIRY_SECONDS }, (error) => {
      if (this.#acknowledged(connection, error)) this.#counters.written++;
    });
  }

  delete(key: string): void {
    const connection = this.#connectionForWrite();
    connection?.client.delete(key, (error) => {
      if (this.#acknowledged(connection, error)) this.#counters.deleted++;
    });
  }

  close(): void {
    this.#closed = true;
    this.#disconnect('closed');
  }

  /** The connection, with the next write counted as in flight; null when that write is dropped. */
  #connectionForWrite(): MemcacheConnection | null {
    if (this.#connection === null) this.#lookUp();
    const connection = this.#connection;
    if (connection === null || connection.sentAtMs.length >= IN_FLIGHT_MAX) {
      this.#counters.dropped++;
      return null;
    }
    connection.sentAtMs.push(monotonicMs());
    this.#timer ??= setTimeout(() => this.#expire(), TIMEOUT_MS);
    return connection;
  }

  /**
   * One look-up at a time, however long it takes: when the name server does not respond, it holds
   * one of the threads that look-ups share with the rest of the process, not one per attempt.
   */
  #lookUp(): void {
    if (this.#closed || this.#lookingUp || monotonicMs() < this.#retryAtMs) return;
    this.#lookingUp = true;
    lookup(this.#address.host, (error, ip) => {
      this.#lookingUp = false;
      if (this.#closed) return;
      if (error === null) this.#connected(newConnection(ip, this.#address.port));
      else this.#unavailable(messageOf(error));
    });
  }

  /**
   * A connection that the server closes is a failure: memjs would silently open another for each
   * write.
   */
  #connected(connection: MemcacheConnection): void {
    this.#connection = connection;
    connection.server.onConnect((socket) => {
      socket.once('close', () => {
        if (connection === this.#connection) this.#fail('the server closed the connection');
      });
    });
  }

  /** Whether the write succeeded. The first failure fails all writes in flight. */
  #acknowledged(connection: MemcacheConnection, error: unknown): boolean {
    if (connection !== this.#connection) return false;
    if (error !== null && error !== undefined) {
      this.#fail(messageOf(error));
      return false;
    }
    connection.sentAtMs.shift();
    if (this.#backoff.failures > 0) {
      this.#backoff.succeeded();
      this.#log.warn({ server: formatAddress(this.#address) }, 'memcached is available again');
    }
    return true;
  }

  #expire(): void {
    this.#timer = undefined;
    const oldest = this.#connection?.sentAtMs[0];
    if (oldest === undefined) return;
    const remainingMs = oldest + TIMEOUT_MS - monotonicMs();
    if (remainingMs > 0) this.#timer = setTimeout(() => this.#expire(), remainingMs);
    else this.#fail(`no response within ${TIMEOUT_MS} ms`);
  }

  #fail(reason: string): void {
    this.#counters.failed += this.#connection?.sentAtMs.length ?? 0;
    this.#disconnect(reason);
    this.#unavailable(reason);
  }

  #disconnect(reason: string): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const connection = this.#connection;
    this.#connection = null;
    // Destroys the socket and calls back for all writes in flight; `#acknowledged` ignores these,
    // since the connection is no longer the current one.
    connection?.server.error(new Error(reason));
  }

  #unavailable(reason: string): void {
    const isFirst = this.#backoff.failures === 0;
    this.#retryAtMs = monotonicMs() + this.#backoff.failed();
    if (!isFirst) return;
    const server = formatAddress(this.#address);
    this.#log.warn(
      { server, error: reason },
      'memcached is unavailable: values are not published there',
    );
  }
}

/**
 * A new server object of memjs for each connection: in one that connects again, the end of the
 * first connection closes the second.
 */
function newConnection(ip: string, port: number): MemcacheConnection {
  const options = { timeout: MEMJS_TIMEOUT_SECONDS, conntimeout: MEMJS_TIMEOUT_SECONDS };
  const server = new Server(ip, port, undefined, undefined, options);
  const client = new Client([server], { retries: 1, logger: { log: () => undefined } });
  return { client, server, sentAtMs: [] };
}
