/** Who asks: the name of a client, from its header or its address. */
import type { ClientKey } from './recent-apps.js';
import { detached } from './url-params.js';

/** Longer texts in `X-Forwarded-For` are no addresses; what is kept of them is bounded. */
const CLIENT_LENGTH_MAX = 64;

const MAPPED_PREFIX = '::ffff:';

/**
 * The first address of a header `X-Forwarded-For`, which is a list whose empty elements count for
 * nothing (RFC 9110, section 5.6.1); empty when it has none. An IPv6 address stays whole.
 */
export function forwardedClient(header: string): string {
  if (isPlain(header)) return header;
  const first = /[^\s,][^,]*/.exec(header)?.[0].trimEnd() ?? '';
  return detached(unmapped(first.slice(0, CLIENT_LENGTH_MAX)));
}

/** An address as Node writes it. */
export function textClient(address: string): string {
  return unmapped(address);
}

/**
 * An address in network byte order: of 4 bytes, or of 16, in which an IPv4 address may be mapped
 * (RFC 4291, section 2.5.5.2).
 */
export function binaryClient(address: ArrayBuffer): ClientKey {
  const view = new DataView(address);
  if (view.byteLength === 4) return view.getUint32(0);
  if (view.byteLength !== 16) return '';
  if (view.getUint32(8) === 0xffff && view.getUint32(4) === 0 && view.getUint32(0) === 0) {
    return view.getUint32(12);
  }
  return ipv6Text(view);
}

/** Nothing to cut, to trim or to shorten. */
function isPlain(address: string): boolean {
  return (
    address.length <= CLIENT_LENGTH_MAX &&
    !address.includes(',') &&
    address.charCodeAt(0) > 0x20 &&
    address.charCodeAt(address.length - 1) > 0x20 &&
    !address.startsWith(MAPPED_PREFIX)
  );
}

function unmapped(address: string): string {
  return address.startsWith(MAPPED_PREFIX) && address.includes('.')
    ? address.slice(MAPPED_PREFIX.length)
    : address;
}

/** The canonical text of RFC 5952, which URL hosts have too. */
function ipv6Text(view: DataView): string {
  const groups = Array.from({ length: 8 }, (_, index) => view.getUint16(index * 2).toString(16));
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}
