/** Words that make an operator or a reader translate. The field has plainer ones. */

interface BannedWord {
  readonly pattern: RegExp;
  readonly instead: string;
}

const BANNED: readonly BannedWord[] = [
  word('whom', 'name the node, thread or client'),
  word('whoever|whosoever', 'name the node, thread or client'),
  word('those who', 'name the nodes, threads or clients'),
  word('told|tells', 'reported, says, shows'),
  word('anew', 'again'),
  word('of late', 'recently'),
  word('in (?:its|their) stead', 'instead'),
  word('nonsense', 'malformed'),
  word('takes? (?:no )?part|taking part|took part', 'participate, stopped participating'),
  word('signs? of life', 'unresponsive'),
  word('nobody', 'no node, no thread'),
  word('keep it by', 'keep it with'),
  word('fits? into|fitting into', 'fit in'),
  word('the way over', 'in transit'),
  word('leads? no (?:longer|more)', 'lost leadership'),
  word('forth and back|to and fro', 'back and forth, round trip'),
  word('speaks? of', 'refers to'),
  word('means? by', 'refers to'),
  word('on (?:its|their) way', 'in flight'),
  word('under way', 'in progress'),
  word('patience|luck|weather', 'the technical term'),
];

/** The banned words in a text, each with what to write instead. */
export function bannedWordsIn(text: string): string[] {
  return BANNED.flatMap(({ pattern, instead }) => {
    const found = pattern.exec(text);
    return found === null ? [] : [`"${found[0]}": write ${instead}`];
  });
}

function word(alternatives: string, instead: string): BannedWord {
  return { pattern: new RegExp(`\\b(?:${alternatives})\\b`, 'i'), instead };
}
