/** The JSON reader: what it accepts and refuses; its messages quote no text. */
import { expect } from 'chai';
import { JsonSyntaxError, readJson } from '../../src/config/json.js';

function mistake(text: string): string {
  try {
    readJson(text);
  } catch (error) {
    if (error instanceof JsonSyntaxError) return error.message;
    throw error;
  }
  throw new Error('the text was accepted');
}

describe('reading JSON', () => {
  const documents = [
    '{}',
    ' [ ] ',
    '{"a": {"b": [1, -2.5e+3, 0, 0.25, true, false, null, "x\\u00e9\\n\\"\\\\/"]}}',
    '"text"',
    '\r\n\t{"é": "\u2028 \u007f"}\n',
    '{"": [[], [{}]]}',
    '1E2',
  ];
  for (const text of documents) {
    it(`reads ${JSON.stringify(text)} as JSON.parse does`, () => {
      expect(readJson(text).value).to.deep.equal(JSON.parse(text));
    });
  }

  it('reads a string of a megabyte', () => {
    const long = 'x'.repeat(1_000_000);
    expect(readJson(JSON.stringify([long])).value).to.deep.equal([long]);
  });

  it('ignores a byte order mark', () => {
    expect(readJson('\uFEFF{"a":1}').value).to.deep.equal({ a: 1 });
  });

  it('reports keys that are set twice, and uses the last one', () => {
    const { value, repeatedKeys } = readJson('{"a": 1,\n "b": 2,\n "a": 3}');
    expect(value).to.deep.equal({ b: 2, a: 3 });
    expect(repeatedKeys).to.deep.equal(['line 3: "a"']);
  });

  const mistakes: ReadonlyArray<readonly [text: string, message: string]> = [
    ['{"a": 1,\n "b": 2,\n}', 'line 2, column 8: trailing comma: no comma is allowed before "}"'],
    ['[1, 2, ]', 'line 1, column 6: trailing comma: no comma is allowed before "]"'],
    ['{"a": 1\n "b": 2}', 'line 2, column 2: expected "," or "}"'],
    ['[1 2]', 'line 1, column 4: expected "," or "]"'],
    ['{"a" 1}', 'line 1, column 6: expected a colon after the key'],
    ['{a: 1}', 'line 1, column 2: expected a key in double quotes'],
    ['{"a": \'x\'}', 'line 1, column 7: expected double quotes around a string'],
    ['{"a": x}', 'line 1, column 7: expected a value (strings in double quotes)'],
    ['{"a": truely}', 'line 1, column 7: expected a value (strings in double quotes)'],
    ['{"a": 01}', 'line 1, column 7: malformed number'],
    ['{"a": .5}', 'line 1, column 7: malformed number'],
    ['{"a": 1.}', 'line 1, column 7: malformed number'],
    ['{"a": +1}', 'line 1, column 7: malformed number'],
    ['{\n  // why\n  "a": 1}', 'line 2, column 3: comments are not allowed in JSON'],
    ['{"a": 1 /* why */}', 'line 1, column 9: comments are not allowed in JSON'],
    ['{"a": # why\n1}', 'line 1, column 7: comments are not allowed in JSON'],
    [
      '{"a": {"b": 1}',
      'line 1, column 15: unexpected end of file: the "{" of line 1 is not closed',
    ],
    ['{"a": [\n1,\n2', 'line 3, column 2: unexpected end of file: the "[" of line 1 is not closed'],
    ['', 'line 1, column 1: unexpected end of file, expected a value'],
    ['{"a":', 'line 1, column 6: unexpected end of file, expected a value'],
    ['{"a": 1,', 'line 1, column 9: unexpected end of file, expected a key'],
    ['{} {}', 'line 1, column 4: unexpected text after the end of the document'],
    ['{"a": "x\n"}', 'line 1, column 7: unterminated string: no closing quote on this line'],
    ['{"a": "x', 'line 1, column 7: unterminated string: no closing quote on this line'],
    [
      '{"a": "C:\\dir"}',
      'line 1, column 10: unknown escape in a string; write a backslash as \\\\',
    ],
    ['{"a": "\t"}', 'line 1, column 8: control character in a string; write a tab as \\t'],
    ['{"__proto__": {}}', 'line 1, column 2: the key __proto__ is not allowed'],
    ['['.repeat(70), 'line 1, column 66: nested deeper than 64 levels'],
  ];
  for (const [text, message] of mistakes) {
    it(`finds the mistake in ${JSON.stringify(text.slice(0, 30))}`, () => {
      expect(mistake(text)).to.equal(message);
    });
  }

  it('never quotes the text around a mistake', () => {
    for (let cut = 0; cut < 40; cut++) {
      const text = '{"User": "u", "Password": "sesame-opens" "Port": 1}';
      expect(mistake(text.slice(0, cut))).to.not.contain('sesame');
    }
    expect(mistake('{"Password": sesame}')).to.not.contain('sesame');
    expect(mistake('{"Password": "sesame\\q"}')).to.not.contain('sesame');
  });
});
