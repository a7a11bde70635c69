/**
 * A strict JSON reader (RFC 8259). `JSON.parse` does not serve here: its messages quote the text
 * around a mistake, which may be a password, and give no line; and of two equal keys it drops the
 * first without a warning.
 */

const DEPTH_MAX = 64;

const BLANKS = /[ \t\r\n]*/y;
/**
 * What may stand between the quotes of a string: runs of plain characters, with escapes between
 * them.
 */
const STRING_BODY = /[ !#-[\]-\uffff]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[ !#-[\]-\uffff]*)*/y;

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.+-])/y;
const WORD = /(?:true|false|null)(?!\w)/y;

/** A mistake in the text. The message gives line and column, and quotes nothing but punctuation. */
export class JsonSyntaxError extends Error {
  override readonly name = 'JsonSyntaxError';
}

export interface JsonDocument {
  readonly value: unknown;
  /** Keys that an object has twice (the last one is used), as `line 3: "a"`. */
  readonly repeatedKeys: readonly string[];
}

/** Reads one document. Throws `JsonSyntaxError` at the first mistake. */
export function readJson(text: string): JsonDocument {
  return new JsonReader(text).document();
}

class JsonReader {
  readonly #text: string;
  readonly #repeatedKeys: string[] = [];
  #at: number;

  constructor(text: string) {
    this.#text = text;
    this.#at = text.startsWith('\uFEFF') ? 1 : 0;
  }

  document(): JsonDocument {
    const value = this.#value(0);
    this.#skipBlanks();
    if (this.#at < this.#text.length) this.#fail('unexpected text after the end of the document');
    return { value, repeatedKeys: this.#repeatedKeys };
  }

  #value(depth: number): unknown {
    this.#skipBlanks();
    if (depth > DEPTH_MAX) this.#fail(`nested deeper than ${DEPTH_MAX} levels`);
    const first = this.#text[this.#at];
    if (first === '{') return this.#object(depth);
    if (first === '[') return this.#list(depth);
    if (first === '"') return this.#string();
    const literal = this.#take(NUMBER) ?? this.#take(WORD);
    return literal === null ? this.#fail(this.#whyNoValue()) : JSON.parse(literal);
  }

  #object(depth: number): Record<string, unknown> {
    const object: Record<string, unknown> = {};
    this.#items('{', '}', () => {
      const keyAt = this.#at;
      if (this.#text[keyAt] !== '"') this.#fail(this.#whyNoKey());
      const key = this.#string();
      if (key === '__proto__') this.#fail('the key __proto__ is not allowed', keyAt);
      if (Object.hasOwn(object, key)) {
        this.#repeatedKeys.push(`line ${this.#lineOf(keyAt)}: ${JSON.stringify(key)}`);
      }
      this.#skipBlanks();
      if (this.#text[this.#at] !== ':') this.#fail('expected a colon after the key');
      this.#at++;
      object[key] = this.#value(depth + 1);
    });
    return object;
  }

  #list(depth: number): unknown[] {
    const list: unknown[] = [];
    this.#items('[', ']', () => {
      list.push(this.#value(depth + 1));
    });
    return list;
  }

  /** What stands between `open` and `close`, with commas between the items. */
  #items(open: string, close: string, readItem: () => void): void {
    const openedAt = this.#at++;
    this.#skipBlanks();
    if (this.#text[this.#at] === close) {
      this.#at++;
      return;
    }
    for (;;) {
      readItem();
      this.#skipBlanks();
      const separator = this.#text[this.#at];
      if (separator === close) break;
      if (separator === undefined) {
        this.#fail(
          `unexpected end of file: the "${open}" of line ${this.#lineOf(openedAt)} is not closed`,
        );
      }
      if (separator !== ',') this.#fail(this.#commentHere() ?? `expected "," or "${close}"`);
      const commaAt = this.#at++;
      this.#skipBlanks();
      if (this.#text[this.#at] === close) {
        this.#fail(`trailing comma: no comma is allowed before "${close}"`, commaAt);
      }
    }
    this.#at++;
  }

  #string(): string {
    const openedAt = this.#at++;
    this.#take(STRING_BODY);
    if (this.#text[this.#at] !== '"') this.#failInString(openedAt);
    this.#at++;
    return JSON.parse(this.#text.slice(openedAt, this.#at)) as string;
  }

  /** Names the character that no string may contain. */
  #failInString(openedAt: number): never {
    const bad = this.#text[this.#at];
    if (bad === '\\') this.#fail('unknown escape in a string; write a backslash as \\\\');
    if (bad === undefined || bad === '\n' || bad === '\r') {
      this.#fail('unterminated string: no closing quote on this line', openedAt);
    }
    this.#fail('control character in a string; write a tab as \\t');
  }

  #whyNoValue(): string {
    const first = this.#text[this.#at];
    if (first === undefined) return 'unexpected end of file, expected a value';
    if (first === "'") return 'expected double quotes around a string';
    if (/[-+.\d]/.test(first)) return 'malformed number';
    return this.#commentHere() ?? 'expected a value (strings in double quotes)';
  }

  #whyNoKey(): string {
    if (this.#at >= this.#text.length) return 'unexpected end of file, expected a key';
    return this.#commentHere() ?? 'expected a key in double quotes';
  }

  #commentHere(): string | null {
    return /[/#]/.test(this.#text[this.#at] ?? '') ? 'comments are not allowed in JSON' : null;
  }

  #take(pattern: RegExp): string | null {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match === null) return null;
    this.#at = pattern.lastIndex;
    return match[0];
  }

  #skipBlanks(): void {
    this.#take(BLANKS);
  }

  #lineOf(at: number): number {
    return this.#text.slice(0, at).split('\n').length;
  }

  #fail(what: string, at = this.#at): never {
    const column = at - this.#text.lastIndexOf('\n', at - 1);
    throw new JsonSyntaxError(`line ${this.#lineOf(at)}, column ${column}: ${what}`);
  }
}
