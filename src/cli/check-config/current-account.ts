/** The account by which a server knows a login: a grant names it. */
import type { LookupFunction } from 'node:net';
import type { Connection, QueryError } from 'mysql2';
import { monotonicMs } from '../../base/clock.js';
import { dial, drop, type Endpoint, type Login, logIn, quit } from '../../base/mysql/connection.js';

const TIMEOUT_MS = 2_000;

/** `freno@10.0.0.%`; the name of the user if the server does not say. */
export function currentAccount(
  endpoint: Endpoint,
  login: Login,
  lookup: LookupFunction,
): Promise<string> {
  return new Promise((resolve) => {
    const socket = dial(endpoint, lookup);
    let connection: Connection | null = null;
    const deadline = setTimeout(() => failed(), TIMEOUT_MS);
    const failed = (): void => {
      clearTimeout(deadline);
      drop(socket, connection);
      resolve(login.user);
    };
    socket.once('error', failed);
    socket.once('connect', () => {
      connection = logIn(socket, endpoint, login, monotonicMs());
      connection.on('error', failed);
      connection.query('SELECT CURRENT_USER()', (error: QueryError | null, rows: unknown) => {
        if (error !== null) return failed();
        clearTimeout(deadline);
        quit(socket, connection!);
        resolve(String((rows as readonly unknown[][])[0]?.[0] ?? login.user));
      });
    });
  });
}
