/** Why a file cannot be read, in the words of the system's own tools (`strerror`). */
import { messageOf } from '../base/errors.js';

const KNOWN: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EACCES: 'permission denied',
  EISDIR: 'is a directory',
};

/** What follows "cannot be read: ". */
export function readFailure(error: unknown): string {
  return KNOWN[codeOf(error)] ?? messageOf(error);
}

/** The code of a system error; empty when it has none. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
