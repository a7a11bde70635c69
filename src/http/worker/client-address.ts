/** The client of a request, from the header `X-Forwarded-For` or the address of the peer. */
import type { ClientKey } from './recent-apps.js';
import { detached } from './url-params.js';

/** Longer texts in `X-Forwarded-For` are not addresses; they are cut, to bound memory. */
const CLIENT_LENGTH_MAX = 64;

const MAPPED_PREFIX = '::ffff:';

/**
 * The first address of a header `X-Forwarded-For`, a list whose empty elements are ignored (RFC
 * 9110, section 5.6.1); empty when it has none. An IPv6 address is not cut at its colons.
 */
export function forwardedClient(header: string): string {
  if (isPlain(header)) return header;
  const first = /[^\s,][^,]*/.exec(header)?.[0].trimEnd() ?? '';
  return detached(unmapped(first.slice(0, CLIENT_LENGTH_MAX)));
}

/** From an address as Node writes it. */
export function textClient(address: string): string {
  return unmapped(address);
}

/**
 * From an address in network byte order: of 4 bytes, or of 16, which may contain a mapped IPv4
 * address (RFC 4291, section 2.5.5.2).
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

/** Whether the header is one address that can be used unchanged: the common case, made cheap. */
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

/** The canonical text of RFC 5952, which the host of a URL has too. */
function ipv6Text(view: DataView): string {
  const groups = Array.from({ length: 8 }, (_, index) => view.getUint16(index * 2).toString(16));
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}
