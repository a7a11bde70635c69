/**
 * The bounds of what a command may say, wherever it comes from: a client of this node, or another
 * node that forwards what its clients sent.
 */
import { type Command, NO_EXPIRY, type OperatorCommand } from './commands.js';

export const MINUTE_MS = 60_000;

/** A hundred years: RFC 3339 has years of four digits only. */
export const TTL_MINUTES_MAX = 100 * 365 * 24 * 60;

/** An exemption or a set threshold is for an incident: what must stay belongs in the file. */
export const SHORT_TTL_MINUTES_MAX = 24 * 60;

/**
 * Characters (code points) of names in requests: of an app, as many as a MySQL backend has room
 * for; of a host, see RFC 1035, section 2.3.4.
 */
export const APP_LENGTH_MAX = 128;
export const HOST_LENGTH_MAX = 255;

/**
 * Each thread of each node holds the names of all entries: a bound on the number of entries alone
 * would not bound their memory.
 */
export const NAME_BYTES_MAX = 1_000;

/** Characters (code points) of a reason or of an owner. */
export const NOTE_LENGTH_MAX = 200;

/** Characters of a client's address. */
const CLIENT_LENGTH_MAX = 64;

/** Characters of the text that names a caller, and of the address of a node. */
export const CALLER_LENGTH_MAX = 160;
const NODE_LENGTH_MAX = 300;

/** What no client could have sent, in words; null: all is within bounds. */
export function commandFault(command: Command): string | null {
  if (command.kind === 'identifyCluster') return 'the identity of a cluster';
  return (
    nameFault('key' in command ? command.key : command.host) ??
    ('ratio' in command && !(command.ratio >= 0 && command.ratio <= 1)
      ? `ratio is ${command.ratio}, not from 0 to 1`
      : null) ??
    ('value' in command && !isThreshold(command.value)
      ? `a threshold of ${command.value}, not a number from 0`
      : null) ??
    originFault(command) ??
    ttlFault(command)
  );
}

/** Whether the number can be a threshold. */
export function isThreshold(value: number): boolean {
  return Number.isFinite(value) && value >= 0;
}

/** Whether the text has more characters (code points) than that. */
export function isLongerThan(lengthMax: number, text: string): boolean {
  return text.length > lengthMax && [...text].length > lengthMax;
}

/** What is wrong with a reason or an owner, in words; null: nothing. */
export function noteFault(text: string): string | null {
  if (isLongerThan(NOTE_LENGTH_MAX, text)) {
    return `more than ${NOTE_LENGTH_MAX} characters`;
  }
  return hasControls(text) ? 'control characters' : null;
}

function hasControls(text: string): boolean {
  return /[\p{Cc}\p{Cs}]/u.test(text);
}

function nameFault(name: string): string | null {
  const bytes = Buffer.byteLength(name);
  if (bytes > 0 && bytes <= NAME_BYTES_MAX) return null;
  return `a name of ${bytes} bytes, not of 1 to ${NAME_BYTES_MAX}`;
}

function originFault(command: OperatorCommand): string | null {
  const { reason, owner, client, caller = '', node = '' } = command;
  if ((client ?? '').length > CLIENT_LENGTH_MAX) return 'a client that is no address';
  if (caller.length > CALLER_LENGTH_MAX || hasControls(caller)) return 'a caller that has no name';
  if (node.length > NODE_LENGTH_MAX || hasControls(node)) return 'a node that is no address';
  for (const [field, text] of Object.entries({ reason, owner })) {
    const fault = text === undefined ? null : text === '' ? 'no text' : noteFault(text);
    if (fault !== null) return `${field} with ${fault}`;
  }
  return null;
}

function ttlFault(command: OperatorCommand): string | null {
  if (!('expireAtMs' in command) || command.expireAtMs === undefined) return null;
  const { kind, expireAtMs, atMs } = command;
  if (kind === 'throttleApp' && expireAtMs === NO_EXPIRY) return null;
  const isShort = kind === 'exemptApp' || kind === 'setThreshold';
  const minutesMax = isShort ? SHORT_TTL_MINUTES_MAX : TTL_MINUTES_MAX;
  const ttlMs = expireAtMs - atMs;
  if (ttlMs >= 0 && ttlMs <= minutesMax * MINUTE_MS) return null;
  return `a TTL of ${ttlMs} ms, not of up to ${minutesMax} minutes`;
}
