/** Hosts that are the servers of a backend of HAProxy. */

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

  /** What all the addresses that can be read list together. */
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
    return countingServers(statistics, this.#pool).map((name) => this.#target(name));
  }

  #target(name: string): ProbeTarget {
    const target = parseAddress(name, this.#port);
    if (target === null) {
      throw new Error(`server "${name}" of pool "${this.#pool}" is named like no host`);
    }
    return target;
  }
}

/** The page of an address; whoever gives no scheme means HTTP. */
function statisticsUrl(address: string): URL {
  const base = address.includes('://') ? address : `http://${address}`;
  return new URL(`${base.replace(/\/+$/, '')}/;csv;norefresh`);
}

function shownAddress(url: URL): string {
  return shownUrl(url).replace(/\/;csv;norefresh$/, '');
}

/**
 * Names of the servers of a pool that HAProxy uses, or would use if they answered. Throws when that
 * cannot be told.
 */
function countingServers(statistics: Statistics, poolName: string): string[] {
  const pool = statistics.get(poolName);
  if (pool === undefined) throw new Error(`there is no pool "${poolName}"`);
  if (!pool.complete) throw new Error(`the CSV is truncated within pool "${poolName}"`);
  const servers = pool.servers.map((server) => ({ name: server.name, status: statusOf(server) }));
  const isReloading = (some: typeof servers): boolean =>
    some.length > 0 && some.every(({ status }) => status.inTransition);
  if (isReloading(servers) || isReloading(servers.filter(({ status }) => status.up))) {
    throw new Error(`all servers of pool "${poolName}" are in transition: it is reloading`);
  }
  return servers.filter(({ status }) => status.counts).map(({ name }) => name);
}

/** A server in a state that is not known is not to be left out unnoticed. */
function statusOf({ name, status: text }: PoolServer): ReturnType<typeof serverStatus> & {} {
  const status = serverStatus(text);
  if (status === null) throw new Error(`server "${name}" has the unknown status "${text}"`);
  return status;
}
