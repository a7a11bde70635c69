/** The JSON reader: what it takes, what it refuses, and that it quotes nothing. */
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

  it('overlooks a byte order mark', () => {
    expect(readJson('\uFEFF{"a":1}').value).to.deep.equal({ a: 1 });
  });

  it('names keys given twice, and lets the later one count', () => {
    const { value, repeatedKeys } = readJson('{"a": 1,\n "b": 2,\n "a": 3}');
    expect(value).to.deep.equal({ b: 2, a: 3 });
    expect(repeatedKeys).to.deep.equal(['line 3: "a"']);
  });

  const mistakes: ReadonlyArray<readonly [text: string, message: string]> = [
    ['{"a": 1,\n "b": 2,\n}', 'line 2, column 8: trailing comma: no comma is allowed before "}"'],
    ['[1, 2, ]', 'line 1, column 6: trailing comma: no comma is allowed before "]"'],
    ['{"a": 1\n "b": 2}', 'line 2, column 2: "," or "}" is missing'],
    ['[1 2]', 'line 1, column 4: "," or "]" is missing'],
    ['{"a" 1}', 'line 1, column 6: a colon is missing after the key'],
    ['{a: 1}', 'line 1, column 2: a key in double quotes is expected here'],
    ['{"a": \'x\'}', 'line 1, column 7: strings are written in double quotes'],
    ['{"a": x}', 'line 1, column 7: a value is expected here (strings in double quotes)'],
    ['{"a": truely}', 'line 1, column 7: a value is expected here (strings in double quotes)'],
    ['{"a": 01}', 'line 1, column 7: malformed number'],
    ['{"a": .5}', 'line 1, column 7: malformed number'],
    ['{"a": 1.}', 'line 1, column 7: malformed number'],
    ['{"a": +1}', 'line 1, column 7: malformed number'],
    ['{\n  // why\n  "a": 1}', 'line 2, column 3: JSON has no comments'],
    ['{"a": 1 /* why */}', 'line 1, column 9: JSON has no comments'],
    ['{"a": # why\n1}', 'line 1, column 7: JSON has no comments'],
    ['{"a": {"b": 1}', 'line 1, column 15: the file ends before the "{" of line 1 is closed'],
    ['{"a": [\n1,\n2', 'line 3, column 2: the file ends before the "[" of line 1 is closed'],
    ['', 'line 1, column 1: the file ends where a value is expected'],
    ['{"a":', 'line 1, column 6: the file ends where a value is expected'],
    ['{"a": 1,', 'line 1, column 9: the file ends where a key is expected'],
    ['{} {}', 'line 1, column 4: there is text after the end of the document'],
    [
      '{"a": "x\n"}',
      'line 1, column 7: the string that begins here has no closing quote on its line',
    ],
    ['{"a": "x', 'line 1, column 7: the string that begins here has no closing quote on its line'],
    [
      '{"a": "C:\\dir"}',
      'line 1, column 10: unknown escape in a string; a backslash is written \\\\',
    ],
    ['{"a": "\t"}', 'line 1, column 8: control character in a string; a tab is written \\t'],
    ['{"__proto__": {}}', 'line 1, column 2: a key must not be called __proto__'],
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
