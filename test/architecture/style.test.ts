/** The style that a formatter does not hold: widths, sizes, names, words. */
import { expectNone } from '../support/expect-none.js';
import { tokensOf } from '../support/lexer.js';
import { filesIn, readFromRoot, sourceFiles } from '../support/sources.js';
import { bannedWordsIn } from './banned-words.js';

const COLUMNS_MAX = 100;
const FILE_LINES_MAX = 400;

/** This file's neighbour lists the words. */
const WORD_LIST = 'test/architecture/banned-words.ts';

const OUR_CODE = ['src', 'workers', 'test', 'bench'];

interface Line {
  readonly place: string;
  readonly text: string;
}

function linesOf(file: string): Line[] {
  const lines = readFromRoot(file).split('\n');
  return lines.map((text, index) => ({ place: `${file}:${index + 1}`, text }));
}

/** The lines between the fences of code blocks. */
function codeLinesOf(page: string): Line[] {
  let isCode = false;
  return linesOf(page).filter(({ text }) => {
    const isFence = /^\s*(?:```|~~~)/.test(text);
    if (isFence) isCode = !isCode;
    return isCode && !isFence;
  });
}

function isLong({ text }: Line): boolean {
  return [...text].length > COLUMNS_MAX;
}

describe('the style of the tree', () => {
  const pages = ['README.md', ...filesIn(['docs'], /\.md$/)];

  it(`keeps lines of code at ${COLUMNS_MAX} columns`, () => {
    const files = [...sourceFiles(...OUR_CODE), ...filesIn(['proto'], /\.(?:proto|mjs|ts)$/)];
    expectNone(
      files
        .flatMap(linesOf)
        .filter(isLong)
        .map(({ place }) => place),
    );
  });

  it(`keeps code in documents at ${COLUMNS_MAX} columns`, () => {
    expectNone(
      pages
        .flatMap(codeLinesOf)
        .filter(isLong)
        .map(({ place }) => place),
    );
  });

  it(`keeps files of src at ${FILE_LINES_MAX} lines: a longer one has a second subject`, () => {
    const long = sourceFiles('src').filter((file) => linesOf(file).length > FILE_LINES_MAX + 1);
    expectNone(long);
  });

  it('names each type once, so that a search finds one definition', () => {
    const places = new Map<string, string[]>();
    for (const { place, text } of sourceFiles(...OUR_CODE).flatMap(linesOf)) {
      const name = TYPE.exec(text)?.[1];
      if (name !== undefined) places.set(name, [...(places.get(name) ?? []), place]);
    }
    const repeated = [...places].filter(([, found]) => found.length > 1);
    expectNone(repeated.map(([name, found]) => `${name}: ${found.join(', ')}`));
  });

  it('has plain words in the comments and strings of the code', () => {
    const files = sourceFiles(...OUR_CODE).filter((file) => file !== WORD_LIST);
    expectNone(
      files.flatMap((file) =>
        tokensOf(readFromRoot(file))
          .filter(({ kind }) => kind !== 'code')
          .flatMap(({ line, text }) => bannedWordsIn(text).map((no) => `${file}:${line}: ${no}`)),
      ),
    );
  });

  it('has plain words in documents and resources', () => {
    const files = [...pages, ...filesIn(['resources'], /\.(?:md|ya?ml|cfg|service|pm|json)$/)];
    const lines = files.flatMap(linesOf);
    expectNone(
      lines.flatMap(({ place, text }) => bannedWordsIn(text).map((no) => `${place}: ${no}`)),
    );
  });
});

/** A definition of a type; generated declarations and `import { type … }` do not match. */
const TYPE =
  /^\s*(?:export |declare |abstract )*(?:class|interface|enum|type) (\w+)(?=\s*(?:[<={]|\w+ ))/;
