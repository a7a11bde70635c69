/** Keys of published metrics, and which of several servers keeps a key. */
import { crc32 } from 'node:zlib';

/** Longest key that memcached takes. */
const KEY_BYTES_MAX = 250;

/**
 * Blanks and control characters end or break a key in memcached's text protocol, by which many
 * clients read.
 */
const ILLEGAL = /[\0-\x20\x7f]/;

export function metricKey(path: string, store: string): string {
  return `${path}/mysql/${store}`;
}

/** Why memcached could not keep the key, in words; empty: it can. */
export function keyProblem(key: string): string {
  if (Buffer.byteLength(key) > KEY_BYTES_MAX) return `it is longer than ${KEY_BYTES_MAX} bytes`;
  return ILLEGAL.test(key) ? 'it contains a blank or a control character' : '';
}

/**
 * Index of the server that keeps the key: CRC-32 modulo their number, in the order of the list, as
 * gomemcache's `ServerList` has it, so that readers made for the original look where it was
 * written.
 */
export function serverOf(key: string, servers: number): number {
  return crc32(key) % servers;
}
