/** The token that a command sends: from the file of `--token-file`, or `FRENO_TOKEN`. */
import { readFileSync } from 'node:fs';
import { messageOf } from '../../base/errors.js';
import { usageFailure } from '../exit-codes.js';

/** As RFC 6750 has it (section 2.1): anything else could not stand in a header. */
const TOKEN = /^[A-Za-z0-9._~+/-]{1,512}=*$/;

/** Undefined: none. Throws a usage failure, which does not show the token. */
export function tokenOf(file: string | undefined): string | undefined {
  const [source, text] =
    file === undefined
      ? ['FRENO_TOKEN', process.env.FRENO_TOKEN ?? '']
      : [`--token-file ${file}`, textOf(file)];
  const token = text.trim();
  if (token === '' && file === undefined) return undefined;
  if (!TOKEN.test(token)) throw usageFailure(`${source}: has no token, or more than a token`);
  return token;
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw usageFailure(`--token-file: ${messageOf(error)}`);
  }
}
