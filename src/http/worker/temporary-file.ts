/** A file that is sent once: unlinked as soon as it is open, so that it cannot be left behind. */
import { open, rm } from 'node:fs/promises';
import type { Readable } from 'node:stream';

/** Rejects when the file cannot be opened. */
export async function openAndUnlink(path: string): Promise<Readable> {
  const file = await open(path);
  await rm(path);
  return file.createReadStream();
}
