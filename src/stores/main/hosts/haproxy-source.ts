/**
 * Hosts that are the servers of a HAProxy backend, read from its statistics page as CSV
 * (management.txt, section 9.1).
 *
 * After a reload HAProxy starts all health checks again: every server is in transition (`UP 1/3`)
 * until its checks have passed, and its status is only a guess. A list read at that moment would
 * lose hosts that are fine. So a page on which all servers, or all servers that are up, are in
 * transition counts as a failed reading, and the last good list stays.
 *
 * Several HAProxies may list different hosts. The hosts of an address that cannot be read are still
 * in use, as far as is known: its last list counts until it can be read again.
 */
import { parseAddress } from '../../../base/address.js';
import { FrenoError, messageOf } from '../../../base/errors.js';
import { goTime } from '../../../base/json.js';
import { LIST_HOSTS_MAX } from '../../../base/limits.js';
import type { HAProxyHosts, ProbeTarget } from '../../../contracts/stores.js';
import { shownUrl } from '../../shared/http-page-reader.js';
import type { PoolServer, Statistics } from './haproxy-csv.js';
import { serverStatus } from './haproxy-server-status.js';
import type { HAProxyStatisticsCache } from './haproxy-statistics-cache.js';
import { type HostList, type HostSourceReader, quoted } from './host-source.js';

/** The servers of the pool that one address has listed. */
interface ServerList {
  readonly hosts: readonly ProbeTarget[];
  readonly oddRows: readonly string[];
  readonly readAtUnixMs: number;
}

export class HAProxySource implements HostSourceReader {
  readonly #urls: readonly URL[];
  readonly #caFile: string;
  readonly #pool: string;
  readonly #port: number;
  readonly #cache: HAProxyStatisticsCache;
  /** By address, as shown, what was last read from it. */
  readonly #lastRead = new Map<string, ServerList>();

  constructor(source: HAProxyHosts, port: number, cache: HAProxyStatisticsCache) {
    this.#urls = source.addresses.map(statisticsUrl);
    this.#caFile = source.caFile;
    this.#pool = source.poolName;
    this.#port = port;
    this.#cache = cache;
  }

  /** The union of the lists of all addresses: of one that cannot be read, its last list. */
  async read(): Promise<HostList> {
    const readings = await Promise.allSettled(this.#urls.map((url) => this.#readOne(url)));
    const lists: ServerList[] = [];
    const failures: string[] = [];
    for (const [index, reading] of readings.entries()) {
      const address = shownAddress(this.#urls[index]!);
      if (reading.status === 'fulfilled') {
        this.#lastRead.set(address, reading.value);
        lists.push(reading.value);
        continue;
      }
      const last = this.#lastRead.get(address);
      if (last !== undefined) lists.push(last);
      failures.push(`HAProxy ${address}: ${messageOf(reading.reason)}${keptHosts(last)}`);
    }
    const problem = failures.join('; ');
    if (failures.length === this.#urls.length) throw new FrenoError('HOST_SOURCE', problem);
    return {
      hosts: lists.flatMap(({ hosts }) => hosts),
      problem,
      oddRows: lists.flatMap(({ oddRows }) => oddRows),
    };
  }

  /** Addresses that stay keep their last list, if pool and port stay too. */
  continueFrom(before: HostSourceReader): void {
    if (!(before instanceof HAProxySource)) return;
    if (before.#pool !== this.#pool || before.#port !== this.#port) return;
    for (const address of this.#urls.map(shownAddress)) {
      const list = before.#lastRead.get(address);
      if (list !== undefined) this.#lastRead.set(address, list);
    }
  }

  async #readOne(url: URL): Promise<ServerList> {
    const statistics = await this.#cache.read(url, this.#caFile);
    const hosts: ProbeTarget[] = [];
    const oddRows: string[] = [];
    for (const { name, status } of usedServers(statistics, this.#pool)) {
      const row = `HAProxy ${shownAddress(url)}: server ${quoted(name)} of pool "${this.#pool}"`;
      const target = parseAddress(name, this.#port);
      if (target === null) oddRows.push(`${row} has a name that is not a host: left out`);
      else hosts.push(target);
      if (target !== null && serverStatus(status) === null) {
        oddRows.push(`${row} has the unknown status ${quoted(status)}: probed`);
      }
    }
    return { hosts, oddRows, readAtUnixMs: Date.now() };
  }
}

function keptHosts(list: ServerList | undefined): string {
  if (list === undefined) return '';
  const { hosts, readAtUnixMs } = list;
  const count = hosts.length === 1 ? '1 host is' : `${hosts.length} hosts are`;
  return ` (its ${count} kept, as of ${goTime(readAtUnixMs)})`;
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
 * The servers of a pool that HAProxy uses, or would use if they were up, and those of unknown
 * status: they may be in use. Throws when the page does not show that reliably.
 */
function usedServers(statistics: Statistics, poolName: string): PoolServer[] {
  const pool = statistics.get(poolName);
  if (pool === undefined) throw new Error(`there is no pool "${poolName}"`);
  if (pool.servers.length > LIST_HOSTS_MAX) {
    throw new Error(`pool "${poolName}" has more than ${LIST_HOSTS_MAX} servers`);
  }
  if (!pool.complete) throw new Error(`the CSV is truncated within pool "${poolName}"`);
  const known = pool.servers
    .map(({ status }) => serverStatus(status))
    .filter((status) => status !== null);
  const isReloading = (some: typeof known): boolean =>
    some.length > 0 && some.every(({ inTransition }) => inTransition);
  if (isReloading(known) || isReloading(known.filter(({ up }) => up))) {
    throw new Error(`all servers of pool "${poolName}" are in transition: HAProxy is reloading`);
  }
  return pool.servers.filter(({ status }) => serverStatus(status)?.isUsed ?? true);
}
