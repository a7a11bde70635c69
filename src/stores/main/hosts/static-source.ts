/** Hosts that the configuration lists itself. */
import { parseAddress } from '../../../base/address.js';
import { FrenoError } from '../../../base/errors.js';
import type { StaticHosts } from '../../../contracts/stores.js';
import type { HostList, HostSourceReader } from './host-source.js';

export class StaticSource implements HostSourceReader {
  readonly #hosts: readonly string[];
  readonly #defaultPort: number;

  constructor(source: StaticHosts, defaultPort: number) {
    this.#hosts = source.hosts;
    this.#defaultPort = defaultPort;
  }

  async read(): Promise<HostList> {
    const hosts = this.#hosts.map((text) => {
      const target = parseAddress(text, this.#defaultPort);
      if (target === null) {
        throw new FrenoError('HOST_SOURCE', `"${text}" is neither host nor host:port`);
      }
      return target;
    });
    return { hosts, problem: '' };
  }
}
