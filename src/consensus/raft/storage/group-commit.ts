/**
 * Group commit: writes that wait while the disk syncs become one write, so that a sync is paid once
 * for all of them and throughput does not depend on the latency of the disk.
 */
import type { Entry, Write } from '../core/types.js';
import type { EncodedSnapshot, StorageWrite } from '../driver-types.js';

/** One write with the same effect as `writes`, one after the other. */
export function mergeWrites(writes: readonly StorageWrite[]): StorageWrite {
  if (writes.length === 1) return writes[0]!;
  let hardState: StorageWrite['hardState'] = null;
  let snapshot: StorageWrite['snapshot'] = null;
  let cluster: Pick<StorageWrite, 'joined' | 'formed' | 'clusterId'> = {};
  const entries: Entry[] = [];
  for (const write of writes) {
    hardState = write.hardState ?? hardState;
    const { joined, formed, clusterId } = write;
    if (joined !== undefined) cluster = { ...cluster, joined };
    if (formed !== undefined) cluster = { ...cluster, formed };
    if (clusterId !== undefined) cluster = { ...cluster, clusterId };
    if (write.snapshot !== null) {
      snapshot = write.snapshot;
      entries.length = 0;
    }
    overwrite(entries, write.entries);
  }
  return { hardState, snapshot, entries, ...cluster };
}

/** Replaces all entries from the first index of `next` on. */
function overwrite(entries: Entry[], next: readonly Entry[]): void {
  const first = next[0];
  if (first === undefined) return;
  const base = entries[0]?.index ?? first.index;
  entries.length = Math.max(0, Math.min(entries.length, first.index - base));
  for (const entry of next) entries.push(entry);
}

/** What the core wants to be durable, with the snapshot that has arrived for it. */
export function storageWrite(write: Write, snapshot: EncodedSnapshot | null): StorageWrite {
  const { hardState, joined, formed, entries } = write;
  return {
    hardState,
    snapshot,
    entries,
    ...(joined ? { joined } : {}),
    ...(formed ? { formed } : {}),
  };
}
