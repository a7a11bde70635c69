/** Where the hosts of a cluster come from. */
import type { LookupFunction } from 'node:net';
import type { ClusterSettings, ProbeTarget } from '../../../contracts/stores.js';
import { Authorities } from './authorities.js';
import { HAProxySource } from './haproxy.js';
import { StatisticsCache } from './haproxy-statistics.js';
import { PageReader } from './page.js';
import { ProxySQLSource } from './proxysql.js';
import { StaticSource } from './static.js';
import { VitessSource } from './vitess.js';

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

/** HAProxy answers from the thread that also moves its traffic. */
const HAPROXY_REQUESTS_MAX = 2;
/** A page of 16 MiB lists some 50,000 servers. */
const HAPROXY_LIMITS = { timeoutMs: 5_000, sizeBytesMax: 16 * 1024 * 1024 };

const VITESS_REQUESTS_MAX = 16;
/** Some 8,000 tablets. Bounds the time that the JSON takes the thread. */
const VITESS_LIMITS = { timeoutMs: 5_000, sizeBytesMax: 4 * 1024 * 1024 };

/** `lookup` resolves the names of the servers that are asked. */
export function readerFactory(lookup: LookupFunction): ReaderFactory {
  const authorities = new Authorities();
  const statistics = new StatisticsCache(
    new PageReader(lookup, authorities, HAPROXY_REQUESTS_MAX, HAPROXY_LIMITS),
  );
  const tablets = new PageReader(lookup, authorities, VITESS_REQUESTS_MAX, VITESS_LIMITS);
  return ({ source, port }) => {
    switch (source.kind) {
      case 'static':
        return new StaticSource(source, port);
      case 'haproxy':
        return new HAProxySource(source, port, statistics);
      case 'vitess':
        return new VitessSource(source, port, tablets);
      case 'proxysql':
        return new ProxySQLSource(source, lookup);
      case 'none':
        return null;
    }
  };
}
