/** Hosts that are the healthy replicas of a Vitess shard, as its vtctld lists them. */
import { FrenoError, messageOf } from '../../../base/errors.js';
import type { ProbeTarget, VitessHosts } from '../../../contracts/stores.js';
import type { HostList, HostSourceReader } from './host-source.js';
import { type HttpPageReader, shownUrl } from './http-page-reader.js';
import { parseTablets, type Tablet } from './vitess-tablets.js';

export class VitessSource implements HostSourceReader {
  readonly #source: VitessHosts;
  readonly #url: URL;
  readonly #port: number;
  readonly #pages: HttpPageReader;

  constructor(source: VitessHosts, port: number, pages: HttpPageReader) {
    this.#source = source;
    this.#url = tabletsUrl(source);
    this.#port = port;
    this.#pages = pages;
  }

  async read(): Promise<HostList> {
    try {
      const chunks: Buffer[] = [];
      for await (const chunk of this.#pages.read(this.#url, this.#source.timeoutMs)) {
        chunks.push(chunk);
      }
      const tablets = parseTablets(Buffer.concat(chunks).toString());
      const hosts = tablets
        .filter((tablet) => this.#isProbed(tablet))
        .map((one) => this.#target(one));
      return { hosts, problem: '' };
    } catch (thrown) {
      const message = `vtctld ${shownUrl(this.#url)}: ${messageOf(thrown)}`;
      throw new FrenoError('HOST_SOURCE', message);
    }
  }

  /**
   * Cells are filtered here too: older versions of vtctld ignore the parameter and list the tablets
   * of all cells.
   */
  #isProbed({ type, cell, isHealthy }: Tablet): boolean {
    const { cells } = this.#source;
    return type === 'replica' && isHealthy && (cells.length === 0 || cells.includes(cell));
  }

  #target({ alias, host, port }: Tablet): ProbeTarget {
    if (host === '') throw new Error(`tablet ${alias} has neither mysql_hostname nor hostname`);
    return { host, port: port === 0 ? this.#port : port };
  }
}

function tabletsUrl({ api, keyspace, shard, cells }: VitessHosts): URL {
  const base = api.replace(/\/+$/, '');
  const root = base.endsWith('/api') ? base : `${base}/api`;
  const path = `keyspace/${encodeURIComponent(keyspace)}/tablets/${encodeURIComponent(shard)}`;
  const query = cells.length === 0 ? '' : `?cells=${cells.map(encodeURIComponent).join(',')}`;
  return new URL(`${root}/${path}${query}`);
}
