/** Files with secrets that every user of this machine may read. */
import { stat } from 'node:fs/promises';

/** `S_IROTH` of stat(2): others than the owner and the group may read the file. */
const READABLE_BY_OTHERS = 0o004;

/** False also for a file that cannot be looked at: reading it fails, and says why. */
export async function isExposed(file: string): Promise<boolean> {
  const found = await stat(file).catch(() => null);
  // Of a FIFO or a device the mode says nothing: `--config /dev/stdin`.
  return found?.isFile() === true && (found.mode & READABLE_BY_OTHERS) !== 0;
}

/** What to say about such a file, after its name. */
export function exposure(holds: string): string {
  return `holds ${holds} and may be read by every user of this machine: chmod o-r`;
}
