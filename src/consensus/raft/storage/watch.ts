/**
 * Notices that the directory of the log, or one of its files, was removed or replaced while the
 * process runs: it writes to files then that no later start will find.
 */
import { stat } from 'node:fs';
import { stat as statOf } from 'node:fs/promises';

const INTERVAL_MS = 3000;

interface WatchedEntry {
  readonly path: string;
  readonly device: number;
  readonly inode: number;
}

export class DirectoryWatch {
  readonly #entries: readonly WatchedEntry[];
  readonly #onLost: (error: Error) => void;
  #timer: NodeJS.Timeout | undefined;

  private constructor(entries: readonly WatchedEntry[], onLost: (error: Error) => void) {
    this.#entries = entries;
    this.#onLost = onLost;
    this.#next();
  }

  /** `onLost` is called once. `paths` exist. The timer does not hold the process. */
  static async start(
    paths: readonly string[],
    onLost: (error: Error) => void,
  ): Promise<DirectoryWatch> {
    const entries: WatchedEntry[] = [];
    for (const path of paths) {
      const { dev: device, ino: inode } = await statOf(path);
      entries.push({ path, device, inode });
    }
    return new DirectoryWatch(entries, onLost);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #next(): void {
    this.#timer = setTimeout(() => this.#look(0), INTERVAL_MS);
    this.#timer.unref();
  }

  #look(at: number): void {
    const entry = this.#entries[at];
    if (entry === undefined) {
      this.#next();
      return;
    }
    stat(entry.path, (error, found) => {
      if (this.#timer === undefined) return;
      if (error !== null) {
        this.#lost(`${entry.path} was removed while it was in use (${error.message})`);
      } else if (found.dev !== entry.device || found.ino !== entry.inode) {
        this.#lost(`${entry.path} was replaced while it was in use`);
      } else {
        this.#look(at + 1);
      }
    });
  }

  #lost(text: string): void {
    this.stop();
    this.#onLost(new Error(text));
  }
}
