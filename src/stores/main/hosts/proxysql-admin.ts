/**
 * A client of ProxySQL's admin interface, which speaks MySQL's protocol: reads the servers of a
 * host group from `stats_mysql_connection_pool` (ProxySQL, "Stats Tables").
 */
import type { LookupFunction } from 'node:net';
import type { Connection, QueryError } from 'mysql2';
import { formatAddress, isPort } from '../../../base/address.js';
import { monotonicMs } from '../../../base/clock.js';
import { messageOf } from '../../../base/errors.js';
import { LIST_HOSTS_MAX } from '../../../base/limits.js';
import { dial, drop, type Login, logIn, quit } from '../../../base/mysql/connection.js';
import {
  connectionFailure,
  dialFailure,
  dialTimeout,
  readTimeout,
} from '../../../base/mysql/failure.js';
import { type ResultRows, TextQuery } from '../../../base/mysql/text-query.js';
import type { ProbeTarget } from '../../../contracts/stores.js';
import { SOURCE_CONNECT_TIMEOUT_MS } from './host-source.js';

/** From the connection to the last row. */
const QUERY_TIMEOUT_MS = 2_000;

/** Some 40,000 servers. */
const RESPONSE_BYTES_MAX = 4 * 1024 * 1024;

/** A piece is parsed in well under a millisecond, and other work of the thread may follow. */
const READ_BYTES = 8 * 1024;

/** A row of `stats_mysql_connection_pool`. */
export interface PoolRow {
  readonly host: string;
  /** 0: not a valid port. */
  readonly port: number;
  readonly status: string;
}

/**
 * Runs the query once over a new connection, which is closed in any case. Rejects when there is no
 * result in time; the message names the address but no password.
 */
export async function readConnectionPool(
  admin: ProbeTarget,
  login: Login,
  hostgroupId: number,
  lookup: LookupFunction,
): Promise<PoolRow[]> {
  const query =
    'SELECT srv_host, srv_port, status FROM stats_mysql_connection_pool ' +
    `WHERE hostgroup=${hostgroupId}`;
  const rows = await runQuery(admin, login, query, lookup);
  const address = formatAddress(admin);
  if (rows === null) throw new Error(`${address}: the query returned no rows`);
  if (rows.length > LIST_HOSTS_MAX) {
    throw new Error(`${address}: ${rows.length} servers; ${LIST_HOSTS_MAX} are allowed`);
  }
  return rows.map(poolRow);
}

function runQuery(
  admin: ProbeTarget,
  login: Login,
  query: string,
  lookup: LookupFunction,
): Promise<ResultRows | null> {
  const address = formatAddress(admin);
  return new Promise((resolve, reject) => {
    let connection: Connection | null = null;
    const fail = (text: string): void => {
      clearTimeout(timer);
      drop(socket, connection);
      reject(new Error(text));
    };
    // A list of hosts must not delay the end of the process.
    const socket = dial(admin, lookup, READ_BYTES).unref();
    let timer = setTimeout(
      () => fail(dialTimeout(address).text),
      SOURCE_CONNECT_TIMEOUT_MS,
    ).unref();
    socket.once('error', (error) => {
      if (connection === null) fail(dialFailure(address, error).text);
    });
    socket.once('connect', () => {
      clearTimeout(timer);
      timer = setTimeout(() => fail(readTimeout(address).text), QUERY_TIMEOUT_MS).unref();
      let opened: Connection;
      try {
        opened = logIn(socket, admin, login, monotonicMs(), RESPONSE_BYTES_MAX);
      } catch (thrown) {
        fail(`${address}: ${messageOf(thrown)}`);
        return;
      }
      connection = opened;
      const lost = (error: QueryError): void => fail(connectionFailure(address, error).text);
      opened.on('error', lost);
      // The library's own query would compile a parser for as many columns as the server announces.
      opened.once('connect', () =>
        new TextQuery(opened, (error, rows) => {
          if (error !== null) {
            lost(error);
            return;
          }
          clearTimeout(timer);
          quit(socket, opened);
          resolve(rows);
        }).send(query),
      );
    });
  });
}

function poolRow([host, port, status]: readonly unknown[]): PoolRow {
  const number = Number(port ?? 0);
  return {
    host: String(host ?? ''),
    port: isPort(number) ? number : 0,
    status: String(status ?? ''),
  };
}
