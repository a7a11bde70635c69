/**
 * Where the hosts of a cluster come from: the interface of all sources. `create-host-source.ts`
 * picks the one that the configuration names.
 */
import type { ClusterSettings, ProbeTarget } from '../../../contracts/stores.js';

/** The result of one reading of a source. */
export interface HostList {
  /** Empty: the source lists no hosts. */
  readonly hosts: readonly ProbeTarget[];
  /** What failed although there is a list, as one of several addresses; empty: nothing. */
  readonly problem: string;
}

/** Longest time for a TCP connection to a source. */
export const SOURCE_CONNECT_TIMEOUT_MS = 1_000;

/**
 * Reads the list of hosts of one cluster. One reading at a time; each has a time-out of its own.
 */
export interface HostSourceReader {
  /** Rejects with `HOST_SOURCE` when the list cannot be read: the last good list then stays. */
  read(): Promise<HostList>;
}

/** Creates the reader of a cluster's source. Null: the cluster has no source. */
export type ReaderFactory = (settings: ClusterSettings) => HostSourceReader | null;
