/**
 * The incoming connections from peers: handshake, checks, reading.
 *
 * Until a connection has named itself as a peer in a valid hello, and has proved it where this node
 * asks for a proof, it is a stranger: see unidentified-connections.ts and peer-secrets.ts.
 */
import { createServer, type Server, type Socket } from 'node:net';
import type { Address } from '../../../base/address.js';
import { FrenoError, messageOf } from '../../../base/errors.js';
import { FEATURE_CRC32C } from '../codec/features.js';
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
import { mismatch, NODE_CHARACTERS_SHOWN, type PeerAdmission } from './identity.js';
import { PeerConnections } from './peer-connections.js';
import type { PeerCounters } from './peer-counters.js';
import { isNonce, NO_PROOF, type PeerSecrets, WRONG_PROOF } from './peer-secrets.js';
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
  /** Null: none is configured. */
  readonly secrets: PeerSecrets | null;
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
}

type RefusalKind =
  | StrangerFault
  | FrameError['kind']
  | 'greeting'
  | 'identity'
  | 'proof'
  | 'name'
  | 'message';

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
    this.#strangers = new UnidentifiedConnections((address, fault) =>
      options.onRefused(address, fault, expulsions[fault]),
    );
    this.#server = createServer({ noDelay: true }, (socket) => this.#accept(socket));
  }

  /** Rejects with `RESOURCE` when the address cannot be bound. */
  start(): Promise<void> {
    const { host, port } = this.#options.bind;
    return new Promise((resolve, reject) => {
      this.#server.once('error', (error) =>
        reject(new FrenoError('RESOURCE', `RaftBind: ${messageOf(error)}`, { cause: error })),
      );
      this.#server.listen({ host, port, exclusive: true }, () => resolve());
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
    let peer: NodeId | null = null;
    let pongs: Pongs | null = null;
    const onMessage = (body: Buffer): void => {
      if (isPing(body)) pongs?.pinged();
      else if (peer !== null) this.#options.receive(peer, body);
    };
    const onIdentified = (hello: Hello, doubt: string | null): void => {
      peer = this.#handshake(socket, remote, hello, doubt);
      if (peer !== null) reader.bodyBytesMax = FRAME_BYTES_MAX;
      reader.isChecksummed = hello.features.includes(FEATURE_CRC32C);
      pongs = new Pongs(socket, reader.isChecksummed);
      onBody = onMessage;
    };
    let onBody = (body: Buffer): void => {
      const hello = decodeHello(body);
      const { secrets } = this.#options;
      if (secrets === null || hello.nonce.length === 0) {
        onIdentified(hello, secrets === null ? null : NO_PROOF);
      } else {
        const isProof = this.#challenge(socket, hello, body, secrets);
        onBody = (next) => onIdentified(hello, isProof(decodeProof(next)) ? null : WRONG_PROOF);
      }
    };
    const reader = new FrameReader((body) => onBody(body), HELLO_BYTES_MAX);
    socket.on('data', (chunk) => {
      try {
        if (socket.destroyed) return;
        reader.push(chunk);
        if (peer !== null) pongs?.flush();
      } catch (error) {
        if (!(error instanceof FrenoError)) throw error;
        if (error instanceof ChecksumError) this.#options.counters.checksumErrors += 1;
        const kind = error instanceof FrameError ? error.kind : peer ? 'message' : 'greeting';
        this.#options.onRefused(peer ?? remote, kind, messageOf(error));
        socket.destroy();
      }
    });
  }

  /** Proves the secret to the sender of a hello; returns what judges its proof. */
  #challenge(
    socket: Socket,
    hello: Hello,
    body: Buffer,
    secrets: PeerSecrets,
  ): (proof: Uint8Array) => boolean {
    if (!isNonce(hello.nonce)) throw protocolError('a hello with a nonce of another length');
    const nonce = secrets.nonce();
    const challenge = { prover: hello.from, hello: copyOf(body), nonce };
    const proof = secrets.proof('listening', { ...challenge, prover: this.#options.self });
    socket.write(frameOf(encodeWelcome({ ...echoOf(hello), refusal: '', nonce, proof })));
    return (theirs) => secrets.isProof(theirs, 'dialling', challenge);
  }

  /**
   * Responds to the hello; returns the peer's name, or null when it is refused. `doubt`: why the
   * secret is not proved.
   */
  #handshake(socket: Socket, remote: string, hello: Hello, doubt: string | null): NodeId | null {
    const { self, clusterName, secrets } = this.#options;
    if (doubt !== null && secrets?.mode === 'require') {
      this.#refuseUnproven(socket, remote, hello, doubt);
      return null;
    }
    const misfit = this.#refusalOf(hello);
    const refusal = misfit ?? this.#peers.refusalOf(socket, hello);
    const identity = { protocolVersion: PROTOCOL_VERSION, clusterName, node: self };
    const greeting = this.#options.admission.own();
    const welcome = frameOf(encodeWelcome({ ...identity, ...greeting, refusal: refusal ?? '' }));
    if (refusal !== null) {
      const from = hello.from.slice(0, NODE_CHARACTERS_SHOWN);
      const kind = misfit === null ? 'name' : 'identity';
      this.#options.onRefused(remote, kind, `node ${from}: ${refusal}`);
      socket.end(welcome);
      return null;
    }
    socket.write(welcome);
    this.#accepted(socket, hello, doubt);
    return hello.from;
  }

  /** It learns nothing of this node but the reason. */
  #refuseUnproven(socket: Socket, remote: string, hello: Hello, reason: string): void {
    const { counters, peers, onRefused } = this.#options;
    const from = hello.from.slice(0, NODE_CHARACTERS_SHOWN);
    counters.refusedProofs += 1;
    if (peers.has(hello.from)) counters.proofRefused(hello.from, remote, reason);
    onRefused(remote, 'proof', `node ${from}: ${reason}`);
    socket.end(frameOf(encodeWelcome({ ...echoOf(hello), refusal: reason })));
  }

  #refusalOf(hello: Hello): string | null {
    const { protocolVersion, clusterName, from, to } = hello;
    const { self, peers, clusterName: ours } = this.#options;
    const theirs = { protocolVersion, clusterName, node: from };
    const expected = { protocolVersion: PROTOCOL_VERSION, clusterName: ours, node: from };
    const refusal = mismatch(theirs, expected);
    if (refusal !== null) return refusal;
    if (to !== self) return `it looks for node ${to}, this is ${self}`;
    if (!peers.has(from)) return `it is not among RaftNodes of ${self}`;
    return this.#options.admission.refusalOf(from, hello);
  }

  #accepted(socket: Socket, hello: Hello, doubt: string | null): void {
    this.#options.counters.accepted('from', hello.from, doubt === null);
    this.#strangers.remove(socket);
    this.#peers.add(socket, hello);
    socket.setTimeout(IDLE_TIMEOUT_MS, () => socket.destroy());
    this.#options.onPeer(hello.from, hello, doubt);
  }
}

/** The identity that the sender of a hello expects: nothing that it does not know. */
function echoOf({ clusterName, to }: Hello) {
  return { protocolVersion: PROTOCOL_VERSION, clusterName, node: to };
}
