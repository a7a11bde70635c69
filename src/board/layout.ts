/**
 * Offsets of the board's fields in its shared memory, in words of 32 bits. A number of 64 bits
 * takes two.
 */
import { groupWords } from './double-buffer.js';

/** Longest error text that a slot holds, in bytes of UTF-8. */
export const TEXT_BYTES_MAX = 240;

/** Longest `host:port` that a slot holds: names of hosts have at most 255 bytes (RFC 1035). */
export const HOST_BYTES_MAX = 264;

/** Leadership of this node: written by main. */
export const LEADERSHIP = {
  flags: 0,
  term: 1,
  leaseUntilMs: 3,
  promotedAtMs: 5,
  /** 0, as in memory that is not written yet: null. No machine has run since 1970. */
  clockOffsetMs: 7,
  words: 9,
} as const;

export const LEADERSHIP_FLAG = { leading: 1, forced: 2, ready: 4 } as const;

/** The store that holds the slot, and the settings that judge its values: written by main. */
export const SETTINGS = {
  generation: 0,
  threshold: 1,
  maxAgeMs: 3,
  setThreshold: 5,
  setThresholdUntilMs: 7,
  words: 9,
} as const;

/** Longest list of domains that a slot holds: the name of one has at most 32 characters. */
export const DOMAINS_BYTES_MAX = 128;

/** Health of the store at leaders that share a domain: written by main. */
export const PEERS = {
  unhealthyUntilMs: 0,
  domainsBytes: 2,
  domains: 3,
  words: 3 + DOMAINS_BYTES_MAX / 4,
} as const;

/** The latest measurement: written by the probe worker that owns the store. */
export const MEASUREMENT = {
  generation: 0,
  state: 1,
  term: 2,
  value: 4,
  readAtMs: 6,
  lastHealthyMs: 8,
  sinceMs: 10,
  textBytes: 12,
  text: 13,
  hostBytes: 13 + TEXT_BYTES_MAX / 4,
  host: 14 + TEXT_BYTES_MAX / 4,
  words: 14 + (TEXT_BYTES_MAX + HOST_BYTES_MAX) / 4,
} as const;

/**
 * Since when low-priority apps are held off the store: one 64-bit atomic, on an even word, that any
 * HTTP worker stores.
 */
const HOLD_WORDS = 2;

const leadershipWords = evenUp(groupWords(LEADERSHIP.words));
const slotWords = evenUp(
  HOLD_WORDS + groupWords(SETTINGS.words) + groupWords(PEERS.words) + groupWords(MEASUREMENT.words),
);

export const LEADERSHIP_AT = 0;

export function holdAt(slot: number): number {
  return leadershipWords + slot * slotWords;
}

export function settingsAt(slot: number): number {
  return holdAt(slot) + HOLD_WORDS;
}

export function peersAt(slot: number): number {
  return settingsAt(slot) + groupWords(SETTINGS.words);
}

export function measurementAt(slot: number): number {
  return peersAt(slot) + groupWords(PEERS.words);
}

/** Size of a board of that many slots, in bytes. */
export function boardBytes(slots: number): number {
  return holdAt(slots) * Int32Array.BYTES_PER_ELEMENT;
}

function evenUp(words: number): number {
  return words + (words & 1);
}
