/**
 * Where the hosts of a cluster come from: the interface of all sources. `create-host-source.ts`
 * picks the one that the configuration names.
 */
import type { ClusterSettings, ProbeTarget } from '../../../contracts/stores.js';

/** What one reading of a source gave. */
export interface HostList {
  /** Empty: the source knows of none. */
  readonly hosts: readonly ProbeTarget[];
  /** What failed although there is a list, as one address of several; empty: nothing. */
  readonly problem: string;
}

/**
 * Reads the list of hosts of one cluster. One reading at a time; each ends within a time of its
 * own.
 */
export interface HostSourceReader {
  /** Rejects with `HOST_SOURCE` when the list cannot be read: the last good one then stays. */
  read(): Promise<HostList>;
}

/** The reader of a cluster's source. Null: it names none. */
export type ReaderFactory = (settings: ClusterSettings) => HostSourceReader | null;
