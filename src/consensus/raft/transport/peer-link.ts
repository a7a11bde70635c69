/**
 * The outgoing connection to one peer: dial, handshake, keep-alive, dial again.
 *
 * It carries messages to the peer only; the peer's own link carries the other direction. So each
 * side reconnects by itself, and no tie-break is needed when both dial at once. Pings detect a cut
 * link long before TCP does, because the driver must learn that messages may be lost. A peer that
 * dials this node is alive: `dialNow` then ends the back-off early.
 */
import { connect, type LookupFunction, type Socket } from 'node:net';
import { parseAddress } from '../../../base/address.js';
import { Backoff } from '../../../base/backoff.js';
import { messageOf } from '../../../base/errors.js';
import { FEATURE_CRC32C, FEATURE_TLS } from '../codec/features.js';
import {
  decodeWelcome,
  encodeHello,
  encodePing,
  encodeProof,
  type Greeting,
  isPing,
  PROTOCOL_VERSION,
  type Welcome,
} from '../codec/handshake.js';
import { protocolError } from '../codec/wire.js';
import type { NodeId } from '../core/types.js';
import { ChecksumError, FrameReader, frameOf } from './frame.js';
import { mismatch, type PeerAdmission } from './identity.js';
import type { PeerCounters } from './peer-counters.js';
import type { PeerCredentials } from './peer-credentials.js';
import { isNonce, NO_PROOF, WRONG_PROOF } from './peer-secrets.js';
import { isEncrypted, type PeerTls } from './peer-tls.js';
import { SendQueue } from './send-queue.js';
import { TlsChoice } from './tls-choice.js';

/** From the dial to the welcome. */
const HANDSHAKE_TIMEOUT_MS = 1000;

/** Between two dials. */
const DIAL_BACKOFF = { firstMs: 50, maxMs: 1000, jitter: 0.5 };

/** After a refusal, until the peer accepts this node: an operator has to change something. */
const REFUSED_BACKOFF = { firstMs: 5000, maxMs: 5000, jitter: 0.5 };

/**
 * Pings without a response after which the connection counts as cut. Counted, not timed: a stall of
 * this process is not the peer's fault.
 */
const UNANSWERED_PINGS_MAX = 3;

const REFUSAL_CHARACTERS_SHOWN = 1000;

/** Bytes of a frame from the peer: a welcome or a ping. */
const RESPONSE_BYTES_MAX = 64 * 1024;

export interface PeerLinkOptions {
  readonly self: NodeId;
  readonly clusterName: string;
  readonly peer: NodeId;
  readonly lookUp: LookupFunction;
  random(): number;
  readonly admission: PeerAdmission;
  readonly counters: PeerCounters;
  readonly credentials: PeerCredentials;
  /** The peer accepted a TCP connection at this address. */
  onReached(address: string): void;
  /** The connection broke: messages sent on it may be lost. */
  onLost(reason: string): void;
  /** `doubt`: as `PeerListenerOptions.onPeer`. */
  onUp(greeting: Greeting, doubt: string | null): void;
  /** A dial failed or was refused; the link retries. */
  onFailure(reason: string): void;
}

/**
 * `backoff` (until the next dial) -> `handshake` (dialled, waits for the welcome) -> `up` ->
 * `backoff` ...; `stopped` from any. There is a socket in `handshake` and `up`, a timer in
 * `backoff` and `handshake`.
 */
type LinkState = 'backoff' | 'handshake' | 'up' | 'stopped';

export class PeerLink {
  readonly #options: PeerLinkOptions;
  #state: LinkState = 'backoff';
  #socket: Socket | null = null;
  /** `#socket`, or TLS over it. */
  #stream: Socket | null = null;
  readonly #tlsChoice: TlsChoice;
  #sendQueue: SendQueue | null = null;
  /** Of the present socket. */
  #reader: FrameReader | null = null;
  #timer: NodeJS.Timeout | undefined;
  #backoff: Backoff;
  #unansweredPings = 0;
  /** The hello on the present socket, where it asks for a proof that has not come. */
  #unanswered: Uint8Array | null = null;
  /** Why this is not surely the peer, where a secret is configured; null: it is. */
  #doubt: string | null = null;
  /** Why the last connection ended or was not made. */
  #fault = 'it was not reached yet';

  constructor(options: PeerLinkOptions) {
    this.#options = options;
    this.#backoff = this.#newBackoff(DIAL_BACKOFF);
    this.#tlsChoice = new TlsChoice(options.credentials.tls?.mode ?? null);
  }

  /** Why messages do not reach the peer; null: they do. */
  get fault(): string | null {
    return this.#state === 'up' ? null : this.#fault;
  }

  /** False: there is no connection, it was not sent. */
  send(body: Uint8Array): boolean {
    if (this.#state !== 'up') return false;
    this.#sendQueue?.put(frameOf(body, this.#reader?.isChecksummed));
    return true;
  }

  /** Ends the back-off: the peer has just shown that it is alive. */
  dialNow(): void {
    if (this.#state !== 'backoff') return;
    clearTimeout(this.#timer);
    this.#dial();
  }

  /** Call at a fixed interval. Drops the connection of an unresponsive peer. */
  ping(): void {
    if (this.#state !== 'up') return;
    if (this.#unansweredPings >= UNANSWERED_PINGS_MAX) {
      this.#drop('it is unresponsive');
      return;
    }
    if (this.#tlsChoice.isDue()) {
      this.#drop('to encrypt it (RaftTLS)');
      this.dialNow();
      return;
    }
    this.#unansweredPings += 1;
    this.send(encodePing());
  }

  stop(): void {
    this.#state = 'stopped';
    clearTimeout(this.#timer);
    // Messages of this iteration are still sent: a vote, a transfer of leadership.
    this.#stream?.end();
    this.#socket?.setTimeout(100, () => this.#socket?.destroy());
  }

  #dial(): void {
    this.#state = 'handshake';
    const { peer, credentials } = this.#options;
    const { host, port } = parseAddress(peer, 0)!;
    const socket = connect({ host, port, lookup: this.#options.lookUp, noDelay: true });
    this.#socket = socket;
    this.#stream = socket;
    const ended = (reason: string) => {
      if (this.#socket === socket) this.#drop(reason);
    };
    this.#timer = setTimeout(() => ended('handshake timed out'), HANDSHAKE_TIMEOUT_MS);
    socket.on('connect', () => {
      if (this.#socket !== socket) return;
      this.#options.onReached(`${socket.remoteAddress}`);
      const { tls } = credentials;
      if (tls !== null && this.#tlsChoice.isNext) this.#encrypt(socket, tls, ended);
      else this.#greet(socket, socket, ended);
    });
    socket.on('error', (error) => ended(messageOf(error)));
    socket.on('close', () => ended('it closed the connection'));
  }

  /** Until the certificate of the peer is verified, nothing is sent. */
  #encrypt(socket: Socket, tls: PeerTls, ended: (reason: string) => void): void {
    const stream = tls.dialled(socket, this.#options.peer);
    this.#stream = stream;
    stream.on('error', (error) => ended(`TLS failed: ${messageOf(error)}`));
    stream.on('close', () => ended('it closed the connection during the TLS handshake'));
    stream.on('secureConnect', () => {
      if (this.#socket !== socket) return;
      const doubt = tls.doubtOf(stream, this.#options.peer);
      if (doubt === null) {
        this.#greet(socket, stream, ended);
        return;
      }
      this.#options.counters.refusedProofs += 1;
      this.#refuse(doubt);
    });
  }

  #greet(socket: Socket, stream: Socket, ended: (reason: string) => void): void {
    const { self, peer, clusterName, admission } = this.#options;
    const reader = new FrameReader((body) => this.#onFrame(body), RESPONSE_BYTES_MAX);
    this.#reader = reader;
    stream.on('data', (chunk) => {
      try {
        if (this.#socket === socket) reader.push(chunk);
      } catch (error) {
        if (error instanceof ChecksumError) this.#options.counters.checksumErrors += 1;
        ended(messageOf(error));
      }
    });
    const identity = { protocolVersion: PROTOCOL_VERSION, clusterName, from: self, to: peer };
    stream.write(frameOf(this.#helloOf({ ...identity, ...admission.own() })));
  }

  #helloOf(hello: Parameters<typeof encodeHello>[0]): Uint8Array {
    const { secrets } = this.#options.credentials;
    this.#doubt = secrets === null ? null : NO_PROOF;
    if (secrets === null) return encodeHello(hello);
    this.#unanswered = encodeHello({ ...hello, nonce: secrets.nonce() });
    return this.#unanswered;
  }

  #onFrame(body: Buffer): void {
    if (this.#state === 'handshake') {
      const welcome = decodeWelcome(body);
      if (welcome.nonce.length > 0) this.#onChallenge(welcome);
      else this.#onWelcome(welcome);
    } else if (isPing(body)) {
      this.#unansweredPings = 0;
    } else {
      throw protocolError('the peer sent something else than a ping');
    }
  }

  /** The peer has proved the secret, or tried to: this node proves it in turn. */
  #onChallenge({ nonce, proof }: Welcome): void {
    const { self, credentials } = this.#options;
    const { secrets } = credentials;
    const hello = this.#unanswered;
    if (secrets === null || hello === null || !isNonce(nonce)) {
      throw protocolError('the peer asks for a proof out of turn');
    }
    this.#unanswered = null;
    const challenge = { prover: this.#options.peer, hello, nonce };
    this.#doubt = secrets.isProof(proof, 'listening', challenge) ? null : WRONG_PROOF;
    if (this.#doubt !== null && secrets.mode === 'require') {
      this.#options.counters.refusedProofs += 1;
      this.#refuse(WRONG_PROOF);
      return;
    }
    this.#stream!.write(
      frameOf(encodeProof(secrets.proof('dialling', { ...challenge, prover: self }))),
    );
  }

  #onWelcome(welcome: Welcome): void {
    const { peer, clusterName, counters } = this.#options;
    if (!isEncrypted(this.#stream!)) {
      this.#tlsChoice.offered(welcome.features.includes(FEATURE_TLS));
      if (this.#tlsChoice.isNext) {
        this.#redial();
        return;
      }
    }
    // A mismatch found here goes first: in the peer's text "it" would be this node.
    const refusal =
      this.#unprovenRefusal(welcome) ??
      mismatch(welcome, { protocolVersion: PROTOCOL_VERSION, clusterName, node: peer }) ??
      this.#options.admission.refusalOf(peer, welcome) ??
      (welcome.refusal === '' ? null : refusedBy(welcome.refusal));
    if (refusal !== null) {
      this.#refuse(refusal);
      return;
    }
    const tlsDoubt = this.#tlsChoice.upWith(isEncrypted(this.#stream!));
    const doubt = tlsDoubt ?? this.#doubt;
    counters.accepted('to', peer, doubt === null);
    clearTimeout(this.#timer);
    this.#state = 'up';
    this.#reader!.isChecksummed = welcome.features.includes(FEATURE_CRC32C);
    this.#backoff = this.#newBackoff(DIAL_BACKOFF);
    this.#unansweredPings = 0;
    this.#sendQueue = new SendQueue(this.#stream!);
    this.#options.onUp(welcome, doubt);
  }

  /** Nothing that an unproven peer says is believed, where a proof is required. */
  #unprovenRefusal({ refusal }: Welcome): string | null {
    if (this.#doubt === null || this.#options.credentials.secrets?.mode !== 'require') return null;
    this.#options.counters.refusedProofs += 1;
    return refusal === '' ? this.#doubt : refusedBy(refusal);
  }

  #refuse(reason: string): void {
    // Without TLS it may accept this node, at once.
    if (!this.#tlsChoice.canFallBack) this.#backoff = this.#newBackoff(REFUSED_BACKOFF);
    this.#drop(reason);
  }

  /** The peer takes TLS: it was dialled in clear to learn that. */
  #redial(): void {
    clearTimeout(this.#timer);
    this.#state = 'backoff';
    this.#socket?.destroy();
    this.#dial();
  }

  #drop(reason: string): void {
    if (this.#state === 'stopped' || this.#state === 'backoff') return;
    const wasUp = this.#state === 'up';
    if (!wasUp && this.#stream !== this.#socket) this.#tlsChoice.failed(reason);
    this.#fault = reason;
    this.#state = 'backoff';
    this.#socket?.destroy();
    this.#socket = null;
    this.#stream = null;
    this.#sendQueue = null;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#dial(), this.#backoff.failed());
    if (wasUp) this.#options.onLost(reason);
    else this.#options.onFailure(reason);
  }

  #newBackoff(pauses: { firstMs: number; maxMs: number; jitter: number }): Backoff {
    return new Backoff({ ...pauses, random: () => this.#options.random() });
  }
}

/** The peer chooses the text: a line of the log stays short. */
function refusedBy(refusal: string): string {
  return `it refuses this node: "${refusal.slice(0, REFUSAL_CHARACTERS_SHOWN)}"`;
}
