/** What a probe reports of its connection. */
import type { MySQLFailure } from '../../../base/mysql/failure.js';

/** Receives what concerns the connection, and so all its metrics. */
export interface ConnectionListener {
  failed(failure: MySQLFailure, atMs: number): void;
  /** The server has refused settings of the session; the probe goes on without them. */
  sessionRefused(reason: string): void;
  /** A connection was made, to the server with that IP address. */
  connected(peer: string, atMs: number): void;
}
