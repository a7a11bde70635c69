/**
 * One memcached server: a connection by memjs, writes in flight bounded in number and in time,
 * back-off while it is away.
 */
import { lookup } from 'node:dns';
import { Client, Server } from 'memjs';
import { type Address, formatAddress } from '../../../base/address.js';
import { monotonicMs } from '../../../base/clock.js';
import { messageOf } from '../../../base/errors.js';
import type { Logger } from '../../../base/log.js';

/**
 * A write that is not answered after this is given up, and the connection with it: its value has
 * expired by then.
 */
const TIMEOUT_MS = 1_000;

/** Writes sent and not answered; those beyond are dropped. */
export const IN_FLIGHT_MAX = 256;

const PAUSE_FIRST_MS = 100;
const PAUSE_MAX_MS = 5_000;

/** Seconds until a value is gone. */
const EXPIRY_SECONDS = 1;

/**
 * memjs's own time-outs, which retire a connection in the middle of the next one: never before
 * ours.
 */
const MEMJS_TIMEOUT_SECONDS = 3_600;

/** Counted for all servers of a thread together. */
export interface WriteCounters {
  written: number;
  deleted: number;
  failed: number;
  dropped: number;
}

/** One connection, from its first write to its first failure. */
interface Link {
  readonly client: Client;
  readonly server: Server;
  /**
   * `monotonicMs()` of the sending of each write in flight, oldest first: answers come in the order
   * of the writes.
   */
  readonly sentAtMs: number[];
}

/**
 * Modes: idle (no link; the next write makes one) -> looking up -> linked -> away (after a failure,
 * until `#retryAtMs`) -> idle ... -> closed. Outside of linked, writes are dropped.
 */
export class MemcacheServer {
  readonly #address: Address;
  readonly #counters: WriteCounters;
  readonly #log: Logger;
  #link: Link | null = null;
  #lookingUp = false;
  #closed = false;
  #retryAtMs = 0;
  #failures = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(address: Address, counters: WriteCounters, log: Logger) {
    this.#address = address;
    this.#counters = counters;
    this.#log = log;
  }

  set(key: string, value: string): void {
    const link = this.#ready();
    link?.client.set(key, value, { expires: EXPIRY_SECONDS }, (error) => {
      if (this.#answered(link, error)) this.#counters.written++;
    });
  }

  delete(key: string): void {
    const link = this.#ready();
    link?.client.delete(key, (error) => {
      if (this.#answered(link, error)) this.#counters.deleted++;
    });
  }

  close(): void {
    this.#closed = true;
    this.#drop('closed');
  }

  /**
   * The link, with the write to come already counted as in flight; null when that write is dropped.
   */
  #ready(): Link | null {
    if (this.#link === null) this.#lookUp();
    const link = this.#link;
    if (link === null || link.sentAtMs.length >= IN_FLIGHT_MAX) {
      this.#counters.dropped++;
      return null;
    }
    link.sentAtMs.push(monotonicMs());
    this.#timer ??= setTimeout(() => this.#expire(), TIMEOUT_MS);
    return link;
  }

  /**
   * The name is looked up here, once at a time and however long that takes, so that a name server
   * that hangs holds one of the threads that look-ups share with the rest of the process, and not
   * one more with each attempt.
   */
  #lookUp(): void {
    if (this.#closed || this.#lookingUp || monotonicMs() < this.#retryAtMs) return;
    this.#lookingUp = true;
    lookup(this.#address.host, (error, ip) => {
      this.#lookingUp = false;
      if (this.#closed) return;
      if (error === null) this.#begin(newLink(ip, this.#address.port));
      else this.#away(messageOf(error));
    });
  }

  /**
   * A connection that the other side closes is a failure: memjs would make another for each write,
   * and tell nobody.
   */
  #begin(link: Link): void {
    this.#link = link;
    link.server.onConnect((socket) => {
      socket.once('close', () => {
        if (link === this.#link) this.#fail('it has closed the connection');
      });
    });
  }

  /** Whether the server did what was asked. The first failure gives up on all that is in flight. */
  #answered(link: Link, error: unknown): boolean {
    if (link !== this.#link) return false;
    if (error !== null && error !== undefined) {
      this.#fail(messageOf(error));
      return false;
    }
    link.sentAtMs.shift();
    if (this.#failures > 0) {
      this.#failures = 0;
      this.#log.warn({ server: formatAddress(this.#address) }, 'memcached is written to again');
    }
    return true;
  }

  #expire(): void {
    this.#timer = undefined;
    const oldest = this.#link?.sentAtMs[0];
    if (oldest === undefined) return;
    const leftMs = oldest + TIMEOUT_MS - monotonicMs();
    if (leftMs > 0) this.#timer = setTimeout(() => this.#expire(), leftMs);
    else this.#fail(`no answer within ${TIMEOUT_MS} ms`);
  }

  #fail(reason: string): void {
    this.#counters.failed += this.#link?.sentAtMs.length ?? 0;
    this.#drop(reason);
    this.#away(reason);
  }

  #drop(reason: string): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const link = this.#link;
    this.#link = null;
    // Destroys the socket and calls back for all that is in flight; those answers find another
    // link.
    link?.server.error(new Error(reason));
  }

  #away(reason: string): void {
    const pauseMs = Math.min(PAUSE_MAX_MS, PAUSE_FIRST_MS * 2 ** this.#failures);
    this.#retryAtMs = monotonicMs() + pauseMs;
    if (this.#failures++ > 0) return;
    const server = formatAddress(this.#address);
    this.#log.warn({ server, error: reason }, 'memcached cannot be written to');
  }
}

/**
 * A server object of memjs serves one connection only: with its second, the end of the first one
 * takes it down.
 */
function newLink(ip: string, port: number): Link {
  const options = { timeout: MEMJS_TIMEOUT_SECONDS, conntimeout: MEMJS_TIMEOUT_SECONDS };
  const server = new Server(ip, port, undefined, undefined, options);
  const client = new Client([server], { retries: 1, logger: { log: () => undefined } });
  return { client, server, sentAtMs: [] };
}
