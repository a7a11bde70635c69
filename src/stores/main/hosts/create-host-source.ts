/**
 * The reader of each kind of host source: the one file that knows all four (`host-source.ts` has
 * their interface).
 */
import type { LookupFunction } from 'node:net';
import { CaCertificates } from './ca-certificates.js';
import { HAProxySource } from './haproxy-source.js';
import { HAProxyStatisticsCache } from './haproxy-statistics-cache.js';
import type { ReaderFactory } from './host-source.js';
import { HttpPageReader } from './http-page-reader.js';
import { ProxySQLSource } from './proxysql-source.js';
import { StaticSource } from './static-source.js';
import { VitessSource } from './vitess-source.js';

/** HAProxy builds the page in the thread that also moves its traffic. */
const HAPROXY_REQUESTS_MAX = 2;
/** A page of 16 MiB lists some 50,000 servers. */
const HAPROXY_LIMITS = { timeoutMs: 5_000, sizeBytesMax: 16 * 1024 * 1024 };

const VITESS_REQUESTS_MAX = 16;
/** Some 8,000 tablets. Bounds the time for which parsing the JSON blocks the thread. */
const VITESS_LIMITS = { timeoutMs: 5_000, sizeBytesMax: 4 * 1024 * 1024 };

/** `lookup` resolves the names of the servers that the lists are read from. */
export function createReaderFactory(lookup: LookupFunction): ReaderFactory {
  const certificates = new CaCertificates();
  const statistics = new HAProxyStatisticsCache(
    new HttpPageReader(lookup, certificates, HAPROXY_REQUESTS_MAX, HAPROXY_LIMITS),
  );
  const tablets = new HttpPageReader(lookup, certificates, VITESS_REQUESTS_MAX, VITESS_LIMITS);
  return ({ hosts, port }) => {
    switch (hosts.kind) {
      case 'static':
        return new StaticSource(hosts, port);
      case 'haproxy':
        return new HAProxySource(hosts, port, statistics);
      case 'vitess':
        return new VitessSource(hosts, port, tablets);
      case 'proxysql':
        return new ProxySQLSource(hosts, port, lookup);
      case 'none':
        return null;
    }
  };
}
