/**
 * The elements of a JSON array, each parsed by itself, so that a long list of a stranger does not
 * hold the thread: `JSON.parse` of some megabytes takes tens of milliseconds at once.
 */
import { TimeSlice } from '../../../base/time-slice.js';

/** Of one element. */
const ELEMENT_BYTES_MAX = 64 * 1024;

const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_LIST = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/**
 * Yields to the event loop in between. `null`, an empty list of Go, has no elements. Throws when
 * the text is not JSON, not a list, or has an element that is too long.
 */
export async function* jsonElements(text: Buffer): AsyncGenerator<unknown, void, void> {
  const slice = new TimeSlice();
  const first = afterBlanks(text, 0);
  if (text[first] !== OPEN_LIST) {
    if (parsed(text.subarray(first)) === null) return;
    throw new Error('the response is not a list');
  }
  let from = afterBlanks(text, first + 1);
  if (text[from] === CLOSE_LIST) {
    assertEnd(text, from + 1);
    return;
  }
  for (;;) {
    const to = endOfElement(text, from);
    yield parsed(text.subarray(from, to));
    if (slice.shouldYield) await slice.yield();
    if (text[to] === CLOSE_LIST) {
      assertEnd(text, to + 1);
      return;
    }
    from = to + 1;
  }
}

/** Index of the comma or bracket that ends the element. */
function endOfElement(text: Buffer, from: number): number {
  let depth = 0;
  let isInString = false;
  const endMax = Math.min(text.length, from + ELEMENT_BYTES_MAX);
  for (let at = from; at < endMax; at++) {
    const byte = text[at]!;
    if (isInString) {
      if (byte === BACKSLASH) at++;
      else if (byte === QUOTE) isInString = false;
      continue;
    }
    if (depth === 0 && (byte === COMMA || byte === CLOSE_LIST)) return at;
    if (byte === QUOTE) isInString = true;
    else if (byte === OPEN_LIST || byte === OPEN_OBJECT) depth++;
    else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) depth--;
  }
  throw endMax === text.length ? notJson() : new Error('an element of the list is too long');
}

function parsed(text: Buffer): unknown {
  if (text.length > ELEMENT_BYTES_MAX) throw new Error('the response is not a list');
  try {
    return JSON.parse(text.toString());
  } catch {
    throw notJson();
  }
}

function assertEnd(text: Buffer, from: number): void {
  if (afterBlanks(text, from) < text.length) throw notJson();
}

function afterBlanks(text: Buffer, from: number): number {
  let at = from;
  while (at < text.length && text[at]! <= 0x20) at++;
  return at;
}

function notJson(): Error {
  return new Error('the response is not JSON');
}
