/**
 * Where hosts come from: the interface of all sources. `create-host-source.ts`
 * picks the one that the configuration names.
 */
import type { HostSource, ProbeTarget } from '../../../contracts/stores.js';

/** A list of hosts that metrics of a cluster name; those with equal settings share one. */
export interface HostListSettings {
  /** Name of the cluster. */
  readonly cluster: string;
  readonly hosts: HostSource;
  /** Completes hosts that are listed without one. */
  readonly port: number;
}

/** The result of one reading of a source. */
export interface HostList {
  /** Empty: the source lists no hosts. */
  readonly hosts: readonly ProbeTarget[];
  /** What failed although there is a list, as one of several addresses; empty: nothing. */
  readonly problem: string;
  /**
   * Rows of the source that are incomplete or have an unknown state, each with what was done: a
   * host that may count is probed, one without a valid address is left out. The list is complete
   * but for these. None unless given.
   */
  readonly oddRows?: readonly string[];
}

const EXCERPT_CHARS_MAX = 60;

/** A value of an odd row, for messages. */
export function quoted(value: unknown): string {
  return JSON.stringify(String(value ?? '').slice(0, EXCERPT_CHARS_MAX));
}

/** Longest time for a TCP connection to a source. */
export const SOURCE_CONNECT_TIMEOUT_MS = 1_000;

/**
 * Reads one list of hosts. One reading at a time; each has a time-out of its own.
 */
export interface HostSourceReader {
  /** Rejects with `HOST_SOURCE` when the list cannot be read: the last good list then stays. */
  read(): Promise<HostList>;
  /** Called before the first reading when new settings replace the reader of a list. */
  continueFrom?(before: HostSourceReader): void;
}

/** Creates the reader of a list. Null: no source is named. */
export type ReaderFactory = (settings: HostListSettings) => HostSourceReader | null;
