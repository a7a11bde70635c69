/** The handshake of a connection, and the ping that keeps it alive. */
import { decodeUntrusted, wire } from './wire.js';

/** Raised when an older node could misread a message of a newer one. */
export const PROTOCOL_VERSION = 1;

/** Sent by the node that dials. */
export interface Hello {
  readonly protocolVersion: number;
  readonly clusterName: string;
  readonly from: string;
  /** The node that the dialling side expects to reach. */
  readonly to: string;
}

/** The response to a `Hello`. */
export interface Welcome {
  readonly protocolVersion: number;
  readonly clusterName: string;
  readonly node: string;
  /** Empty: accepted. */
  readonly refusal: string;
}

export function encodeHello(hello: Hello): Uint8Array {
  return wire.Hello.encode({ ...hello }).finish();
}

/** Throws `PROTOCOL`. */
export function decodeHello(body: Uint8Array): Hello {
  const hello = decodeUntrusted('a hello', () => wire.Hello.decode(body));
  const { protocolVersion, clusterName, from, to } = hello;
  return { protocolVersion, clusterName, from, to };
}

export function encodeWelcome(welcome: Welcome): Uint8Array {
  return wire.Welcome.encode({ ...welcome }).finish();
}

/** Throws `PROTOCOL`. */
export function decodeWelcome(body: Uint8Array): Welcome {
  const welcome = decodeUntrusted('a welcome', () => wire.Welcome.decode(body));
  const { protocolVersion, clusterName, node, refusal } = welcome;
  return { protocolVersion, clusterName, node, refusal };
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
