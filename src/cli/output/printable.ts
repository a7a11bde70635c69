/**
 * Text of others for a terminal. Clients choose the names of apps: an escape sequence in one must
 * not reach the terminal of an operator, where it could move the cursor or change the title.
 */

/** Control characters of ASCII and Latin-1, and those that change the direction of text. */
const UNSAFE = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

/** The text with each unsafe character as `\x1b` or `\u202e`. */
export function printable(text: string): string {
  return text.replace(UNSAFE, (character) => {
    const code = character.charCodeAt(0).toString(16);
    return code.length > 2 ? `\\u${code.padStart(4, '0')}` : `\\x${code.padStart(2, '0')}`;
  });
}
