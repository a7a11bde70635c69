/**
 * The side file: up to where the log was synced, kept apart from the rows.
 *
 * SQLite takes a write-ahead log that is missing, empty or cut for one that holds nothing, as after
 * a crash before the first sync, and would forget without a word what was acknowledged. This file
 * holds a lower bound of what must be there: it is written after each sync of the log, without a
 * sync of its own, so that it costs one write to the page cache. A crash of the machine may leave
 * an older bound, never a newer one than the truth. Before a write that cuts the log the bound is
 * lowered, and that is synced.
 *
 * Three slots, each in a block of its own, each with a checksum and a sequence number; the highest
 * one counts. Two take turns with the synced writes, so that one of them is always whole; the third
 * takes the others.
 */
import { fdatasync, write as fsWrite } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import type { Done } from '../driver-types.js';
import { FILE_ID_BYTES } from './node-state.js';

/** A lower bound of what a log holds. */
export interface SyncedRecord {
  /** Of the database that it belongs to. */
  readonly fileId: string;
  /** Version and checksum of the row with term and vote; 0: nothing was written yet. */
  readonly stateVersion: number;
  readonly stateChecksum: number;
  /** The last entry (or snapshot), and the chain of checksums up to it. */
  readonly lastIndex: number;
  readonly chain: number;
}

/** What lies at the path. `unreadable`: no slot is whole. */
export type SyncedFound = SyncedRecord | 'absent' | 'unreadable';

/** "frns". */
const MAGIC = 0x66726e73;
const SLOT_SPACING_BYTES = 4096;
const SLOT_BYTES = 52;
const CHECKSUM_AT = SLOT_BYTES - 4;
const SYNCED_SLOTS = 2;
const UNSYNCED_SLOT = 2;
const SLOTS = 3;

interface Slot {
  readonly sequence: number;
  readonly record: SyncedRecord;
}

interface PendingWrite {
  record: SyncedRecord;
  isSynced: boolean;
  readonly done: Done[];
}

export class SyncedFile {
  readonly #handle: FileHandle;
  #sequence: number;
  /** Where the next synced write goes. */
  #nextSyncedSlot: number;
  #isWriting = false;
  #pending: PendingWrite | null = null;

  private constructor(handle: FileHandle, sequence: number, nextSyncedSlot: number) {
    this.#handle = handle;
    this.#sequence = sequence;
    this.#nextSyncedSlot = nextSyncedSlot;
  }

  static async read(path: string): Promise<SyncedFound> {
    const slots = await readSlots(path);
    return slots === null ? 'absent' : (newestOf(slots)?.record ?? 'unreadable');
  }

  /** Creates or replaces the file, durably, with its entry in the directory. */
  static async create(path: string, record: SyncedRecord): Promise<void> {
    const handle = await open(path, 'w', 0o600);
    try {
      const content = Buffer.alloc(SLOTS * SLOT_SPACING_BYTES);
      for (let slot = 0; slot < SLOTS; slot++) {
        encode({ sequence: slot + 1, record }).copy(content, slot * SLOT_SPACING_BYTES);
      }
      await handle.write(content, 0, content.length, 0);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await syncDirectory(dirname(path));
  }

  /** Opens a file that `read` found readable. */
  static async open(path: string): Promise<SyncedFile> {
    const slots = (await readSlots(path)) ?? [];
    const sequence = newestOf(slots)?.sequence ?? 0;
    // The older of the two, or the one that is not whole: the other stays until this is synced.
    const [first, second] = slots.slice(0, SYNCED_SLOTS).map((slot) => slot?.sequence ?? 0);
    return new SyncedFile(await open(path, 'r+'), sequence, (first ?? 0) <= (second ?? 0) ? 0 : 1);
  }

  /**
   * Calls back when `record`, or one that was given later, is written; with `isSynced`: and
   * durable.
   */
  write(record: SyncedRecord, isSynced: boolean, done: Done): void {
    const pending = this.#pending;
    if (pending === null) {
      this.#pending = { record, isSynced, done: [done] };
    } else {
      pending.record = record;
      pending.isSynced ||= isSynced;
      pending.done.push(done);
    }
    this.#next();
  }

  close(): Promise<void> {
    return this.#handle.close();
  }

  #next(): void {
    const pending = this.#pending;
    if (pending === null || this.#isWriting) return;
    this.#pending = null;
    this.#isWriting = true;
    const { record, isSynced } = pending;
    const slot = isSynced ? this.#nextSyncedSlot : UNSYNCED_SLOT;
    if (isSynced) this.#nextSyncedSlot = (slot + 1) % SYNCED_SLOTS;
    const bytes = encode({ sequence: ++this.#sequence, record });
    const { fd } = this.#handle;
    const finish: Done = (error) => {
      this.#isWriting = false;
      for (const done of pending.done) done(error);
      this.#next();
    };
    fsWrite(fd, bytes, 0, bytes.length, slot * SLOT_SPACING_BYTES, (error, written) => {
      if (error !== null) finish(error);
      else if (written !== bytes.length) finish(new Error('the disk is full'));
      else if (isSynced) fdatasync(fd, finish);
      else finish(null);
    });
  }
}

function encode({ sequence, record }: Slot): Buffer {
  const bytes = Buffer.alloc(SLOT_BYTES);
  bytes.writeUInt32BE(MAGIC, 0);
  bytes.writeBigUInt64BE(BigInt(sequence), 4);
  bytes.write(record.fileId, 12, FILE_ID_BYTES, 'hex');
  bytes.writeBigUInt64BE(BigInt(record.stateVersion), 20);
  bytes.writeUInt32BE(record.stateChecksum, 28);
  bytes.writeBigUInt64BE(BigInt(record.lastIndex), 32);
  bytes.writeUInt32BE(record.chain, 40);
  bytes.writeUInt32BE(crc32(bytes.subarray(0, CHECKSUM_AT)), CHECKSUM_AT);
  return bytes;
}

function decode(bytes: Buffer): Slot | null {
  if (bytes.length < SLOT_BYTES || bytes.readUInt32BE(0) !== MAGIC) return null;
  if (crc32(bytes.subarray(0, CHECKSUM_AT)) !== bytes.readUInt32BE(CHECKSUM_AT)) return null;
  return {
    sequence: Number(bytes.readBigUInt64BE(4)),
    record: {
      fileId: bytes.toString('hex', 12, 12 + FILE_ID_BYTES),
      stateVersion: Number(bytes.readBigUInt64BE(20)),
      stateChecksum: bytes.readUInt32BE(28),
      lastIndex: Number(bytes.readBigUInt64BE(32)),
      chain: bytes.readUInt32BE(40),
    },
  };
}

function newestOf(slots: readonly (Slot | null)[]): Slot | null {
  return slots.reduce(
    (newest, slot) => ((slot?.sequence ?? 0) > (newest?.sequence ?? 0) ? slot : newest),
    null,
  );
}

/** By slot; null: there is no file. */
async function readSlots(path: string): Promise<(Slot | null)[] | null> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, 'r');
    const content = Buffer.alloc(SLOTS * SLOT_SPACING_BYTES);
    await handle.read(content, 0, content.length, 0);
    return Array.from({ length: SLOTS }, (_, slot) => {
      const at = slot * SLOT_SPACING_BYTES;
      return decode(content.subarray(at, at + SLOT_BYTES));
    });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  } finally {
    await handle?.close();
  }
}

export async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
