/**
 * The bounds of what a command may say, wherever it comes from: a client of this node, or another
 * node that forwards what its clients sent.
 */
import { type Command, NO_EXPIRY } from './commands.js';

export const MINUTE_MS = 60_000;

/** A hundred years: RFC 3339 has years of four digits only. */
export const TTL_MINUTES_MAX = 100 * 365 * 24 * 60;

/**
 * Each thread of each node holds the names of all entries: a bound on the number of entries alone
 * would not bound their memory.
 */
export const NAME_BYTES_MAX = 1_000;

/** What no client could have sent, in words; null: all is within bounds. */
export function commandFault(command: Command): string | null {
  if (command.kind === 'identifyCluster') return 'the identity of a cluster';
  const name = 'key' in command ? command.key : command.host;
  const bytes = Buffer.byteLength(name);
  if (bytes === 0 || bytes > NAME_BYTES_MAX) {
    return `a name of ${bytes} bytes, not of 1 to ${NAME_BYTES_MAX}`;
  }
  if ('ratio' in command && !(command.ratio >= 0 && command.ratio <= 1)) {
    return `ratio is ${command.ratio}, not from 0 to 1`;
  }
  if (!('expireAtMs' in command) || command.expireAtMs === undefined) return null;
  const { kind, expireAtMs, atMs } = command;
  if (kind === 'throttleApp' && expireAtMs === NO_EXPIRY) return null;
  const ttlMs = expireAtMs - atMs;
  if (ttlMs >= 0 && ttlMs <= TTL_MINUTES_MAX * MINUTE_MS) return null;
  return `a TTL of ${ttlMs} ms, not of up to ${TTL_MINUTES_MAX} minutes`;
}
