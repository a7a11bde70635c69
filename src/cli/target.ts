/** Which app asks for which store: the words `[APP] STORE` of a command line. */
import { usageFailure } from './exit-codes.js';

export interface StoreName {
  readonly type: string;
  readonly name: string;
}

export interface CheckTarget {
  readonly app: string;
  readonly store: StoreName;
}

const DEFAULT_TYPE = 'mysql';

const NAME_LENGTH_MAX = 1_024;

/**
 * The target of two words, or of one with `--app` or `FRENO_APP`. Throws a usage failure.
 * `given`: the value of `--app`.
 */
export function targetOf(words: readonly string[], given: string | undefined): CheckTarget {
  if (words.length === 0) throw usageFailure('no store: write APP STORE');
  if (words.length > 2) throw usageFailure(`unexpected argument ${JSON.stringify(words[2])}`);
  const [first, second] = words as readonly [string, string?];
  if (second !== undefined) {
    if (given !== undefined) throw usageFailure('--app: APP is given twice');
    return { app: appOf('APP', first), store: storeOf(second) };
  }
  const store = storeOf(first);
  if (given !== undefined) return { app: appOf('--app', given), store };
  const { FRENO_APP = '' } = process.env;
  if (FRENO_APP !== '') return { app: appOf('FRENO_APP', FRENO_APP), store };
  throw usageFailure('no app: write APP STORE, or set --app or FRENO_APP');
}

/** `main1` and `mysql/main1` are the same store. Throws a usage failure. */
export function storeOf(word: string): StoreName {
  const slash = word.indexOf('/');
  const type = slash === -1 ? DEFAULT_TYPE : word.slice(0, slash);
  const name = word.slice(slash + 1);
  if (!isSegment(type) || !isSegment(name)) {
    throw usageFailure(`${JSON.stringify(word)} is no store: write NAME or mysql/NAME`);
  }
  return { type, name };
}

/** As the server names it in its lists. */
export function storeText({ type, name }: StoreName): string {
  return `${type}/${name}`;
}

/**
 * The name of an app. It has no slash, since `app/store` names the entry of one store, and is no
 * dot segment, which would change the path of the request however it is encoded.
 */
export function appOf(source: string, name: string): string {
  if (isSegment(name)) return name;
  throw usageFailure(`${source}: ${JSON.stringify(name)} is no name of an app`);
}

/** Whether the name can be a segment of a path; the server refuses longer ones. */
function isSegment(name: string): boolean {
  const isDots = name === '.' || name === '..';
  return name !== '' && !isDots && !name.includes('/') && name.length <= NAME_LENGTH_MAX;
}
