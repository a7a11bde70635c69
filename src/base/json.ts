/** JSON, numbers and times as Go writes them, so that bodies are the same byte for byte. */

/** With a meaning in HTML, or to a terminal: DEL, C1 controls, and those that turn text around. */
const MEANING_CHARACTERS = /[<>&\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g;

/** A string as JSON. Like Go, it escapes characters with a meaning in HTML; and all controls. */
export function jsonString(text: string): string {
  return JSON.stringify(text).replace(MEANING_CHARACTERS, escaped);
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/**
 * RFC 3339 in UTC without trailing zeros in the fraction. `unixMs` 0 is Go's zero time, which
 * stands for "no expiry".
 */
export function goTime(unixMs: number): string {
  if (unixMs === 0) return '0001-01-01T00:00:00Z';
  return new Date(unixMs).toISOString().replace(/\.?0*Z$/, 'Z');
}

/** As Go's `%.<decimals>f`: `toFixed` alone writes large numbers with an exponent. */
export function goFixed(value: number, decimals: number): string {
  return Math.abs(value) < 1e21
    ? value.toFixed(decimals)
    : `${BigInt(value)}.${'0'.repeat(decimals)}`;
}
