/**
 * The file at the path of the log, before SQLite opens it: none, a log of ours, a Bolt file of the
 * original, or a foreign file. SQLite would fail on the last two with "file is not a database",
 * which does not say what to do.
 */
import { constants, type Stats } from 'node:fs';
import { access, type FileHandle, mkdir, open, rename, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { FrenoError, messageOf } from '../../../base/errors.js';
import type { Logger } from '../../../base/log.js';

/** Name of the log in `RaftDataDir`, as in the original. */
export const LOG_FILE = 'freno-raft.db';

/** The files of a log: what their names have behind that of the database. */
export const FILE_SUFFIXES = ['', '-wal', '-journal', '-synced'] as const;

/** "frno", in the header of each file that this program made. */
export const APPLICATION_ID = 0x66726e6f;

/**
 * SQLite's header: offset of the application id
 * (https://www.sqlite.org/fileformat.html#the_database_header).
 */
const APPLICATION_ID_OFFSET = 68;
const SQLITE_HEADER_BYTES = 100;
const SQLITE_MAGIC = 'SQLite format 3\0';

/** Bolt's meta page: a page header of 16 bytes, then this number in the machine's byte order. */
const BOLT_MAGIC = 0xed0cdaed;
const BOLT_MAGIC_OFFSET = 16;

type FileKind = 'absent' | 'ours' | 'bolt' | 'foreign';

/**
 * Creates the directory if it is missing, and makes sure that this process may write there. Throws
 * `RESOURCE`.
 */
export async function prepareDirectory(directory: string): Promise<void> {
  try {
    await makeDirectory(resolve(directory));
    await access(directory, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new FrenoError(
      'RESOURCE',
      `RaftDataDir: ${directory} cannot be used: ${messageOf(error)}; ` +
        "name a directory that freno's user may write to",
    );
  }
}

/**
 * With its parents. Not with `recursive`: where the system refuses a directory with ENOENT, as
 * below /proc, Node retries for ever and blocks a thread of libuv's pool.
 */
async function makeDirectory(directory: string): Promise<void> {
  if (await isDirectory(directory)) return;
  const parent = dirname(directory);
  if (parent !== directory) await makeDirectory(parent);
  try {
    await mkdir(directory, 0o700);
  } catch (error) {
    // Another process may have created it meanwhile.
    if (!(await isDirectory(directory))) throw error;
  }
}

/**
 * Refuses, at once, what SQLite would wait for or report as an "I/O error": a FIFO, a socket, a
 * directory in the place of one of the files. Throws `RESOURCE`.
 */
export async function requireFiles(path: string): Promise<void> {
  for (const suffix of FILE_SUFFIXES) {
    const name = `${path}${suffix}`;
    const found = await stat(name).catch(() => undefined);
    if (found === undefined || found.isFile()) continue;
    throw new FrenoError(
      'RESOURCE',
      `${name} is ${kindOfEntry(found)}, not a file: move it away, or name another RaftDataDir`,
    );
  }
}

function kindOfEntry(found: Stats): string {
  if (found.isDirectory()) return 'a directory';
  if (found.isFIFO()) return 'a FIFO';
  return found.isSocket() ? 'a socket' : 'a device';
}

async function isDirectory(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found?.isDirectory() === true;
}

/**
 * Makes sure that SQLite may open `path`: sets a file of the original aside with a warning, and
 * throws `RESOURCE` for anything else that is not a log of this program.
 */
export async function prepareFile(path: string, log: Logger): Promise<void> {
  const kind = await kindOf(path);
  if (kind === 'bolt') {
    const aside = await setAside(path);
    log.warn(
      { aside },
      `${path} is a Bolt file of the original freno: it is set aside, ` +
        'this node starts with an empty log',
    );
  }
  if (kind === 'ours') await requireWritable(path);
  if (kind === 'foreign') {
    throw new FrenoError(
      'RESOURCE',
      `${path} is not a log of freno: move it away, or name another RaftDataDir`,
    );
  }
}

/** SQLite would report no more than "disk I/O error". */
async function requireWritable(path: string): Promise<void> {
  try {
    await access(path, constants.R_OK | constants.W_OK);
  } catch (error) {
    throw new FrenoError(
      'RESOURCE',
      `${path} cannot be used: ${messageOf(error)}; freno's user must own what is in RaftDataDir`,
    );
  }
}

/** Reads the header; changes nothing. Throws `RESOURCE` when it cannot be read. */
async function kindOf(path: string): Promise<FileKind> {
  const header = await readHeader(path);
  // SQLite leaves an empty file when the process ends between creating and filling it.
  if (header === null || header.length === 0) return 'absent';
  if (isBolt(header)) return 'bolt';
  if (header.length < SQLITE_HEADER_BYTES) return 'foreign';
  // A power failure while the file was filled: SQLite's journal empties it again.
  if (header.every((byte) => byte === 0) && (await exists(`${path}-journal`))) return 'absent';
  const isSqlite = header.toString('latin1', 0, SQLITE_MAGIC.length) === SQLITE_MAGIC;
  const isOurs = isSqlite && header.readUInt32BE(APPLICATION_ID_OFFSET) === APPLICATION_ID;
  return isOurs ? 'ours' : 'foreign';
}

/**
 * Renames the original's file to `freno-raft.db.bolt`; returns that path. Throws `RESOURCE` when
 * that file exists already.
 */
async function setAside(path: string): Promise<string> {
  const aside = `${path}.bolt`;
  if (await exists(aside)) {
    throw new FrenoError(
      'RESOURCE',
      `${path} is a Bolt file of the original freno, and ${aside} exists already: ` +
        'move one of them away',
    );
  }
  await rename(path, aside);
  return aside;
}

function isBolt(header: Buffer): boolean {
  if (header.length < BOLT_MAGIC_OFFSET + 4) return false;
  return (
    header.readUInt32LE(BOLT_MAGIC_OFFSET) === BOLT_MAGIC ||
    header.readUInt32BE(BOLT_MAGIC_OFFSET) === BOLT_MAGIC
  );
}

async function readHeader(path: string): Promise<Buffer | null> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, 'r');
    const { buffer, bytesRead } = await file.read(
      Buffer.alloc(SQLITE_HEADER_BYTES),
      0,
      SQLITE_HEADER_BYTES,
      0,
    );
    return buffer.subarray(0, bytesRead);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw new FrenoError('RESOURCE', `${path} cannot be read: ${messageOf(error)}`);
  } finally {
    await file?.close();
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch {
    return false;
  }
}
