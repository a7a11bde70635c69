/** Keys of published metrics, and the choice of the server for a key. */
import { crc32 } from 'node:zlib';

/** Longest key that memcached accepts. */
const KEY_BYTES_MAX = 250;

/** Blanks and control characters end or break a key in memcached's text protocol. */
const ILLEGAL = /[\0-\x20\x7f]/;

/** `metric`: empty for the store's own metric, which has the key of the store. */
export function metricKey(path: string, store: string, metric: string): string {
  const key = `${path}/mysql/${store}`;
  return metric === '' ? key : `${key}/${metric}`;
}

/** Why memcached cannot store the key, in words; empty when it can. */
export function keyProblem(key: string): string {
  if (Buffer.byteLength(key) > KEY_BYTES_MAX) return `it is longer than ${KEY_BYTES_MAX} bytes`;
  return ILLEGAL.test(key) ? 'it contains a blank or a control character' : '';
}

/**
 * Index of the server that stores the key: CRC-32 modulo the number of servers, in the order of the
 * list. gomemcache's `ServerList` does the same, so that readers made for the original find the
 * value.
 */
export function serverOf(key: string, servers: number): number {
  return crc32(key) % servers;
}
