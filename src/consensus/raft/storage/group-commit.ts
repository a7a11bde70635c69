/**
 * Group commit: writes that wait while the disk syncs become one write, so that a sync is paid once
 * for all of them and throughput does not depend on the latency of the disk.
 */
import type { Entry } from '../core/types.js';
import type { StorageWrite } from '../driver-types.js';

/** One write with the same effect as `writes`, one after the other. */
export function mergeWrites(writes: readonly StorageWrite[]): StorageWrite {
  if (writes.length === 1) return writes[0]!;
  let hardState: StorageWrite['hardState'] = null;
  let joined = false;
  let snapshot: StorageWrite['snapshot'] = null;
  const entries: Entry[] = [];
  for (const write of writes) {
    hardState = write.hardState ?? hardState;
    joined ||= write.joined === true;
    if (write.snapshot !== null) {
      snapshot = write.snapshot;
      entries.length = 0;
    }
    overwrite(entries, write.entries);
  }
  const merged = { hardState, snapshot, entries };
  return joined ? { ...merged, joined } : merged;
}

/** Replaces all entries from the first index of `next` on. */
function overwrite(entries: Entry[], next: readonly Entry[]): void {
  const first = next[0];
  if (first === undefined) return;
  const base = entries[0]?.index ?? first.index;
  entries.length = Math.max(0, Math.min(entries.length, first.index - base));
  for (const entry of next) entries.push(entry);
}
