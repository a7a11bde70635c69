/** The handshake of a connection, and the ping that keeps it alive. */
import type { NodeId } from '../core/types.js';
import { copyOf, decodeUntrusted, exact, wire } from './wire.js';

/** Raised when an older node could misread a message of a newer one. */
export const PROTOCOL_VERSION = 1;

/**
 * What a node says of itself at the begin of a connection. The first release says none of it:
 * its greeting reads as `NO_GREETING`.
 */
export interface Greeting {
  /** Its disk holds a term, entries or a snapshot. */
  readonly holdsData: boolean;
  /** Of the cluster whose log it holds; empty: it knows none yet. */
  readonly clusterId: string;
  /** Its `RaftNodes`, itself included; empty: it did not say. */
  readonly nodes: readonly NodeId[];
  /** What it understands beyond the first release: see features.ts. */
  readonly features: readonly string[];
  /** A random number of its run, which differs between two nodes with one name; 0: none. */
  readonly instance: number;
}

const NO_GREETING: Greeting = {
  holdsData: false,
  clusterId: '',
  nodes: [],
  features: [],
  instance: 0,
};

interface HelloIdentity {
  readonly protocolVersion: number;
  readonly clusterName: string;
  readonly from: string;
  /** The node that the dialling side expects to reach. */
  readonly to: string;
}

/** Asks the other side for a proof; empty: it does not. */
interface Asking {
  readonly nonce: Uint8Array;
}

/** Sent by the node that dials. */
export type Hello = HelloIdentity & Greeting & Asking;

interface WelcomeIdentity {
  readonly protocolVersion: number;
  readonly clusterName: string;
  readonly node: string;
  /** Empty: accepted. */
  readonly refusal: string;
}

/** Proves that the sender knows the secret; empty: it does not. */
interface Proving {
  readonly proof: Uint8Array;
}

/** The response to a `Hello`, and to a proof. With a nonce it asks for one and says no more. */
export type Welcome = WelcomeIdentity & Greeting & Asking & Proving;

const NO_BYTES = new Uint8Array(0);

export function encodeHello(hello: HelloIdentity & Partial<Greeting & Asking>): Uint8Array {
  return wire.Hello.encode({ ...hello, ...greetingToWire(hello) }).finish();
}

/** Throws `PROTOCOL`. */
export function decodeHello(body: Uint8Array): Hello {
  const hello = decodeUntrusted('a hello', () => wire.Hello.decode(body));
  const { protocolVersion, clusterName, from, to } = hello;
  const nonce = copyOf(hello.nonce ?? NO_BYTES);
  return { protocolVersion, clusterName, from, to, nonce, ...greetingFromWire(hello) };
}

export function encodeWelcome(
  welcome: WelcomeIdentity & Partial<Greeting & Asking & Proving>,
): Uint8Array {
  return wire.Welcome.encode({ ...welcome, ...greetingToWire(welcome) }).finish();
}

/** Throws `PROTOCOL`. */
export function decodeWelcome(body: Uint8Array): Welcome {
  const welcome = decodeUntrusted('a welcome', () => wire.Welcome.decode(body));
  const { protocolVersion, clusterName, node, refusal } = welcome;
  const [nonce, proof] = [copyOf(welcome.nonce ?? NO_BYTES), copyOf(welcome.proof ?? NO_BYTES)];
  const identity = { protocolVersion, clusterName, node, refusal };
  return { ...identity, nonce, proof, ...greetingFromWire(welcome) };
}

export function encodeProof(proof: Uint8Array): Uint8Array {
  return wire.Proof.encode({ proof }).finish();
}

/** Throws `PROTOCOL`. */
export function decodeProof(body: Uint8Array): Uint8Array {
  return copyOf(decodeUntrusted('a proof', () => wire.Proof.decode(body)).proof ?? NO_BYTES);
}

function greetingToWire(said: Partial<Greeting>) {
  const { nodes, features, ...rest } = { ...NO_GREETING, ...said };
  const { holdsData, clusterId, instance } = rest;
  return { holdsData, clusterId, instance, nodes: [...nodes], features: [...features] };
}

type WireGreeting = { [Field in keyof Greeting]?: Greeting[Field] | null };

function greetingFromWire(said: WireGreeting): Greeting {
  return {
    holdsData: said.holdsData ?? false,
    clusterId: said.clusterId ?? '',
    nodes: said.nodes ?? [],
    features: said.features ?? [],
    instance: exact(said.instance ?? 0, 'instance'),
  };
}

/**
 * A `PeerMessage` with a `Ping`: no other message is as short. The response is the same message on
 * the same connection.
 */
const pingBody = wire.PeerMessage.encode({ ping: {} }).finish();

export function encodePing(): Uint8Array {
  return pingBody;
}

export function isPing(body: Uint8Array): boolean {
  return body.length === pingBody.length && body.every((byte, at) => byte === pingBody[at]);
}
