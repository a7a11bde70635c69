/**
 * TLS between nodes, in which both sides show a certificate.
 *
 * Each side verifies the chain by the authorities in `CAFile`, and that the certificate is that of
 * the node which the other side says it is: by the host of its address in `RaftNodes`, or by its
 * name in `Names`. So the certificate of one member does not do for another one.
 *
 * The handshake itself refuses no certificate: the reason would be an alert, which names neither
 * the node nor what is wrong. It is refused before anything that came over the connection counts.
 */
import { constants } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isIP, type Socket } from 'node:net';
import {
  checkServerIdentity,
  connect,
  createSecureContext,
  createServer,
  type SecureContextOptions,
  type Server,
  TLSSocket,
} from 'node:tls';
import { parseAddress } from '../../../base/address.js';
import { FrenoError, messageOf } from '../../../base/errors.js';
import type { PeerProofMode } from '../../../config/raft-secret.js';
import type { RaftTlsSettings } from '../../../config/raft-tls.js';
import type { NodeId } from '../core/types.js';
import { shown } from './identity.js';

/** As long as a stranger may stay. */
const HANDSHAKE_TIMEOUT_MS = 1000;

/** The first byte of a ClientHello: a TLS record of a handshake (RFC 8446, section 5.1). */
const HANDSHAKE_RECORD = 0x16;

export const NO_TLS = 'its connection is not encrypted (RaftTLS)';

const UNKNOWN_AUTHORITY = 'its certificate is not signed by an authority in RaftTLS.CAFile';

/** What OpenSSL finds in a chain: X509_V_ERR_… in its manual, x509_verify_cert_error_string(3). */
const FAULTS: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'its certificate, or that of its authority, has expired',
  CERT_NOT_YET_VALID: 'its certificate, or that of its authority, is not yet valid',
  UNABLE_TO_GET_ISSUER_CERT: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_AUTHORITY,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_AUTHORITY,
  SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_AUTHORITY,
  DEPTH_ZERO_SELF_SIGNED_CERT: UNKNOWN_AUTHORITY,
  CERT_SIGNATURE_FAILURE: UNKNOWN_AUTHORITY,
  INVALID_PURPOSE: 'its certificate is not for both ends of a connection (extendedKeyUsage)',
};

interface PendingHandshake {
  secured(socket: TLSSocket): void;
  failed(reason: string): void;
}

export class PeerTls {
  readonly #settings: RaftTlsSettings;
  #options: SecureContextOptions;
  readonly #server: Server;
  /** By the address and port of the other side. As many as strangers: see `PeerListener`. */
  readonly #pending = new Map<string, PendingHandshake>();

  private constructor(settings: RaftTlsSettings, options: SecureContextOptions) {
    this.#settings = settings;
    this.#options = options;
    const policy = { requestCert: true, rejectUnauthorized: false };
    this.#server = createServer({ ...options, ...policy, handshakeTimeout: HANDSHAKE_TIMEOUT_MS });
    this.#server.on('secureConnection', (socket) => {
      const pending = this.#taken(socket);
      if (pending === undefined) socket.destroy();
      else pending.secured(socket);
    });
    this.#server.on('tlsClientError', (error, socket) => {
      this.#taken(socket)?.failed(`TLS failed: ${messageOf(error)}`);
      socket.destroy();
    });
  }

  /** Rejects with `CONFIG`. */
  static async read(settings: RaftTlsSettings): Promise<PeerTls> {
    return new PeerTls(settings, await readOptions(settings));
  }

  /**
   * Reads the files again; what it resolves with puts them in force for new connections. Rejects
   * with `CONFIG`.
   */
  async prepare(): Promise<() => void> {
    const options = await readOptions(this.#settings);
    return () => {
      this.#options = options;
      this.#server.setSecureContext(options);
    };
  }

  get mode(): PeerProofMode {
    return this.#settings.mode;
  }

  /** Whether what arrives first on a connection is TLS: no frame begins like that. */
  static isHello(chunk: Buffer): boolean {
    return chunk[0] === HANDSHAKE_RECORD;
  }

  /** Over a socket that is connected to a peer. Judge the certificate at 'secureConnect'. */
  dialled(socket: Socket, peer: NodeId): TLSSocket {
    const { host } = parseAddress(peer, 0)!;
    return connect({
      ...this.#options,
      socket,
      ...(isIP(host) === 0 && { servername: host }),
      rejectUnauthorized: false,
      checkServerIdentity: () => undefined,
    });
  }

  /** Takes over a socket that was accepted; what has arrived must be unshifted. */
  accept(socket: Socket, pending: PendingHandshake): void {
    const key = endpointOf(socket);
    this.#pending.set(key, pending);
    socket.on('close', () => {
      if (this.#pending.get(key) === pending) this.#pending.delete(key);
    });
    this.#server.emit('connection', socket);
  }

  /** Why the other side of a connection is not surely that node; null: it is. */
  doubtOf(socket: TLSSocket, node: NodeId): string | null {
    const certificate = socket.getPeerCertificate();
    if (certificate === null || Object.keys(certificate).length === 0) {
      return 'it has no certificate';
    }
    if (!socket.authorized) {
      const code = String(socket.authorizationError);
      return FAULTS[code] ?? `its certificate is not valid: ${code}`;
    }
    const expected = this.#settings.names.get(node) ?? parseAddress(node, 0)?.host ?? node;
    if (checkServerIdentity(expected, certificate) === undefined) return null;
    const names = certificate.subjectaltname ?? `CN=${String(certificate.subject?.CN)}`;
    return `its certificate is for ${shown(names)}, not for ${shown(expected)} (RaftTLS.Names)`;
  }

  #taken(socket: TLSSocket): PendingHandshake | undefined {
    const key = endpointOf(socket);
    const pending = this.#pending.get(key);
    this.#pending.delete(key);
    return pending;
  }
}

/** Whether a connection is encrypted. */
export function isEncrypted(socket: Socket): socket is TLSSocket {
  return socket instanceof TLSSocket;
}

function endpointOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}

/**
 * Nodes of one cluster have all TLS 1.3, in which certificates are encrypted. No resumption: it
 * would skip the verification of a certificate whose authority was removed since.
 */
async function readOptions(settings: RaftTlsSettings): Promise<SecureContextOptions> {
  const { caFile, certFile, keyFile } = settings;
  try {
    const [ca, cert, key] = await Promise.all([caFile, certFile, keyFile].map((f) => readFile(f)));
    const options = { ca, cert, key, minVersion: 'TLSv1.3' as const };
    const secured = { ...options, secureOptions: constants.SSL_OP_NO_TICKET };
    createSecureContext(secured);
    return secured;
  } catch (error) {
    throw new FrenoError('CONFIG', `RaftTLS: ${messageOf(error)}`, { cause: error });
  }
}
