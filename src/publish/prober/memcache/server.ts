/**
 * One memcached server: a connection, writes in flight bounded in number and in time, and a backoff
 * while the server is unavailable.
 *
 * The protocol is memcached's text protocol: the binary one is deprecated, and proxies (mcrouter,
 * twemproxy) and servers started with `-B ascii` refuse it. Of the package `memcache` only the
 * connection of one server is used (`MemcacheNode`): its client for several servers chooses the
 * server by another rule than the original, and connects again by itself.
 *
 * Values expire after a second, so a write that cannot be sent now is dropped, never queued: a
 * newer value follows within milliseconds.
 */
import { lookup } from 'node:dns';
import { MemcacheNode } from 'memcache';
import { type Address, formatAddress } from '../../../base/address.js';
import { Backoff } from '../../../base/backoff.js';
import { monotonicMs } from '../../../base/clock.js';
import { messageOf } from '../../../base/errors.js';
import type { Logger } from '../../../base/log.js';
import type { TlsClient } from '../../../base/tls-client.js';
import { encrypt } from './encrypt.js';

/**
 * A write without a response fails after this, and the connection with it: its value has expired
 * by then.
 */
const TIMEOUT_MS = 1_000;

/** Most writes in flight; those beyond are dropped. */
export const IN_FLIGHT_MAX = 256;

/** Of a response in a log line. */
const RESPONSE_CHARS_MAX = 80;

/** Bytes beyond the responses that are due: a server that sends more is none. */
const RESPONSE_BYTES_MAX = 16 * 1024;

/** Seconds until memcached expires a value. */
const EXPIRY_SECONDS = 1;

/** Responses to a write that is in force. A deleted key may have expired before. */
const STORED = 'STORED';
const DELETED: readonly unknown[] = ['DELETED', 'NOT_FOUND'];

/** Counted for all servers of a thread together. */
export interface WriteCounters {
  written: number;
  deleted: number;
  failed: number;
  dropped: number;
}

/** One connection, from its attempt to its first failure. */
interface MemcacheConnection {
  readonly node: MemcacheNode;
  /** Whether it may be written to: over TLS, the server has proved who it is. */
  isReady: boolean;
  /**
   * When each write in flight was sent (`monotonicMs()`), oldest first: responses arrive in the
   * order of the writes.
   */
  readonly sentAtMs: number[];
  /** Received since a write was acknowledged last. */
  bytes: number;
}

/**
 * Modes: idle (the next write connects) -> looking up -> connecting -> connected -> unavailable
 * (after a failure, until `#retryAtMs`) -> idle ... -> closed. Writes are dropped unless it is
 * connected.
 */
export class MemcacheServer {
  readonly #address: Address;
  /** Null: not encrypted. */
  readonly #tls: TlsClient | null;
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

  constructor(address: Address, tls: TlsClient | null, counters: WriteCounters, log: Logger) {
    this.#address = address;
    this.#tls = tls;
    this.#counters = counters;
    this.#log = log;
  }

  /** The value is of ASCII characters. */
  set(key: string, value: string): void {
    const command = `set ${key} 0 ${EXPIRY_SECONDS} ${value.length}\r\n${value}`;
    this.#write(command, (response) => {
      if (response === STORED) this.#counters.written++;
      return response === STORED;
    });
  }

  delete(key: string): void {
    this.#write(`delete ${key}`, (response) => {
      const isDeleted = DELETED.includes(response);
      if (isDeleted) this.#counters.deleted++;
      return isDeleted;
    });
  }

  close(): void {
    this.#closed = true;
    this.#disconnect();
  }

  /** `accept` counts a write by its response; false: the write has failed. */
  #write(command: string, accept: (response: unknown) => boolean): void {
    if (this.#connection === null) this.#lookUp();
    const connection = this.#connection;
    const isFull = (connection?.sentAtMs.length ?? 0) >= IN_FLIGHT_MAX;
    if (!connection?.isReady || !connection.node.isConnected() || isFull) {
      this.#counters.dropped++;
      return;
    }
    connection.sentAtMs.push(monotonicMs());
    this.#timer ??= setTimeout(() => this.#expire(), TIMEOUT_MS);
    // Responses of a connection that was given up arrive as errors, and are not counted again.
    connection.node.command(command).then(
      (response) => {
        if (connection !== this.#connection) return;
        if (accept(response)) this.#acknowledged(connection);
        else this.#fail(`unexpected response "${String(response).slice(0, RESPONSE_CHARS_MAX)}"`);
      },
      (error: unknown) => {
        if (connection === this.#connection) this.#fail(messageOf(error));
      },
    );
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
      if (error === null) this.#connect(ip);
      else this.#unavailable(messageOf(error));
    });
  }

  /** An attempt that takes too long fails by the time-out of the node. */
  #connect(ip: string): void {
    const node = new MemcacheNode(ip, this.#address.port, { timeout: TIMEOUT_MS });
    const connection: MemcacheConnection = { node, isReady: false, sentAtMs: [], bytes: 0 };
    this.#connection = connection;
    const fail = (reason: string): void => {
      if (connection === this.#connection) this.#fail(reason);
    };
    node.on('error', (error: unknown) => fail(messageOf(error)));
    node.on('close', () => fail('the server closed the connection'));
    this.#open(node, fail).then(
      // From here on the node's time-out would close a connection that is only idle.
      () => {
        node.socket?.setTimeout(0);
        connection.isReady = true;
        // Before the library reads them.
        node.socket?.prependListener('data', (chunk: Buffer) => {
          connection.bytes += chunk.length;
          if (connection.bytes > RESPONSE_BYTES_MAX) fail('it sends without end');
        });
      },
      (error: unknown) => fail(messageOf(error)),
    );
  }

  async #open(node: MemcacheNode, fail: (reason: string) => void): Promise<void> {
    await node.connect();
    if (this.#tls === null || node.socket === undefined) return;
    const options = this.#tls.optionsFor(this.#address.host);
    await encrypt(node.socket, options, (error) => fail(messageOf(error)));
  }

  /** Responses arrive in the order of the writes. */
  #acknowledged(connection: MemcacheConnection): void {
    connection.sentAtMs.shift();
    connection.bytes = 0;
    if (this.#backoff.failures === 0) return;
    this.#backoff.succeeded();
    this.#log.warn({ server: formatAddress(this.#address) }, 'memcached is available again');
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
    this.#disconnect();
    this.#unavailable(reason);
  }

  #disconnect(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const connection = this.#connection;
    this.#connection = null;
    // Destroys the socket and rejects all writes in flight; these are ignored, since the connection
    // is no longer the current one.
    void connection?.node.disconnect();
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
