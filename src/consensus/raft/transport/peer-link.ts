/**
 * The connection to one peer: dialled, greeted, kept alive, dialled again. It carries messages to
 * the peer only.
 */
import { connect, type LookupFunction, type Socket } from 'node:net';
import { parseAddress } from '../../../base/address.js';
import { messageOf } from '../../../base/errors.js';
import {
  decodeWelcome,
  encodeHello,
  encodePing,
  isPing,
  PROTOCOL_VERSION,
} from '../codec/handshake.js';
import { protocolError } from '../codec/wire.js';
import type { NodeId } from '../core/types.js';
import { FrameReader, frameOf } from './frame.js';
import { SendQueue } from './outbox.js';

/** From the dial to the welcome. */
const GREETING_TIMEOUT_MS = 1000;

/** Between two dials: doubled each time, with chance in it so that nodes do not dial in step. */
const BACK_OFF_MIN_MS = 50;
const BACK_OFF_MAX_MS = 1000;

/** After a refusal: it takes an operator to change that. */
const REFUSED_BACK_OFF_MS = 5000;

/**
 * Pings without an answer after which the connection counts as cut. Counted, not timed: a stall of
 * this process is not the peer's fault.
 */
const UNANSWERED_PINGS_MAX = 3;

const ANSWER_BYTES_MAX = 64 * 1024;

export interface LinkParts {
  readonly self: NodeId;
  readonly clusterName: string;
  readonly peer: NodeId;
  readonly lookUp: LookupFunction;
  random(): number;
  /** Messages sent since the connection was up may be lost. */
  onLost(reason: string): void;
  onUp(): void;
  /** A dial failed or was refused; it is tried again. */
  onFailure(reason: string): void;
}

/**
 * `waiting` (for the next dial) -> `greeting` (dialled, the welcome is awaited) -> `up` ->
 * `waiting` ...; `stopped` from any. There is a socket in `greeting` and `up`, a timer in `waiting`
 * and `greeting`.
 */
type LinkState = 'waiting' | 'greeting' | 'up' | 'stopped';

export class PeerLink {
  readonly #parts: LinkParts;
  #state: LinkState = 'waiting';
  #socket: Socket | null = null;
  #outbox: SendQueue | null = null;
  #timer: NodeJS.Timeout | undefined;
  #backOffMs = BACK_OFF_MIN_MS;
  #unansweredPings = 0;

  constructor(parts: LinkParts) {
    this.#parts = parts;
  }

  /** False: there is no connection, it was not sent. */
  send(body: Uint8Array): boolean {
    if (this.#state !== 'up') return false;
    this.#outbox?.put(frameOf(body));
    return true;
  }

  /** Dials unless a connection is there or on its way: the peer has just shown that it lives. */
  dialNow(): void {
    if (this.#state !== 'waiting') return;
    clearTimeout(this.#timer);
    this.#dial();
  }

  /** Call at a fixed interval: asks the peer for a sign of life. */
  ping(): void {
    if (this.#state !== 'up') return;
    if (this.#unansweredPings >= UNANSWERED_PINGS_MAX) {
      this.#drop('it does not answer');
      return;
    }
    this.#unansweredPings += 1;
    this.send(encodePing());
  }

  stop(): void {
    this.#state = 'stopped';
    clearTimeout(this.#timer);
    // Messages of this turn still leave: a vote, an offer of leadership.
    this.#socket?.end();
    this.#socket?.setTimeout(100, () => this.#socket?.destroy());
  }

  #dial(): void {
    this.#state = 'greeting';
    const { self, peer, clusterName } = this.#parts;
    const { host, port } = parseAddress(peer, 0)!;
    const socket = connect({ host, port, lookup: this.#parts.lookUp, noDelay: true });
    this.#socket = socket;
    const ended = (reason: string) => {
      if (this.#socket === socket) this.#drop(reason);
    };
    this.#timer = setTimeout(() => ended('it does not answer'), GREETING_TIMEOUT_MS);
    const reader = new FrameReader((body) => this.#onFrame(body), ANSWER_BYTES_MAX);
    socket.on('connect', () => {
      const hello = { protocolVersion: PROTOCOL_VERSION, clusterName, from: self, to: peer };
      socket.write(frameOf(encodeHello(hello)));
    });
    socket.on('data', (chunk) => {
      try {
        if (this.#socket === socket) reader.push(chunk);
      } catch (error) {
        ended(messageOf(error));
      }
    });
    socket.on('error', (error) => ended(messageOf(error)));
    socket.on('close', () => ended('it closed the connection'));
  }

  #onFrame(body: Buffer): void {
    if (this.#state === 'greeting') {
      this.#onWelcome(body);
    } else if (isPing(body)) {
      this.#unansweredPings = 0;
    } else {
      throw protocolError('it answers where only a ping may come back');
    }
  }

  #onWelcome(body: Buffer): void {
    const { peer, clusterName } = this.#parts;
    const welcome = decodeWelcome(body);
    // What is found here is told from here: in the peer's words "it" would be this node.
    const refusal =
      mismatch(welcome, { protocolVersion: PROTOCOL_VERSION, clusterName, node: peer }) ??
      (welcome.refusal === '' ? null : `it refuses this node, saying "${welcome.refusal}"`);
    if (refusal !== null) {
      this.#backOffMs = REFUSED_BACK_OFF_MS;
      this.#drop(refusal);
      return;
    }
    clearTimeout(this.#timer);
    this.#state = 'up';
    this.#backOffMs = BACK_OFF_MIN_MS;
    this.#unansweredPings = 0;
    this.#outbox = new SendQueue(this.#socket!);
    this.#parts.onUp();
  }

  #drop(reason: string): void {
    if (this.#state === 'stopped' || this.#state === 'waiting') return;
    const wasUp = this.#state === 'up';
    this.#state = 'waiting';
    this.#socket?.destroy();
    this.#socket = null;
    this.#outbox = null;
    clearTimeout(this.#timer);
    const delayMs = this.#backOffMs * (0.5 + this.#parts.random() / 2);
    this.#backOffMs = Math.min(this.#backOffMs * 2, Math.max(this.#backOffMs, BACK_OFF_MAX_MS));
    this.#timer = setTimeout(() => this.#dial(), delayMs);
    if (wasUp) this.#parts.onLost(reason);
    else this.#parts.onFailure(reason);
  }
}

interface PeerIdentity {
  readonly protocolVersion: number;
  readonly clusterName: string;
  readonly node: NodeId;
}

/** In what two nodes that should be peers differ, in words; null: in nothing. */
export function mismatch(theirs: PeerIdentity, expected: PeerIdentity): string | null {
  if (theirs.protocolVersion !== expected.protocolVersion) {
    return `it speaks version ${theirs.protocolVersion} of the protocol, this node ${expected.protocolVersion}`;
  }
  if (theirs.clusterName !== expected.clusterName) {
    return `it belongs to cluster "${theirs.clusterName}", this node to "${expected.clusterName}" (RaftClusterName)`;
  }
  if (theirs.node !== expected.node) return `it is node ${theirs.node}, not ${expected.node}`;
  return null;
}
