/** TLS for the engine on node:http: its options from the files, and who a client is. */
import { constants } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import type { SecureContextOptions, TLSSocket } from 'node:tls';
import { FrenoError, messageOf } from '../../../base/errors.js';
import type { ListenTlsSettings } from '../../../contracts/http.js';

/** Reads the files. Throws `RESOURCE`, naming the key, when one cannot be read. */
export function secureContext(tls: ListenTlsSettings): SecureContextOptions {
  const ofClients = {
    ca: tls.clientCaFile === '' ? undefined : readText('ClientCAFile', tls.clientCaFile),
    // A session that is resumed would count a certificate that has expired since.
    secureOptions: constants.SSL_OP_NO_TICKET,
  };
  return {
    cert: readText('CertFile', tls.certFile),
    key: readText('KeyFile', tls.keyFile),
    ...(tls.clientCaFile !== '' && ofClients),
    minVersion: tls.minVersion,
  };
}

function readText(key: string, name: string): string {
  try {
    return readFileSync(name, 'utf8');
  } catch (thrown) {
    throw new FrenoError('RESOURCE', `ListenTLS.${key}: ${messageOf(thrown)}`, { cause: thrown });
  }
}

/** The clients of a server, by their connections: from the end of the handshake on. */
export class ClientCertificates {
  readonly #names = new WeakMap<Socket, string>();

  /** A client that shows a certificate which does not verify loses the connection. */
  connected(socket: TLSSocket): void {
    const certificate = socket.getPeerCertificate();
    // Empty when the client is not asked for one or shows none; its type says otherwise.
    if (certificate.subject === undefined) this.#names.set(socket, '');
    else if (socket.authorized) this.#names.set(socket, nameIn(certificate));
    else socket.destroy();
  }

  isConnected(socket: Socket): boolean {
    return this.#names.has(socket);
  }

  /** Empty: it has shown none. */
  nameOf(socket: Socket): string {
    return this.#names.get(socket) ?? '';
  }
}

interface NamedCertificate {
  readonly subject: { readonly CN?: string | string[] };
  readonly subjectaltname?: string | undefined;
}

/** The common name of the subject; without one, the first DNS name. */
function nameIn({ subject, subjectaltname = '' }: NamedCertificate): string {
  const { CN } = subject;
  const common = typeof CN === 'string' ? CN : CN?.[0];
  return common || (/(?:^|, )DNS:([^,"]+)/.exec(subjectaltname)?.[1] ?? '');
}
