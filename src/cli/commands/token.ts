/** `freno token create`: a token for a caller, and what the configuration has of it. */
import { createHash, randomBytes } from 'node:crypto';
import {
  type AccessRole,
  APP_PATTERN,
  STORE_PATTERN,
  TOKEN_NAME,
} from '../../base/access-names.js';
import { EXIT, usageFailure } from '../exit-codes.js';
import type { Output } from '../output/output.js';

export interface TokenOptions {
  readonly role: readonly AccessRole[];
  readonly app?: readonly string[];
  readonly store?: readonly string[];
}

/** As many as SHA-256 has: a token cannot be guessed, and its digest not be searched for. */
const RANDOM_BYTES = 32;

/** By which scanners of source code find a token that was published by mistake. */
const PREFIX = 'freno_';

/** Prints the token, which is kept nowhere. */
export async function createToken(
  output: Output,
  name: string,
  { role, app = ['*'], store = ['*'] }: TokenOptions,
): Promise<number> {
  if (!TOKEN_NAME.test(name)) {
    throw usageFailure('NAME: 1 to 64 letters, digits, "_", ".", "@", "+" and "-"');
  }
  for (const pattern of app) {
    if (!APP_PATTERN.test(pattern)) throw usageFailure(`--app: ${pattern} has a slash`);
  }
  const stores = store.map((pattern) =>
    pattern === '*' || pattern.includes('/') ? pattern : `mysql/${pattern}`,
  );
  for (const pattern of stores) {
    if (!STORE_PATTERN.test(pattern)) {
      throw usageFailure(`--store: ${pattern} is no TYPE/NAME such as mysql/main*`);
    }
  }
  const token = `${PREFIX}${randomBytes(RANDOM_BYTES).toString('base64url')}`;
  const entry = {
    Name: name,
    SHA256: createHash('sha256').update(token).digest('hex'),
    Roles: [...new Set(role)],
    Apps: app,
    Stores: stores,
  };
  if (output.isJson) {
    output.json({ Token: token, Entry: entry });
    return EXIT.ok;
  }
  output.lines(token, '', JSON.stringify(entry));
  output.note('the first line is the token: it is not shown again, give it to the caller');
  output.note('the last line goes into Access.Tokens of the configuration of every node');
  return EXIT.ok;
}
