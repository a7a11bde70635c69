/** A file system of a few megabytes that a test fills: with root's rights, in memory. */
import { execFileSync } from 'node:child_process';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** More than the log of a node ever has on disk. */
const DISK_BYTES = 48 * 1024 * 1024;
const FILLER = 'filler';
/** The filler's writes, ever smaller ones: the last page is taken too. */
const WRITE_BYTES = [1024 * 1024, 4096, 1];

export class SmallDisk {
  readonly #atExit = (): void => this.remove();

  /** Undefined where this process may not mount. `path`: a directory. */
  static mount(path: string): SmallDisk | undefined {
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_BYTES}`, 'tmpfs', path], {
        stdio: 'ignore',
      });
    } catch {
      return undefined;
    }
    return new SmallDisk(path);
  }

  private constructor(private readonly path: string) {
    process.once('exit', this.#atExit);
  }

  fill(): void {
    const file = openSync(join(this.path, FILLER), 'w');
    try {
      for (const bytes of WRITE_BYTES) writeUntilFull(file, bytes);
    } finally {
      closeSync(file);
    }
  }

  free(): void {
    rmSync(join(this.path, FILLER), { force: true });
  }

  remove(): void {
    process.off('exit', this.#atExit);
    // Lazily: a process that was killed a moment ago may still have its files open.
    execFileSync('umount', ['-l', this.path], { stdio: 'ignore' });
  }
}

function writeUntilFull(file: number, bytes: number): void {
  const zeros = Buffer.alloc(bytes);
  try {
    while (writeSync(file, zeros) === bytes);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  }
}
