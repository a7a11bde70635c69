/**
 * Hosts that are the servers of a HAProxy backend, read from its statistics page as CSV
 * (management.txt, section 9.1).
 *
 * After a reload HAProxy starts all health checks again: every server is in transition (`UP 1/3`)
 * until its checks have passed, and its status is only a guess. A list read at that moment would
 * lose hosts that are fine. So a page on which all servers, or all servers that are up, are in
 * transition counts as a failed reading, and the last good list stays.
 */
import { parseAddress } from '../../../base/address.js';
import { FrenoError, messageOf } from '../../../base/errors.js';
import type { HAProxyHosts, ProbeTarget } from '../../../contracts/stores.js';
import type { PoolServer, Statistics } from './haproxy-csv.js';
import { serverStatus } from './haproxy-server-status.js';
import type { HAProxyStatisticsCache } from './haproxy-statistics-cache.js';
import type { HostList, HostSourceReader } from './host-source.js';
import { shownUrl } from './http-page-reader.js';

export class HAProxySource implements HostSourceReader {
  readonly #urls: readonly URL[];
  readonly #pool: string;
  readonly #port: number;
  readonly #cache: HAProxyStatisticsCache;

  constructor(source: HAProxyHosts, port: number, cache: HAProxyStatisticsCache) {
    this.#urls = source.addresses.map(statisticsUrl);
    this.#pool = source.poolName;
    this.#port = port;
    this.#cache = cache;
  }

  /** The union of the lists of all addresses that can be read. */
  async read(): Promise<HostList> {
    const readings = await Promise.allSettled(this.#urls.map((url) => this.#readOne(url)));
    const hosts: ProbeTarget[][] = [];
    const failures: string[] = [];
    for (const [index, reading] of readings.entries()) {
      if (reading.status === 'fulfilled') {
        hosts.push(reading.value);
      } else {
        const address = shownAddress(this.#urls[index]!);
        failures.push(`HAProxy ${address}: ${messageOf(reading.reason)}`);
      }
    }
    const problem = failures.join('; ');
    if (failures.length === this.#urls.length) throw new FrenoError('HOST_SOURCE', problem);
    return { hosts: hosts.flat(), problem };
  }

  async #readOne(url: URL): Promise<ProbeTarget[]> {
    const statistics = await this.#cache.read(url);
    return usedServers(statistics, this.#pool).map((name) => this.#target(name));
  }

  #target(name: string): ProbeTarget {
    const target = parseAddress(name, this.#port);
    if (target === null) {
      throw new Error(`server "${name}" of pool "${this.#pool}" has a name that is not a host`);
    }
    return target;
  }
}

/** The statistics page of an address. An address without a scheme means HTTP. */
function statisticsUrl(address: string): URL {
  const base = address.includes('://') ? address : `http://${address}`;
  return new URL(`${base.replace(/\/+$/, '')}/;csv;norefresh`);
}

function shownAddress(url: URL): string {
  return shownUrl(url).replace(/\/;csv;norefresh$/, '');
}

/**
 * Names of the servers of a pool that HAProxy uses, or would use if they were up. Throws when the
 * page does not show that reliably.
 */
function usedServers(statistics: Statistics, poolName: string): string[] {
  const pool = statistics.get(poolName);
  if (pool === undefined) throw new Error(`there is no pool "${poolName}"`);
  if (!pool.complete) throw new Error(`the CSV is truncated within pool "${poolName}"`);
  const servers = pool.servers.map((server) => ({ name: server.name, status: statusOf(server) }));
  const isReloading = (some: typeof servers): boolean =>
    some.length > 0 && some.every(({ status }) => status.inTransition);
  if (isReloading(servers) || isReloading(servers.filter(({ status }) => status.up))) {
    throw new Error(`all servers of pool "${poolName}" are in transition: HAProxy is reloading`);
  }
  return servers.filter(({ status }) => status.isUsed).map(({ name }) => name);
}

/** An unknown status is an error, so that no server is dropped without notice. */
function statusOf({ name, status: text }: PoolServer): ReturnType<typeof serverStatus> & {} {
  const status = serverStatus(text);
  if (status === null) throw new Error(`server "${name}" has the unknown status "${text}"`);
  return status;
}
