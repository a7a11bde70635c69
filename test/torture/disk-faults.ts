/**
 * A disk that a test makes slow, unresponsive, failing or full while a freno runs, and a wall clock
 * that it sets wrong: by a small library that is preloaded, see disk-faults.c.
 */
import { execFileSync } from 'node:child_process';
import { accessSync, closeSync, constants, openSync, readSync, writeSync } from 'node:fs';
import { constants as system } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TemporaryDirectory } from '../../src/demo/temporary.js';

const SOURCE = fileURLToPath(new URL('../../../test/torture/disk-faults.c', import.meta.url));
const COMPILERS = ['cc', 'gcc', 'g++', 'clang'];

/** As `struct control` of disk-faults.c. */
const CONTROL_BYTES = 32;
const AT = {
  syncMode: 0,
  syncDelayMs: 4,
  syncErrno: 8,
  writeErrno: 12,
  clockOffsetMs: 16,
  syncsHeld: 24,
  syncsDone: 28,
} as const;
const SYNC = { works: 0, slow: 1, hangs: 2, fails: 3 } as const;

export const NEEDS_COMPILER = 'disk faults need a C compiler and Linux (Debian: gcc)';

let library: string | undefined;

function compiler(): string | undefined {
  const folders = (process.env.PATH ?? '').split(':');
  return COMPILERS.flatMap((name) => folders.map((folder) => join(folder, name))).find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Without it use `NEEDS_COMPILER` to say what is missing. */
export function canFaultDisks(): boolean {
  return process.platform === 'linux' && compiler() !== undefined;
}

/** Path of the library, compiled at the first call. Throws when there is no compiler. */
function compiledLibrary(): string {
  if (library !== undefined) return library;
  const command = compiler();
  if (command === undefined) throw new Error(NEEDS_COMPILER);
  const path = join(new TemporaryDirectory().path, 'disk-faults.so');
  execFileSync(command, ['-x', 'c', '-O1', '-shared', '-fPIC', '-o', path, SOURCE, '-ldl'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  library = path;
  return path;
}

export class DiskFaults {
  readonly #control: number;
  /** How long each sync takes when the disk has no fault. */
  #usualDelayMs = 0;

  /** `directory`: without symbolic links. The control file is created. */
  constructor(
    private readonly directory: string,
    private readonly controlFile: string,
  ) {
    this.#control = openSync(controlFile, 'w+');
    writeSync(this.#control, Buffer.alloc(CONTROL_BYTES), 0, CONTROL_BYTES, 0);
  }

  /** Variables of the environment for the process whose disk this is. */
  get environment(): Readonly<Record<string, string>> {
    return {
      LD_PRELOAD: compiledLibrary(),
      FRENO_DISK_DIRECTORY: this.directory,
      FRENO_DISK_CONTROL: this.controlFile,
    };
  }

  /** Each sync takes so long as long as the disk has no fault. */
  usuallySlow(delayMs: number): void {
    this.#usualDelayMs = delayMs;
    this.heal();
  }

  /** Each sync takes so long, those that wait at this moment included. */
  slow(delayMs: number): void {
    this.#put(AT.syncDelayMs, delayMs);
    this.#put(AT.syncMode, SYNC.slow);
  }

  /** No sync returns, those that wait at this moment included. */
  hang(): void {
    this.#put(AT.syncMode, SYNC.hangs);
  }

  failSyncs(): void {
    this.#put(AT.syncErrno, system.errno.EIO);
    this.#put(AT.syncMode, SYNC.fails);
  }

  /** Writes fail as on a full disk. */
  fill(): void {
    this.#put(AT.writeErrno, system.errno.ENOSPC);
  }

  /** The wall clock of the process is ahead by so much. */
  setClockAhead(byMs: number): void {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(BigInt(Math.trunc(byMs)));
    writeSync(this.#control, bytes, 0, bytes.length, AT.clockOffsetMs);
  }

  /** Ends all faults of the disk: syncs that wait return. */
  heal(): void {
    if (this.#usualDelayMs > 0) this.slow(this.#usualDelayMs);
    else this.#put(AT.syncMode, SYNC.works);
    this.#put(AT.writeErrno, 0);
  }

  /** Syncs that wait at this moment. */
  get syncsHeld(): number {
    return this.#get(AT.syncsHeld);
  }

  /** Syncs of all runs of the process so far, of whatever file. */
  get syncsDone(): number {
    return this.#get(AT.syncsDone);
  }

  /** A process that was killed cannot take back what it counted. */
  processEnded(): void {
    this.#put(AT.syncsHeld, 0);
  }

  close(): void {
    closeSync(this.#control);
  }

  #put(at: number, value: number): void {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32LE(Math.round(value));
    writeSync(this.#control, bytes, 0, bytes.length, at);
  }

  #get(at: number): number {
    const bytes = Buffer.alloc(4);
    readSync(this.#control, bytes, 0, bytes.length, at);
    return bytes.readInt32LE();
  }
}
