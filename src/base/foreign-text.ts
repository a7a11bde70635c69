/** Texts that others send, in errors, in the log and in reports: never longer than this. */

const CHARS_MAX = 300;

/** The text, cut where it is longer than an operator would read. */
export function cutText(text: string, charsMax = CHARS_MAX): string {
  return text.length <= charsMax ? text : `${text.slice(0, charsMax)}… (${text.length} characters)`;
}
