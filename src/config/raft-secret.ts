/** The secret that the nodes of a Raft cluster share, as the configuration or a file gives it. */
import { readFile } from 'node:fs/promises';
import { FrenoError } from '../base/errors.js';
import { readFailure } from './file-errors.js';

/**
 * Characters of a secret, at least. Who sees a handshake can try any number of secrets against it:
 * one must be drawn, not thought up. 32 hexadecimal digits are 128 bits.
 */
const SECRET_LENGTH_MIN = 32;

/** The one in use, and one before or after it while it is changed. */
const SECRETS_MAX = 2;

/** `accept`: a node that does not prove that it knows the secret is a peer nevertheless. */
export type PeerProofMode = 'accept' | 'require';

/** One of `value` and `file` is empty. */
export interface RaftSecretSettings {
  readonly value: string;
  readonly file: string;
  readonly mode: PeerProofMode;
}

/** What is wrong with the text of a file of secrets; null: nothing is. Quotes nothing of it. */
export function secretsProblem(text: string): string | null {
  const secrets = linesOf(text);
  if (secrets.length === 0) return 'contains no secret';
  if (secrets.length > SECRETS_MAX) {
    return `has ${secrets.length} lines: ${SECRETS_MAX} secrets at most, one a line`;
  }
  const short = secrets.findIndex((secret) => secret.length < SECRET_LENGTH_MIN);
  if (short === -1) return null;
  return (
    `line ${short + 1} has fewer than ${SECRET_LENGTH_MIN} characters; ` +
    'make a secret with: openssl rand -hex 32'
  );
}

/** The secrets, the one in use first. Rejects with `CONFIG`. */
export async function readSecrets({ value, file }: RaftSecretSettings): Promise<string[]> {
  const text = file === '' ? value : await readText(file);
  const problem = secretsProblem(text);
  if (problem !== null) {
    const what = file === '' ? `RaftSecret: ${problem}` : `RaftSecretFile: ${file} ${problem}`;
    throw new FrenoError('CONFIG', what);
  }
  return linesOf(text);
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new FrenoError('CONFIG', `RaftSecretFile: ${file} cannot be read: ${readFailure(error)}`);
  }
}

function linesOf(text: string): string[] {
  const lines = text.split('\n').map((line) => line.trim());
  return lines.filter((line) => line !== '');
}
