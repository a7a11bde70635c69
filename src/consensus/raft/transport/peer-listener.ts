/** The connections from peers: greeted, checked, read. */
import { createServer, type Server, type Socket } from 'node:net';
import type { Address } from '../../../base/address.js';
import { FrenoError, messageOf } from '../../../base/errors.js';
import {
  decodeHello,
  encodePing,
  encodeWelcome,
  type Hello,
  isPing,
  PROTOCOL_VERSION,
} from '../codec/handshake.js';
import type { NodeId } from '../core/types.js';
import { FRAME_BYTES_MAX, FrameReader, frameOf } from './frame.js';
import { mismatch } from './link.js';

/** From the connection to the hello. */
const HELLO_TIMEOUT_MS = 2000;

/** A peer pings several times a second; who is silent for this long is gone. */
const SILENCE_MAX_MS = 10_000;

/**
 * Connections that have not said who they are. Beyond it new ones are closed: anybody can dial this
 * port.
 */
const STRANGERS_MAX = 64;

/** Bytes of a frame before its sender is known to be a peer. */
const HELLO_BYTES_MAX = 4 * 1024;

export interface ListenerParts {
  readonly self: NodeId;
  readonly clusterName: string;
  readonly bind: Address;
  readonly peers: ReadonlySet<NodeId>;
  /** Throws `PROTOCOL` for nonsense: the connection is closed then. */
  receive(from: NodeId, body: Uint8Array): void;
  /** This peer has dialled and is welcome. */
  onPeer(peer: NodeId): void;
  /**
   * A connection was refused or closed for what it said. `who` is the peer's name, or its address
   * when it is unknown.
   */
  onRefused(who: string, reason: string): void;
}

export class PeerListener {
  readonly #parts: ListenerParts;
  readonly #server: Server;
  /** The newest connection of each peer: an older one may be half-dead, and is closed. */
  readonly #peers = new Map<NodeId, Socket>();
  readonly #strangers = new Set<Socket>();

  constructor(parts: ListenerParts) {
    this.#parts = parts;
    this.#server = createServer({ noDelay: true }, (socket) => this.#accept(socket));
  }

  /** Rejects with `RESOURCE` when the address cannot be had. */
  start(): Promise<void> {
    const { host, port } = this.#parts.bind;
    return new Promise((resolve, reject) => {
      this.#server.once('error', (error) =>
        reject(new FrenoError('RESOURCE', `RaftBind: ${messageOf(error)}`, { cause: error })),
      );
      this.#server.listen({ host, port, exclusive: true }, () => resolve());
    });
  }

  /** Closes all connections. */
  async stop(): Promise<void> {
    for (const socket of [...this.#strangers, ...this.#peers.values()]) socket.destroy();
    if (!this.#server.listening) return;
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
  }

  #accept(socket: Socket): void {
    if (this.#strangers.size >= STRANGERS_MAX) {
      socket.destroy();
      return;
    }
    this.#strangers.add(socket);
    const who = `${socket.remoteAddress}`;
    socket.setTimeout(HELLO_TIMEOUT_MS, () => socket.destroy());
    // 'close' follows, and is all that matters.
    socket.on('error', () => {});
    socket.on('close', () => this.#strangers.delete(socket));
    let peer: NodeId | null = null;
    let onBody = (body: Buffer): void => {
      peer = this.#greet(socket, who, decodeHello(body));
      if (peer !== null) reader.bodyBytesMax = FRAME_BYTES_MAX;
      onBody = (next) => {
        if (peer !== null) this.#onMessage(socket, peer, next);
      };
    };
    const reader = new FrameReader((body) => onBody(body), HELLO_BYTES_MAX);
    socket.on('data', (chunk) => {
      try {
        if (!socket.destroyed) reader.push(chunk);
      } catch (error) {
        if (!(error instanceof FrenoError)) throw error;
        this.#parts.onRefused(peer ?? who, messageOf(error));
        socket.destroy();
      }
    });
  }

  /** Answers the hello; returns the peer's name, or null when it is refused. */
  #greet(socket: Socket, who: string, hello: Hello): NodeId | null {
    const { self, clusterName } = this.#parts;
    const refusal = this.#refusalOf(hello);
    const identity = { protocolVersion: PROTOCOL_VERSION, clusterName, node: self };
    const welcome = frameOf(encodeWelcome({ ...identity, refusal: refusal ?? '' }));
    if (refusal !== null) {
      this.#parts.onRefused(`${who} (${hello.from})`, refusal);
      socket.end(welcome);
      return null;
    }
    socket.write(welcome);
    this.#welcome(socket, hello.from);
    return hello.from;
  }

  #refusalOf({ protocolVersion, clusterName, from, to }: Hello): string | null {
    const { self, peers, clusterName: ours } = this.#parts;
    const theirs = { protocolVersion, clusterName, node: from };
    const expected = { protocolVersion: PROTOCOL_VERSION, clusterName: ours, node: from };
    const refusal = mismatch(theirs, expected);
    if (refusal !== null) return refusal;
    if (to !== self) return `it looks for node ${to}, this is ${self}`;
    return peers.has(from) ? null : `it is not among RaftNodes of ${self}`;
  }

  #welcome(socket: Socket, peer: NodeId): void {
    this.#strangers.delete(socket);
    this.#peers.get(peer)?.destroy();
    this.#peers.set(peer, socket);
    socket.on('close', () => {
      if (this.#peers.get(peer) === socket) this.#peers.delete(peer);
    });
    socket.setTimeout(SILENCE_MAX_MS);
    this.#parts.onPeer(peer);
  }

  #onMessage(socket: Socket, peer: NodeId, body: Buffer): void {
    if (isPing(body)) socket.write(frameOf(encodePing()));
    else this.#parts.receive(peer, body);
  }
}
