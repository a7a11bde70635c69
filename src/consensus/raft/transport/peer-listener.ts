/**
 * The incoming connections from peers: handshake, checks, reading.
 *
 * Until a connection has named itself as a peer in a valid hello, and has proved it where this node
 * asks for a proof, it is a stranger: see unidentified-connections.ts and peer-secrets.ts.
 */
import { createServer, type Server, type Socket } from 'node:net';
import type { Address } from '../../../base/address.js';
import { FrenoError, messageOf } from '../../../base/errors.js';
import { FEATURE_CRC32C, FEATURE_TLS } from '../codec/features.js';
import {
  decodeHello,
  decodeProof,
  encodeWelcome,
  type Greeting,
  type Hello,
  isPing,
  PROTOCOL_VERSION,
} from '../codec/handshake.js';
import { copyOf, protocolError } from '../codec/wire.js';
import type { NodeId } from '../core/types.js';
import { ChecksumError, FRAME_BYTES_MAX, FrameError, FrameReader, frameOf } from './frame.js';
import type { HandshakeBudget } from './handshake-budget.js';
import { mismatch, type PeerAdmission, shown } from './identity.js';
import type { PeerAddresses } from './peer-addresses.js';
import { PeerConnections } from './peer-connections.js';
import type { PeerCounters } from './peer-counters.js';
import type { PeerCredentials } from './peer-credentials.js';
import { isNonce, NO_PROOF, type PeerSecrets, WRONG_PROOF } from './peer-secrets.js';
import { isEncrypted, NO_TLS, PeerTls } from './peer-tls.js';
import { Pongs } from './pongs.js';
import { type StrangerFault, UnidentifiedConnections } from './unidentified-connections.js';

/** A live peer pings several times a second. */
const IDLE_TIMEOUT_MS = 10_000;

/** Bytes of a frame before the hello was accepted. */
const HELLO_BYTES_MAX = 4 * 1024;

export interface PeerListenerOptions {
  readonly self: NodeId;
  readonly clusterName: string;
  readonly bind: Address;
  readonly peers: ReadonlySet<NodeId>;
  readonly admission: PeerAdmission;
  readonly counters: PeerCounters;
  readonly credentials: PeerCredentials;
  readonly peerAddresses: PeerAddresses;
  readonly tlsHandshakes: HandshakeBudget;
  /** Throws `PROTOCOL` for an invalid message; the connection is then closed. */
  receive(from: NodeId, body: Uint8Array): void;
  /**
   * This peer has connected and was accepted. `doubt`: why it is not sure who it is, where a proof
   * is configured and not required.
   */
  onPeer(peer: NodeId, greeting: Greeting, doubt: string | null): void;
  /**
   * A connection was refused, or closed for what it sent. `remote` is the peer's name, or the
   * address (without port) while that is unknown. `kind`: for the log, which has one line a minute
   * for each remote and kind.
   */
  onRefused(remote: string, kind: RefusalKind, reason: string): void;
  /** A connection could not be taken from the system, which has no descriptors for instance. */
  onAcceptFailed(reason: string): void;
}

type RefusalKind =
  | StrangerFault
  | FrameError['kind']
  | 'greeting'
  | 'identity'
  | 'proof'
  | 'budget'
  | 'name'
  | 'message';

/** Why a connection is not surely that of a peer; null: it is, or nothing is configured. */
interface Doubts {
  readonly tls: TlsDoubt;
  readonly secret: string | null;
}

interface TlsDoubt {
  readonly text: string | null;
  readonly isRefused: boolean;
}

interface Incoming {
  readonly socket: Socket;
  /** The same, or TLS over it. */
  readonly stream: Socket;
  readonly remote: string;
}

const expulsions: Record<StrangerFault, string> = {
  timeout: 'it did not say in time which node it is',
  room: 'too many connections did not say yet which node they are; the oldest was closed',
};

export class PeerListener {
  readonly #options: PeerListenerOptions;
  readonly #server: Server;
  readonly #peers = new PeerConnections();
  readonly #strangers: UnidentifiedConnections;

  constructor(options: PeerListenerOptions) {
    this.#options = options;
    this.#strangers = new UnidentifiedConnections(options.peerAddresses, (address, fault) =>
      options.onRefused(address, fault, expulsions[fault]),
    );
    this.#server = createServer({ noDelay: true }, (socket) => this.#accept(socket));
  }

  /** Rejects with `RESOURCE` when the address cannot be bound. */
  start(): Promise<void> {
    const { host, port } = this.#options.bind;
    return new Promise((resolve, reject) => {
      const failed = (error: Error): void =>
        reject(new FrenoError('RESOURCE', `RaftBind: ${messageOf(error)}`, { cause: error }));
      this.#server.once('error', failed);
      this.#server.listen({ host, port, exclusive: true }, () => {
        this.#server.off('error', failed);
        this.#server.on('error', (error) => this.#options.onAcceptFailed(messageOf(error)));
        resolve();
      });
    });
  }

  /** As `PeerConnections.heardAtMs`. */
  heardAtMs(peer: NodeId): number | null {
    return this.#peers.heardAtMs(peer);
  }

  /** Closes all connections. */
  async stop(): Promise<void> {
    for (const socket of [...this.#strangers.sockets, ...this.#peers.sockets]) socket.destroy();
    if (!this.#server.listening) return;
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
  }

  #accept(socket: Socket): void {
    const remote = `${socket.remoteAddress}`;
    this.#strangers.add(socket, remote);
    // 'close' follows and does the clean-up.
    socket.on('error', () => {});
    const { tls } = this.#options.credentials;
    if (tls === null) this.#serve(socket, socket, remote);
    else socket.once('data', (chunk) => this.#onFirst(socket, remote, chunk, tls));
  }

  /** TLS and plain connections come to one port. */
  #onFirst(socket: Socket, remote: string, chunk: Buffer, tls: PeerTls): void {
    const { onRefused, tlsHandshakes } = this.#options;
    // What has arrived is read again, by the one that it is for.
    socket.pause();
    socket.unshift(chunk);
    if (!PeerTls.isHello(chunk)) {
      this.#serve(socket, socket, remote);
      socket.resume();
    } else if (tlsHandshakes.take(remote)) {
      tls.accept(socket, {
        secured: (stream) => this.#serve(socket, stream, remote),
        failed: (reason) => onRefused(remote, 'TLS', reason),
      });
    } else {
      onRefused(remote, 'budget', 'too many connections of strangers ask for TLS');
      socket.destroy();
    }
  }

  /** `socket` holds a place among the strangers; `stream` is the same, or TLS over it. */
  #serve(socket: Socket, stream: Socket, remote: string): void {
    const connection = { socket, stream, remote };
    stream.on('error', () => {});
    let peer: NodeId | null = null;
    let pongs: Pongs | null = null;
    const onMessage = (body: Buffer): void => {
      if (isPing(body)) pongs?.pinged();
      else if (peer !== null) this.#options.receive(peer, body);
    };
    const onIdentified = (hello: Hello, doubts: Doubts): void => {
      peer = this.#handshake(connection, hello, doubts);
      if (peer !== null) reader.bodyBytesMax = FRAME_BYTES_MAX;
      reader.isChecksummed = hello.features.includes(FEATURE_CRC32C);
      pongs = new Pongs(stream, reader.isChecksummed);
      onBody = onMessage;
    };
    let onBody = (body: Buffer): void => {
      const hello = decodeHello(body);
      const { secrets } = this.#options.credentials;
      const tls = this.#tlsDoubt(stream, hello);
      if (secrets === null || hello.nonce.length === 0 || tls.isRefused) {
        onIdentified(hello, { tls, secret: secrets === null ? null : NO_PROOF });
      } else {
        const isProof = this.#challenge(stream, hello, body, secrets);
        onBody = (next) => {
          onIdentified(hello, { tls, secret: isProof(decodeProof(next)) ? null : WRONG_PROOF });
        };
      }
    };
    const reader = new FrameReader((body) => onBody(body), HELLO_BYTES_MAX);
    stream.on('data', (chunk) => {
      try {
        if (stream.destroyed) return;
        reader.push(chunk);
        if (peer !== null) pongs?.flush();
      } catch (error) {
        if (!(error instanceof FrenoError)) throw error;
        if (error instanceof ChecksumError) this.#options.counters.checksumErrors += 1;
        const kind = error instanceof FrameError ? error.kind : peer ? 'message' : 'greeting';
        this.#options.onRefused(peer ?? remote, kind, messageOf(error));
        stream.destroy();
      }
    });
  }

  #tlsDoubt(stream: Socket, hello: Hello): TlsDoubt {
    const { tls } = this.#options.credentials;
    if (tls === null) return { text: null, isRefused: false };
    if (!isEncrypted(stream)) return { text: NO_TLS, isRefused: tls.mode === 'require' };
    // In the mode "accept" the other side then comes without TLS.
    const text = tls.doubtOf(stream, hello.from);
    return { text, isRefused: text !== null };
  }

  /** Proves the secret to the sender of a hello; returns what judges its proof. */
  #challenge(
    stream: Socket,
    hello: Hello,
    body: Buffer,
    secrets: PeerSecrets,
  ): (proof: Uint8Array) => boolean {
    if (!isNonce(hello.nonce)) throw protocolError('a hello with a nonce of another length');
    const nonce = secrets.nonce();
    const challenge = { prover: hello.from, hello: copyOf(body), nonce };
    const proof = secrets.proof('listening', { ...challenge, prover: this.#options.self });
    stream.write(frameOf(encodeWelcome({ ...echoOf(hello), refusal: '', nonce, proof })));
    return (theirs) => secrets.isProof(theirs, 'dialling', challenge);
  }

  /**
   * Responds to the hello; returns the peer's name, or null when it is refused.
   */
  #handshake(connection: Incoming, hello: Hello, doubts: Doubts): NodeId | null {
    const { self, clusterName, credentials } = this.#options;
    const { stream, remote } = connection;
    const refused = doubts.tls.isRefused ? doubts.tls.text : null;
    const unproven = credentials.secrets?.mode === 'require' ? doubts.secret : null;
    if (refused !== null || unproven !== null) {
      this.#refuseUnproven(stream, remote, hello, refused ?? unproven!);
      return null;
    }
    const misfit = this.#refusalOf(hello);
    const refusal = misfit ?? this.#peers.refusalOf(stream, hello);
    const identity = { protocolVersion: PROTOCOL_VERSION, clusterName, node: self };
    const greeting = this.#options.admission.own();
    const welcome = frameOf(encodeWelcome({ ...identity, ...greeting, refusal: refusal ?? '' }));
    if (refusal !== null) {
      const kind = misfit === null ? 'name' : 'identity';
      this.#options.onRefused(remote, kind, `node ${shown(hello.from)}: ${refusal}`);
      stream.end(welcome);
      return null;
    }
    stream.write(welcome);
    this.#accepted(connection, hello, doubts.tls.text ?? doubts.secret);
    return hello.from;
  }

  /** It learns nothing of this node but the reason, and whether it may try TLS. */
  #refuseUnproven(stream: Socket, remote: string, hello: Hello, reason: string): void {
    const { counters, peers, onRefused, credentials } = this.#options;
    counters.refusedProofs += 1;
    if (peers.has(hello.from)) counters.proofRefused(hello.from, remote, reason);
    onRefused(remote, 'proof', `node ${shown(hello.from)}: ${reason}`);
    const features = credentials.tls === null ? [] : [FEATURE_TLS];
    stream.end(frameOf(encodeWelcome({ ...echoOf(hello), features, refusal: reason })));
  }

  #refusalOf(hello: Hello): string | null {
    const { protocolVersion, clusterName, from, to } = hello;
    const { self, peers, clusterName: ours } = this.#options;
    const theirs = { protocolVersion, clusterName, node: from };
    const expected = { protocolVersion: PROTOCOL_VERSION, clusterName: ours, node: from };
    const refusal = mismatch(theirs, expected);
    if (refusal !== null) return refusal;
    if (to !== self) return `it looks for node ${shown(to)}, this is ${self}`;
    if (!peers.has(from)) return `it is not among RaftNodes of ${self}`;
    return this.#options.admission.refusalOf(from, hello);
  }

  #accepted({ socket, stream }: Incoming, hello: Hello, doubt: string | null): void {
    this.#options.counters.accepted('from', hello.from, doubt === null);
    this.#strangers.remove(socket);
    this.#peers.add(stream, hello);
    stream.setTimeout(IDLE_TIMEOUT_MS, () => stream.destroy());
    // One that takes TLS itself learns by this connection that this node does, and comes again.
    const isComing = doubt === NO_TLS && hello.features.includes(FEATURE_TLS);
    this.#options.onPeer(hello.from, hello, isComing ? null : doubt);
  }
}

/** The identity that the sender of a hello expects: nothing that it does not know. */
function echoOf({ clusterName, to }: Hello) {
  return { protocolVersion: PROTOCOL_VERSION, clusterName, node: to };
}
