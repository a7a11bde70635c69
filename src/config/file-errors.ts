/** Why a file cannot be read, in words for the author of the configuration. */
import { messageOf } from '../base/errors.js';

const KNOWN: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'permission denied',
  EISDIR: 'it is a directory',
};

/** What follows "cannot be read: ". */
export function readFailure(error: unknown): string {
  return KNOWN[codeOf(error)] ?? messageOf(error);
}

/** The code of an error of the system; empty: it has none. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
