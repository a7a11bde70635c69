/**
 * Where each field of the board lies in its shared memory, in words of 32 bits. A number of 64 bits
 * takes two.
 */
import { groupWords } from './double-buffer.js';

/** Stores that fit on a board; the configuration allows no more. */
export const STORES_MAX = 4096;

/** Longest error text kept, in bytes of UTF-8. */
export const TEXT_BYTES_MAX = 240;

/** Who leads: written by main. */
export const LEADERSHIP = {
  flags: 0,
  term: 1,
  leaseUntilMs: 3,
  promotedAtMs: 5,
  /** 0, as in memory that nobody has written yet: null. No machine has run since 1970. */
  clockOffsetMs: 7,
  words: 9,
} as const;

export const LEADERSHIP_FLAG = { leading: 1, forced: 2, ready: 4 } as const;

/** Which store holds the slot and what judges its values: written by main. */
export const SETTINGS = { generation: 0, threshold: 1, maxAgeMs: 3, words: 5 } as const;

/** What leaders that share a domain say of the store: written by main. */
export const PEERS = { unhealthyUntilMs: 0, words: 2 } as const;

/** The latest measurement: written by the probe worker that owns the store. */
export const MEASUREMENT = {
  generation: 0,
  state: 1,
  term: 2,
  value: 4,
  readAtMs: 6,
  lastHealthyMs: 8,
  textBytes: 10,
  text: 11,
  words: 11 + TEXT_BYTES_MAX / 4,
} as const;

/** The low-priority mark: one 64-bit atomic on an even word, which any HTTP worker stores. */
const MARK_WORDS = 2;

const leadershipWords = evenUp(groupWords(LEADERSHIP.words));
const slotWords = evenUp(
  MARK_WORDS + groupWords(SETTINGS.words) + groupWords(PEERS.words) + groupWords(MEASUREMENT.words),
);

export const LEADERSHIP_AT = 0;

export function markAt(slot: number): number {
  return leadershipWords + slot * slotWords;
}

export function settingsAt(slot: number): number {
  return markAt(slot) + MARK_WORDS;
}

export function peersAt(slot: number): number {
  return settingsAt(slot) + groupWords(SETTINGS.words);
}

export function measurementAt(slot: number): number {
  return peersAt(slot) + groupWords(PEERS.words);
}

/** Size of a board for that many stores, in bytes. */
export function boardBytes(stores: number): number {
  return markAt(stores) * Int32Array.BYTES_PER_ELEMENT;
}

function evenUp(words: number): number {
  return words + (words & 1);
}
