/** How a connection to a MySQL server is made: its socket, which can really be destroyed, and its encryption. */
import { readFile } from 'node:fs/promises';
import { connect, isIP, type Socket } from 'node:net';
import type { ConnectionOptions, SslOptions } from 'mysql2';
import { FrenoError, messageOf } from './errors.js';

/** Encryption towards a server. Files in PEM; an empty name: none. */
export interface TlsFiles {
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
  /** Name to verify instead of the host's; empty: the host's. */
  readonly serverName: string;
  readonly skipVerify: boolean;
}

export interface MySQLTransport {
  /** `destroy` it to end the connection: mysql2's own `destroy()` only closes its half, and waits for a server that may hang. */
  readonly socket: Socket;
  /** To be merged into the options of `createConnection`. */
  readonly options: ConnectionOptions;
}

/** Reads the files anew, so that renewed certificates count at the next connection. Rejects with `RESOURCE`, naming the file. */
export async function readTls(tls: TlsFiles): Promise<SslOptions> {
  const [ca, cert, key] = await Promise.all(
    [tls.caFile, tls.certFile, tls.keyFile].map((file) => readPem(file)),
  );
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    rejectUnauthorized: !tls.skipVerify,
    verifyIdentity: !tls.skipVerify,
  };
}

async function readPem(file: string): Promise<Buffer | undefined> {
  if (file === '') return undefined;
  try {
    return await readFile(file);
  } catch (error) {
    throw new FrenoError('RESOURCE', `TLS: cannot read ${file}: ${messageOf(error)}`);
  }
}

/** Begins to connect. `ssl` is null for a connection without encryption; `serverName` as in `TlsFiles`. */
export function mysqlTransport(
  host: string,
  port: number,
  ssl: SslOptions | null,
  serverName = '',
): MySQLTransport {
  const socket = connect({ host, port, noDelay: true, keepAlive: true });
  const verifiedName = serverName === '' ? host : serverName;
  // mysql2 names the server towards TLS by its option `host`, but not an address. Node then verifies the certificate
  // for the host that the socket says it is connected to, which it knows for names only, else for `localhost`.
  if (isIP(verifiedName) !== 0) Object.assign(socket, { _host: verifiedName });
  return {
    socket,
    options: {
      host: verifiedName,
      port,
      stream: () => socket,
      // Never send a local file, whatever the server asks for.
      flags: ['-LOCAL_FILES'],
      ...(ssl === null ? {} : { ssl }),
    },
  };
}
