/**
 * JSON text to values, strictly as in RFC 8259. `JSON.parse` will not do here: it quotes the text
 * around a mistake, which may be a password, it does not tell the line, and it drops the first of
 * two equal keys in silence.
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
  /** Keys that an object has twice (the later one counted), as `line 3: "a"`. */
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
    if (this.#at < this.#text.length) this.#fail('there is text after the end of the document');
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
      if (key === '__proto__') this.#fail('a key must not be called __proto__', keyAt);
      if (Object.hasOwn(object, key)) {
        this.#repeatedKeys.push(`line ${this.#lineOf(keyAt)}: ${JSON.stringify(key)}`);
      }
      this.#skipBlanks();
      if (this.#text[this.#at] !== ':') this.#fail('a colon is missing after the key');
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
          `the file ends before the "${open}" of line ${this.#lineOf(openedAt)} is closed`,
        );
      }
      if (separator !== ',') this.#fail(this.#commentHere() ?? `"," or "${close}" is missing`);
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

  /** Here is what does not belong into a string. */
  #failInString(openedAt: number): never {
    const bad = this.#text[this.#at];
    if (bad === '\\') this.#fail('unknown escape in a string; a backslash is written \\\\');
    if (bad === undefined || bad === '\n' || bad === '\r') {
      this.#fail('the string that begins here has no closing quote on its line', openedAt);
    }
    this.#fail('control character in a string; a tab is written \\t');
  }

  #whyNoValue(): string {
    const first = this.#text[this.#at];
    if (first === undefined) return 'the file ends where a value is expected';
    if (first === "'") return 'strings are written in double quotes';
    if (/[-+.\d]/.test(first)) return 'malformed number';
    return this.#commentHere() ?? 'a value is expected here (strings in double quotes)';
  }

  #whyNoKey(): string {
    if (this.#at >= this.#text.length) return 'the file ends where a key is expected';
    return this.#commentHere() ?? 'a key in double quotes is expected here';
  }

  #commentHere(): string | null {
    return /[/#]/.test(this.#text[this.#at] ?? '') ? 'JSON has no comments' : null;
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
