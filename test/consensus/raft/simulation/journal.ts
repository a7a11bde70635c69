/**
 * What happened, in order: always as a digest (equal for equal runs), on demand as lines that a
 * person can read.
 */

/** Lines kept: the last ones are those that explain a failure. */
const LINES_MAX = 4_000;

export class Journal {
  #digest = 0x811c9dc5;
  #events = 0;
  #lines: string[] = [];
  readonly #keepsLines: boolean;

  constructor(keepsLines: boolean) {
    this.#keepsLines = keepsLines;
  }

  /** `text` is asked only when lines are kept. */
  note(atMs: number, node: string, number: number, text: () => string): void {
    this.#events++;
    this.#mix(Math.round(atMs * 1_000));
    this.#mix(node.charCodeAt(0));
    this.#mix(number);
    if (!this.#keepsLines) return;
    this.#lines.push(`${atMs.toFixed(3).padStart(10)} ${node}  ${text()}`);
    if (this.#lines.length > 2 * LINES_MAX) this.#lines = this.#lines.slice(-LINES_MAX);
  }

  #mix(number: number): void {
    this.#digest = Math.imul(this.#digest ^ (number | 0), 0x01000193) >>> 0;
  }

  get digest(): string {
    return `${this.#digest.toString(16)}-${this.#events}`;
  }

  get lines(): readonly string[] {
    return this.#lines.slice(-LINES_MAX);
  }
}
