/**
 * Splits TypeScript in comments, string literals and code. It is no parser: it knows what the rules
 * about words need, and nothing of types or syntax.
 */

export interface Token {
  readonly kind: 'comment' | 'string' | 'code';
  /** Of a comment or string: its contents, without delimiters; `${…}` of a template is `…`. */
  readonly text: string;
  readonly line: number;
}

/** Lines of `//` that follow each other are one comment. */
const COMMENT = /\/\*[\s\S]*?\*\/|\/\/[^\n]*(?:\n[ ]*\/\/[^\n]*)*/y;
const QUOTED = /'(?:\\[\s\S]|[^'\\\n])*'|"(?:\\[\s\S]|[^"\\\n])*"/y;
const REGEX = /\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[a-z]*/y;
const PLAIN = /[^'"`/{}]+|[\s\S]/y;

/** A slash after one of these begins a regular expression; after anything else it divides. */
const BEFORE_REGEX = /(?:^|[(,=:[!&|?{};+>]|\breturn|\bcase)\s*$/;

export function tokensOf(source: string): Token[] {
  return new Lexer(source).tokens();
}

class Lexer {
  readonly #source: string;
  readonly #tokens: Token[] = [];
  #at = 0;

  constructor(source: string) {
    this.#source = source;
  }

  tokens(): Token[] {
    while (this.#at < this.#source.length) this.#step();
    return this.#tokens;
  }

  #step(): void {
    const startAt = this.#at;
    if (this.#source[startAt] === '`') {
      this.#template();
      return;
    }
    const comment = this.#take(COMMENT);
    const quoted = comment === null ? this.#take(QUOTED) : null;
    if (comment !== null) this.#push('comment', commentText(comment), startAt);
    else if (quoted !== null) this.#push('string', quoted.slice(1, -1), startAt);
    else this.#push('code', this.#code(), startAt);
  }

  /** The text of the template first, then the tokens of its expressions. */
  #template(): void {
    const startAt = this.#at++;
    const slot = this.#tokens.length;
    let text = '';
    while (this.#source[this.#at] !== '`' && this.#at < this.#source.length) {
      if (this.#source.startsWith('${', this.#at)) {
        text += '…';
        this.#at += 2;
        this.#expression();
      } else {
        const length = this.#source[this.#at] === '\\' ? 2 : 1;
        text += this.#source.slice(this.#at, this.#at + length);
        this.#at += length;
      }
    }
    this.#at++;
    this.#tokens.splice(slot, 0, { kind: 'string', text, line: this.#lineOf(startAt) });
  }

  #expression(): void {
    for (let depth = 1; depth > 0 && this.#at < this.#source.length; ) {
      const first = this.#source[this.#at];
      if (first === '{') depth++;
      if (first === '}') depth--;
      this.#step();
    }
  }

  #code(): string {
    return (this.#mayBeRegex() ? this.#take(REGEX) : null) ?? this.#take(PLAIN)!;
  }

  #mayBeRegex(): boolean {
    if (this.#source[this.#at] !== '/') return false;
    return BEFORE_REGEX.test(this.#source.slice(Math.max(0, this.#at - 80), this.#at));
  }

  #take(pattern: RegExp): string | null {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#source);
    if (match === null) return null;
    this.#at = pattern.lastIndex;
    return match[0];
  }

  #push(kind: Token['kind'], text: string, startAt: number): void {
    this.#tokens.push({ kind, text, line: this.#lineOf(startAt) });
  }

  #lineOf(at: number): number {
    return this.#source.slice(0, at).split('\n').length;
  }
}

/** In one line, so that a phrase is found across the break of a line. */
function commentText(comment: string): string {
  return comment
    .replace(/^\/\*\*?|\*\/$|^\/\//g, '')
    .replace(/\n\s*(?:\*|\/\/) ?/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
}
