/** Commands that end the entries of an app: of all stores, or of one. */
import type { AppKey, CommandOutcome } from './commands.js';
import type { EntryTable, TableEntry } from './entry-table.js';

interface LiftedApp {
  readonly key: AppKey;
  readonly everyStore: boolean;
  readonly atMs: number;
}

export function lift(
  table: Pick<EntryTable<TableEntry>, 'remove' | 'removeGroup'>,
  { key, everyStore, atMs }: LiftedApp,
): CommandOutcome {
  const lifted = table.remove(key, atMs);
  if (!everyStore) return { lifted };
  const app = appOfEntry(key) ?? key;
  return { lifted: lifted + table.removeGroup(app, `${key}/`, atMs) };
}

/** The app of an entry for one store; null: the entry is for all stores. */
export function appOfEntry(key: AppKey): string | null {
  const slash = key.indexOf('/');
  return slash === -1 ? null : key.slice(0, slash);
}
