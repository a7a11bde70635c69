/** Hosts that are the healthy replicas of a Vitess shard, as its vtctld lists them. */
import { formatAddress, parseAddress } from '../../../base/address.js';
import { FrenoError, messageOf } from '../../../base/errors.js';
import type { ProbeTarget, VitessHosts } from '../../../contracts/stores.js';
import { type HttpPageReader, shownUrl } from '../../shared/http-page-reader.js';
import { type HostList, type HostSourceReader, quoted } from './host-source.js';
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
      for await (const chunk of this.#pages.read(this.#url, this.#source)) {
        chunks.push(chunk);
      }
      const tablets = await parseTablets(Buffer.concat(chunks));
      return this.#listOf(tablets.filter((tablet) => this.#mayCount(tablet)));
    } catch (thrown) {
      const message = `vtctld ${shownUrl(this.#url)}: ${messageOf(thrown)}`;
      throw new FrenoError('HOST_SOURCE', message);
    }
  }

  /**
   * Cells are filtered here too: older versions of vtctld ignore the parameter and list the tablets
   * of all cells. A tablet of unknown cell may be in one of them.
   */
  #mayCount({ type, cell, isHealthy }: Tablet): boolean {
    const { cells } = this.#source;
    const isInCells = cells.length === 0 || cell === '' || cells.includes(cell);
    return type === 'replica' && isHealthy && isInCells;
  }

  /** A tablet that is shut down keeps its record, which may be without a host name. */
  #listOf(tablets: readonly Tablet[]): HostList {
    const hosts: ProbeTarget[] = [];
    const oddRows: string[] = [];
    for (const tablet of tablets) {
      const target = parseAddress(tablet.host, tablet.port || this.#port);
      if (target !== null) hosts.push(target);
      const oddity = this.#oddityOf(tablet, target);
      if (oddity !== '') oddRows.push(`vtctld ${shownUrl(this.#url)}: tablet ${oddity}`);
    }
    return { hosts, problem: '', oddRows };
  }

  /** Empty: none. */
  #oddityOf({ alias, host, cell, oddField }: Tablet, target: ProbeTarget | null): string {
    if (target === null) {
      return host === ''
        ? `${alias} has neither mysql_hostname nor hostname: left out`
        : `${alias} has a name that is not a host, ${quoted(host)}: left out`;
    }
    const name = `${alias} (${formatAddress(target)})`;
    if (oddField !== '') return `${name} has an odd field (${oddField}): probed`;
    const isCellMissing = cell === '' && this.#source.cells.length > 0;
    return isCellMissing ? `${name} names no cell: probed` : '';
  }
}

function tabletsUrl({ api, keyspace, shard, cells }: VitessHosts): URL {
  const base = api.replace(/\/+$/, '');
  const root = base.endsWith('/api') ? base : `${base}/api`;
  const path = `keyspace/${encodeURIComponent(keyspace)}/tablets/${encodeURIComponent(shard)}`;
  const query = cells.length === 0 ? '' : `?cells=${cells.map(encodeURIComponent).join(',')}`;
  return new URL(`${root}/${path}${query}`);
}
