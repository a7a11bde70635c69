/**
 * The messages that operators see, found in the sources: the texts in calls of a logger, in errors,
 * and in what the configuration refuses. A new message is found without being entered anywhere.
 */
import { type Token, tokensOf } from '../support/lexer.js';
import { readFromRoot } from '../support/sources.js';

export interface OperatorMessage {
  readonly file: string;
  readonly line: number;
  /** Values that the code fills in are `…`. */
  readonly text: string;
}

/** The end of code that calls something with a message for operators. */
const CALLS: readonly RegExp[] = [
  /(?:[lL]og|[lL]ogger|[fF]aults|[tT]ransitions)\s*\.(?:error|warn|info|debug)\($/,
  /\bnew \w*(?:Error|Failure)\($/,
  /(?:\bwrong|\.problem|\.warning|#problem|#warn|#fail|#failure|\bwarn|\bnotify)\($/,
  /\bstderr\.write\($/,
];

/** Of one file, in its order. */
export function messagesOf(file: string): OperatorMessage[] {
  const tokens = tokensOf(readFromRoot(file)).filter(({ kind }) => kind !== 'comment');
  const messages: OperatorMessage[] = [];
  let code = '';
  /** Depth of parentheses at which the calls that the tokens are in were opened. */
  const calls: number[] = [];
  let depth = 0;
  for (const token of tokens) {
    if (token.kind === 'string') {
      if (calls.length > 0 && isText(token)) {
        messages.push({ file, line: token.line, text: token.text });
      }
      code = '';
      continue;
    }
    for (const character of token.text) {
      code = (code + character).slice(-80);
      if (character === '(') {
        depth++;
        if (CALLS.some((call) => call.test(code))) calls.push(depth);
      } else if (character === ')') {
        if (calls.at(-1) === depth) calls.pop();
        depth--;
      }
    }
  }
  return messages;
}

/** A code or a key is one word; a message has several. */
function isText({ text }: Token): boolean {
  return /\S\s+\S/.test(text);
}
