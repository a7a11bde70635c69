/** The handshake of a connection, and the ping that keeps it alive. */
import type { NodeId } from '../core/types.js';
import { decodeUntrusted, exact, wire } from './wire.js';

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

/** Sent by the node that dials. */
export type Hello = HelloIdentity & Greeting;

interface WelcomeIdentity {
  readonly protocolVersion: number;
  readonly clusterName: string;
  readonly node: string;
  /** Empty: accepted. */
  readonly refusal: string;
}

/** The response to a `Hello`. */
export type Welcome = WelcomeIdentity & Greeting;

export function encodeHello(hello: HelloIdentity & Partial<Greeting>): Uint8Array {
  return wire.Hello.encode({ ...hello, ...greetingToWire(hello) }).finish();
}

/** Throws `PROTOCOL`. */
export function decodeHello(body: Uint8Array): Hello {
  const hello = decodeUntrusted('a hello', () => wire.Hello.decode(body));
  const { protocolVersion, clusterName, from, to } = hello;
  return { protocolVersion, clusterName, from, to, ...greetingFromWire(hello) };
}

export function encodeWelcome(welcome: WelcomeIdentity & Partial<Greeting>): Uint8Array {
  return wire.Welcome.encode({ ...welcome, ...greetingToWire(welcome) }).finish();
}

/** Throws `PROTOCOL`. */
export function decodeWelcome(body: Uint8Array): Welcome {
  const welcome = decodeUntrusted('a welcome', () => wire.Welcome.decode(body));
  const { protocolVersion, clusterName, node, refusal } = welcome;
  return { protocolVersion, clusterName, node, refusal, ...greetingFromWire(welcome) };
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
