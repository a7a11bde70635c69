/** Where the hosts of a cluster come from. */
import type { ClusterSettings, ProbeTarget } from '../../wire/stores.js';
import { StaticSource } from './static.js';

/** Reads the list of hosts of one cluster. */
export interface HostSourceReader {
  /**
   * The hosts listed now; an empty list means that the source knows of none.
   * Rejects with `HOST_SOURCE` when the list cannot be read: the last good one then stays.
   */
  read(): Promise<readonly ProbeTarget[]>;
}

/** Null: there is nothing that could be read. */
export function hostSourceReader(settings: ClusterSettings): HostSourceReader | null {
  switch (settings.source.kind) {
    case 'static':
      return new StaticSource(settings.source, settings.port);
    default:
      return null;
  }
}
