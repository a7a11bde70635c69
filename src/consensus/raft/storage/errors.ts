/** What is wrong with the files of a log, and how an operator learns of it. */
import { FrenoError, messageOf } from '../../../base/errors.js';
import type { SqlRow } from './connection.js';
import type { FILE_SUFFIXES } from './log-file.js';

/** Which of the files is at fault: what its name has behind that of the database. */
export type FileSuffix = (typeof FILE_SUFFIXES)[number];

/** What is wrong with a log, in words. */
export class DamagedLogError extends Error {
  override readonly name = 'DamagedLogError';

  constructor(
    message: string,
    readonly suffix: FileSuffix = '',
  ) {
    super(message);
  }
}

/** Throws `DamagedLogError` for what is no number of entries, terms or milliseconds. */
export function integer(row: SqlRow, column: string): number {
  const value = row[column];
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw new DamagedLogError(`${column} is ${value}`);
}

const WAY_OUT =
  'stop this node, empty its RaftDataDir and start it again: the other nodes give it their data ' +
  '(docs/raft.md, "Lost or damaged disks")';

export function inUseError(path: string): FrenoError {
  return new FrenoError(
    'RESOURCE',
    `RaftDataDir: ${path} is in use by another process; stop that one, or name another directory`,
  );
}

/** Says what is wrong with the file at `path`, whatever was thrown. */
export function storageError(path: string, error: unknown): FrenoError {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'SQLITE_BUSY' || code === 'SQLITE_LOCKED') return inUseError(path);
  const isDamaged =
    error instanceof DamagedLogError || code === 'SQLITE_CORRUPT' || code === 'SQLITE_NOTADB';
  const message = messageOf(error);
  if (isDamaged) {
    const file = error instanceof DamagedLogError ? `${path}${error.suffix}` : path;
    return new FrenoError('RESOURCE', `${file} is damaged (${message}): ${WAY_OUT}`, {
      cause: error,
    });
  }
  if (error instanceof FrenoError && message.includes(path)) return error;
  return new FrenoError('RESOURCE', `${path} cannot be used: ${message}`, { cause: error });
}
