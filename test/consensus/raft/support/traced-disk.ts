/**
 * What a process did to the files of a directory, as strace saw it, and what a crash in the middle
 * of it may leave: a kill all that was written, a power failure what was synced and any part of the
 * rest.
 */
import { basename } from 'node:path';
import type { SeededRandom } from '../../../support/random.js';

/** Arguments of strace before the program's. */
export const STRACE_ARGUMENTS = [
  ...['-f', '-y', '-xx', '-s', '4000000', '--seccomp-bpf'],
  '-e',
  'trace=openat,pwrite64,write,fsync,fdatasync,ftruncate,unlink,rename,fallocate',
];

const SECTOR_BYTES = 512;

type FileChange =
  | { readonly kind: 'write'; readonly at: number; readonly bytes: Buffer }
  | { readonly kind: 'size'; readonly bytes: number }
  | { readonly kind: 'create' }
  | { readonly kind: 'unlink' };

type TraceEvent =
  | { readonly kind: 'change'; readonly file: string; readonly change: FileChange }
  | { readonly kind: 'syncStart'; readonly file: string; readonly thread: string }
  | { readonly kind: 'syncEnd'; readonly file: string; readonly thread: string }
  | { readonly kind: 'said'; readonly text: string };

/** Contents by name. */
export type DiskImage = Map<string, Buffer>;

/** Reads the output of strace. `directory` is the one whose files count. */
export function traceOf(output: string, directory: string): TraceEvent[] {
  const events: TraceEvent[] = [];
  const syncing = new Map<string, string>();
  for (const line of output.split('\n')) {
    const [, thread, call] = /^(\d+) +(.*)$/.exec(line) ?? [];
    if (thread === undefined || call === undefined) continue;
    const resumed = /^<\.\.\. f(?:data)?sync resumed>\) += 0/.test(call);
    const ended = syncing.get(thread);
    if (resumed && ended !== undefined) {
      events.push({ kind: 'syncEnd', file: ended, thread });
      syncing.delete(thread);
    }
    const text = call.replace(/((?:\\x[0-9a-f]{2})+)/g, (hex) => hex.replaceAll('\\x', '~'));
    const [, name, path, rest] =
      /^(\w+)\(\d+<([~0-9a-f]*)>(?:\([^)]*\))?(.*)$/.exec(text) ??
      /^(openat|unlink)\((?:AT_FDCWD[^,]*, )?"([~0-9a-f]*)"(.*)$/.exec(text) ??
      [];
    if (name === undefined || path === undefined || rest === undefined) continue;
    const full = decoded(path).toString();
    if (name === 'write' && dataOf(rest).toString().startsWith('durable ')) {
      events.push({ kind: 'said', text: dataOf(rest).toString().trim() });
    }
    if (full !== directory && !full.startsWith(`${directory}/`)) continue;
    const file = full === directory ? '.' : basename(full);
    if (name === 'fsync' || name === 'fdatasync') {
      events.push({ kind: 'syncStart', file, thread });
      if (/ = 0$/.test(rest)) events.push({ kind: 'syncEnd', file, thread });
      else syncing.set(thread, file);
      continue;
    }
    for (const change of changesOf(name, rest)) events.push({ kind: 'change', file, change });
  }
  return events;
}

function changesOf(name: string, rest: string): FileChange[] {
  switch (name) {
    case 'openat':
      if (!rest.includes('O_CREAT')) return [];
      return rest.includes('O_TRUNC')
        ? [{ kind: 'create' }, { kind: 'size', bytes: 0 }]
        : [{ kind: 'create' }];
    case 'pwrite64': {
      const at = Number(/, \d+, (\d+)/.exec(rest)![1]);
      return [{ kind: 'write', at, bytes: dataOf(rest) }];
    }
    case 'ftruncate':
      return [{ kind: 'size', bytes: Number(/, (\d+)/.exec(rest)![1]) }];
    case 'unlink':
      return / = 0$/.test(rest) ? [{ kind: 'unlink' }] : [];
    default:
      throw new Error(`${name} of a file of the log is not expected: ${rest.slice(0, 100)}`);
  }
}

function dataOf(rest: string): Buffer {
  return decoded(/"([~0-9a-f]*)"/.exec(rest)?.[1] ?? '');
}

function decoded(text: string): Buffer {
  return Buffer.from(text.replaceAll('~', ''), 'hex');
}

interface TracedFile {
  /** Null: there is none. */
  durable: Buffer | null;
  pending: FileChange[];
}

export class TracedDisk {
  readonly #files = new Map<string, TracedFile>();
  /** By thread: how many changes of each file its sync covers. */
  readonly #syncs = new Map<string, Map<string, number>>();

  apply(event: TraceEvent): void {
    if (event.kind === 'change') {
      const file = this.#file(event.file);
      // Opening a file that is there creates none.
      if (event.change.kind !== 'create' || contentAfter(file) === null) {
        file.pending.push(event.change);
      }
    } else if (event.kind === 'syncStart') {
      const covered = event.file === '.' ? [...this.#files.keys()] : [event.file];
      const counts = covered.map((name) => [name, this.#file(name).pending.length] as const);
      this.#syncs.set(event.thread, new Map(counts));
    } else if (event.kind === 'syncEnd') {
      for (const [name, count] of this.#syncs.get(event.thread) ?? []) {
        this.#sync(this.#file(name), count, event.file === '.');
      }
      this.#syncs.delete(event.thread);
    }
  }

  #file(name: string): TracedFile {
    let file = this.#files.get(name);
    if (file === undefined) {
      file = { durable: null, pending: [] };
      this.#files.set(name, file);
    }
    return file;
  }

  /** That of the directory makes durable which files there are. */
  #sync(file: TracedFile, count: number, isOfDirectory: boolean): void {
    const synced = file.pending.slice(0, count);
    const isCovered = ({ kind }: FileChange): boolean =>
      isOfDirectory ? kind === 'create' || kind === 'unlink' : kind !== 'unlink';
    if (isOfDirectory && synced.some(({ kind }) => kind === 'unlink')) {
      const unlinked = synced.findLastIndex(({ kind }) => kind === 'unlink');
      file.durable = null;
      file.pending = file.pending.slice(unlinked + 1);
      return;
    }
    for (const change of synced.filter(isCovered)) file.durable = changed(file.durable, change);
    file.pending = [...synced.filter((change) => !isCovered(change)), ...file.pending.slice(count)];
  }

  afterKill(): DiskImage {
    return this.#image(contentAfter);
  }

  /** Of what was not synced, each change may be there, in any part, whatever came before it. */
  afterPowerFailure(random: SeededRandom): DiskImage {
    const share = random.pick([0, 0.2, 0.5, 0.9]);
    return this.#image(({ durable, pending }) => {
      let content = durable;
      for (const change of pending) {
        if (!random.chance(share)) continue;
        content = changed(content, change.kind === 'write' ? torn(change, random) : change);
      }
      return content;
    });
  }

  #image(contentOf: (file: TracedFile) => Buffer | null): DiskImage {
    const image: DiskImage = new Map();
    for (const [name, file] of this.#files) {
      const content = contentOf(file);
      if (content !== null) image.set(name, content);
    }
    return image;
  }
}

function contentAfter({ durable, pending }: TracedFile): Buffer | null {
  return pending.reduce(changed, durable);
}

function changed(content: Buffer | null, change: FileChange): Buffer | null {
  const before = content ?? Buffer.alloc(0);
  if (change.kind === 'unlink') return null;
  if (change.kind === 'create') return before;
  if (change.kind === 'size') return resized(before, change.bytes);
  const { at, bytes } = change;
  const after = resized(before, Math.max(before.length, at + bytes.length));
  bytes.copy(after, at);
  return after;
}

function resized(content: Buffer, bytes: number): Buffer {
  const result = Buffer.alloc(bytes);
  content.copy(result);
  return result;
}

/** A write of some sectors may stop after any of them; one sector is written or not. */
function torn(change: Extract<FileChange, { kind: 'write' }>, random: SeededRandom): FileChange {
  const toNextSector = SECTOR_BYTES - (change.at % SECTOR_BYTES);
  const cuts = Math.ceil(Math.max(0, change.bytes.length - toNextSector) / SECTOR_BYTES);
  if (cuts === 0 || random.chance(0.5)) return change;
  const kept = toNextSector + SECTOR_BYTES * random.below(cuts);
  return { ...change, bytes: change.bytes.subarray(0, kept) };
}
