/**
 * A file that is sent once: opened and removed in one go, so that nothing stays behind whatever
 * becomes of the request.
 */
import { open, rm } from 'node:fs/promises';
import type { Readable } from 'node:stream';

/** Rejects when the file cannot be opened. */
export async function openOnce(path: string): Promise<Readable> {
  const file = await open(path);
  await rm(path);
  return file.createReadStream();
}
