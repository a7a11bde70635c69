/** Compares what a log holds with the lower bound of what it must hold. */
import { DamagedLogError, type FileSuffix } from './errors.js';
import { chainAt, type LoadedLog, lastChainOf, lastIndexOf } from './load-log.js';
import { nodeStateChecksum } from './node-state.js';
import type { SyncedFound, SyncedRecord } from './synced-file.js';
import type { WalCondition } from './write-ahead-log.js';

/** What a log that was just created holds, before its first write. */
export function nothingSynced(fileId: string, chain: number): SyncedRecord {
  return { fileId, stateVersion: 0, stateChecksum: 0, lastIndex: 0, chain };
}

/** What a log that was read holds. */
export function recordOf(loaded: LoadedLog): SyncedRecord {
  const { state } = loaded;
  return {
    fileId: state.fileId,
    stateVersion: state.version,
    stateChecksum: nodeStateChecksum(state),
    lastIndex: lastIndexOf(loaded),
    chain: lastChainOf(loaded),
  };
}

/** Whether nothing that was ever acknowledged can rest on a log with this side file. */
export function isUnused(found: SyncedFound): boolean {
  if (typeof found === 'string') return true;
  return found.stateVersion === 0 && found.lastIndex === 0;
}

/** Throws `DamagedLogError`, with the file that is the likely cause. */
export function checkSideFile(loaded: LoadedLog, found: SyncedFound, wal: WalCondition): void {
  if (found === 'absent') throw new DamagedLogError('it is missing', '-synced');
  if (found === 'unreadable') throw new DamagedLogError('its checksums are wrong', '-synced');
  if (found.fileId !== loaded.state.fileId) {
    throw new DamagedLogError('it belongs to another log than the file beside it', '-synced');
  }
  const lost = whatIsLost(loaded, found);
  if (lost === null) return;
  const { isOfState, text } = lost;
  // Term and vote are in the database itself before anything rests on them.
  const suffix: FileSuffix = isOfState && wal !== 'whole' ? '' : '-wal';
  throw new DamagedLogError(`${conditionOf(suffix, wal)}: ${text}`, suffix);
}

function conditionOf(suffix: FileSuffix, wal: WalCondition): string {
  if (suffix === '') return 'it is an older copy';
  switch (wal) {
    case 'empty':
      return 'it is missing or empty';
    case 'short':
      return 'it is cut short';
    default:
      return 'it, or the file beside it, is cut short or an older copy';
  }
}

/**
 * Throws `DamagedLogError` when a log holds less than this process knows to have been in its
 * directory: another volume is mounted there, or none.
 */
export function checkHeld(loaded: LoadedLog, known: SyncedRecord): void {
  if (known.fileId !== loaded.state.fileId) {
    throw new DamagedLogError('it is not the log that this process wrote before');
  }
  const lost = whatIsLost(loaded, known);
  if (lost === null) return;
  throw new DamagedLogError(`it holds less than this process wrote before: ${lost.text}`);
}

function whatIsLost(
  loaded: LoadedLog,
  record: SyncedRecord,
): { readonly isOfState: boolean; readonly text: string } | null {
  const { state, snapshot } = loaded;
  const isOlder = state.version < record.stateVersion;
  const isSame = state.version === record.stateVersion;
  if (isOlder || (isSame && nodeStateChecksum(state) !== record.stateChecksum)) {
    return { isOfState: true, text: 'term and vote are not those that were synced' };
  }
  const lastIndex = lastIndexOf(loaded);
  if (record.lastIndex > lastIndex) {
    const text = `entry ${record.lastIndex} was synced, the log ends with entry ${lastIndex}`;
    return { isOfState: false, text };
  }
  const isCovered = record.lastIndex < snapshot.meta.index;
  if (!isCovered && chainAt(loaded, record.lastIndex) !== record.chain) {
    const text = `the entries up to ${record.lastIndex} are not those that were synced`;
    return { isOfState: false, text };
  }
  return null;
}
