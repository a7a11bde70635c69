/**
 * A long text in pieces. As one string its letters would be gathered in one go, which takes tens of
 * milliseconds of a thread where there are many.
 */

/** Characters of a piece, less than those that were added last. */
export const PIECE_LENGTH = 64 * 1024;

export class TextPieces {
  readonly #full: string[] = [];
  #last = '';

  add(text: string): void {
    this.#last += text;
    if (this.#last.length < PIECE_LENGTH) return;
    this.#full.push(this.#last);
    this.#last = '';
  }

  /** At least one. */
  get all(): readonly string[] {
    return [...this.#full, this.#last];
  }
}
