/**
 * One source of hosts on the main thread: its reader, the last good list, and what is known of its
 * health.
 *
 * A source that fails must not end throttling: the last good list stays until a new one has been
 * read. A list that was not read recently is the opposite danger, because a replica that is missing
 * in it is not probed: it is not used before its source has been read again (`expireIfReadBefore`).
 */
import { isDeepStrictEqual } from 'node:util';
import { formatAddress } from '../../base/address.js';
import { messageOf } from '../../base/errors.js';
import { HOSTS_TOTAL_MAX, LIST_HOSTS_MAX } from '../../base/limits.js';
import type { ProbeTarget } from '../../contracts/stores.js';
import type {
  HostList,
  HostListSettings,
  HostSourceReader,
  ReaderFactory,
} from './hosts/host-source.js';

/**
 * The result of the last reading of a list: `partial` gave a list, although a part of the source
 * could not be read.
 */
export type SourceHealth = 'good' | 'partial' | 'failed';

/** The part `user:password@` of a URL, which may itself contain `@`. */
const URL_CREDENTIALS = /\/\/[^/]*@/;

/** Of one list; the others are left out of `/inventory` and the log. */
const ODD_ROWS_MAX = 1_000;

/** Rows that come and go may be logged again beyond this many. */
const LOGGED_ROWS_MAX = 10_000;

/** What is known of a list, for `/inventory`. */
export interface SourceReport {
  /** Of the last good list, expired or not. */
  readonly listed: readonly ProbeTarget[];
  /** As in `HostListReport`. */
  readonly readAtUnixMs: number | null;
  readonly error: string;
  readonly oddRows: readonly string[];
}

export class ListedSource {
  readonly #readerFor: ReaderFactory;
  readonly #nowMs: () => number;
  readonly #hostsRoom: (source: ListedSource) => number;
  #settings: HostListSettings;
  #reader: HostSourceReader | null;
  /** Of the last good list. */
  #oddRows: readonly string[] = [];
  /** Odd rows that were logged: each is logged once. */
  readonly #loggedRows = new Set<string>();
  /** The last good list, each host once; null before the first. */
  #listed: readonly ProbeTarget[] | null = null;
  #readAtUnixMs: number | null = null;
  /** Monotonic, when the last reading of the source succeeded or failed. */
  #readingEndedAtMs = 0;
  /** The list was read too long ago to be used. */
  #isExpired = false;
  #health: SourceHealth = 'good';
  #error = '';
  #isReading = false;

  /** `nowMs`: a monotonic clock. `hostsRoom`: how many hosts the list may have beside others. */
  constructor(
    settings: HostListSettings,
    readerFor: ReaderFactory,
    nowMs: () => number,
    hostsRoom: (source: ListedSource) => number,
  ) {
    this.#hostsRoom = hostsRoom;
    this.#settings = settings;
    this.#readerFor = readerFor;
    this.#nowMs = nowMs;
    this.#reader = readerFor(settings);
  }

  get settings(): HostListSettings {
    return this.#settings;
  }

  /**
   * Returns whether the list was dropped: another source is named, so that its hosts are perhaps
   * not listed there, and what was measured of them does not count any more. A static list is read
   * before the next assignment, and replaces the one before without a gap.
   */
  replaceSettings(settings: HostListSettings): boolean {
    const before = this.#settings;
    this.#settings = settings;
    if (isDeepStrictEqual(before, settings)) return false;
    const reader = this.#readerFor(settings);
    if (reader !== null && this.#reader !== null) reader.continueFrom?.(this.#reader);
    this.#reader = reader;
    this.#isReading = false;
    if (before.hosts.kind === 'static' && settings.hosts.kind === 'static') return false;
    if (isDeepStrictEqual(listedBy(before), listedBy(settings))) return false;
    this.#listed = null;
    this.#oddRows = [];
    this.#readAtUnixMs = null;
    this.#isExpired = false;
    this.#health = 'good';
    this.#error = '';
    return true;
  }

  /**
   * Reads the host list, unless a reading is in flight. Resolves with the health of the source if
   * it has changed, else with null. Never rejects: the error is in the report.
   */
  async read(): Promise<SourceHealth | null> {
    const reader = this.#reader;
    if (reader === null || this.#isReading) return null;
    this.#isReading = true;
    let list: HostList | null = null;
    let error = '';
    try {
      list = await reader.read();
    } catch (thrown) {
      error = messageOf(thrown);
    }
    // The settings may have changed the source since.
    if (this.#reader !== reader) return null;
    this.#isReading = false;
    return this.#applyReading(list, error);
  }

  /**
   * Stops using a list that may change and was last read before that time, until it has been read
   * again. Returns whether the list is expired.
   */
  expireIfReadBefore(timeMs: number): boolean {
    const mayChange = this.#listed !== null && this.#settings.hosts.kind !== 'static';
    if (mayChange && this.#readingEndedAtMs < timeMs) this.#isExpired = true;
    return this.#isExpired;
  }

  /** The error of the last reading of the list; empty: none. */
  get error(): string {
    return this.#error;
  }

  /** Whether it was tried to read, and never could be. */
  get isUnreadable(): boolean {
    return this.#listed === null && this.#error !== '';
  }

  /** Odd rows of the last good list that this has not returned before. */
  takeNewOddRows(): string[] {
    if (this.#loggedRows.size > LOGGED_ROWS_MAX) this.#loggedRows.clear();
    const rows = this.#oddRows.filter((row) => !this.#loggedRows.has(row));
    for (const row of rows) this.#loggedRows.add(row);
    return rows;
  }

  /** The hosts of the last good list, each once. Null: there is none, or only an expired one. */
  get targets(): readonly ProbeTarget[] | null {
    return this.#isExpired ? null : this.#listed;
  }

  /** Of the last good list. */
  get hosts(): number {
    return this.#listed?.length ?? 0;
  }

  get report(): SourceReport {
    return {
      listed: this.#listed ?? [],
      readAtUnixMs: this.#readAtUnixMs,
      error: this.#error,
      oddRows: this.#oddRows,
    };
  }

  /**
   * Empty: there is room for a list of so many hosts. A part of it is never taken, because a host
   * that is missing may lag.
   */
  #refusalOf(hosts: number): string {
    if (hosts > LIST_HOSTS_MAX) {
      return `the list has more than ${LIST_HOSTS_MAX} hosts: refused as a whole`;
    }
    const room = this.#hostsRoom(this);
    return hosts <= room
      ? ''
      : `the list has ${hosts} hosts, and there is room for ${room} beside those of the other ` +
          `lists (${HOSTS_TOTAL_MAX} in all): refused as a whole`;
  }

  #applyReading(list: HostList | null, error: string): SourceHealth | null {
    const before = this.#health;
    this.#readingEndedAtMs = this.#nowMs();
    this.#isExpired = false;
    const hosts = withoutDuplicates(list?.hosts ?? []);
    const refusal = this.#refusalOf(hosts.length);
    this.#error = refusal || (list?.problem ?? error);
    if (list === null || refusal !== '') {
      this.#health = 'failed';
    } else {
      this.#listed = hosts;
      this.#oddRows = (list.oddRows ?? []).slice(0, ODD_ROWS_MAX);
      this.#readAtUnixMs = Date.now();
      this.#health = list.problem === '' ? 'good' : 'partial';
    }
    return this.#health === before ? null : this.#health;
  }
}

/** What decides which hosts a source lists: not how it is read, with which password, or when. */
function listedBy({ hosts, port }: HostListSettings): readonly unknown[] {
  switch (hosts.kind) {
    case 'haproxy': {
      const addresses = hosts.addresses.map((address) => address.replace(URL_CREDENTIALS, '//'));
      return [port, hosts.kind, addresses, hosts.poolName];
    }
    case 'proxysql':
      return [port, hosts.kind, hosts.addresses, hosts.hostgroupId];
    case 'vitess':
      return [port, hosts.kind, hosts.api, hosts.cells, hosts.keyspace, hosts.shard];
    case 'static':
      return [port, hosts.kind, hosts.hosts];
    case 'none':
      return [hosts.kind];
  }
}

/** Of more hosts than a list may have, one more than that. */
function withoutDuplicates(hosts: readonly ProbeTarget[]): ProbeTarget[] {
  const byAddress = new Map<string, ProbeTarget>();
  for (const host of hosts) {
    if (byAddress.size > LIST_HOSTS_MAX) break;
    const address = formatAddress(host).toLowerCase();
    if (!byAddress.has(address)) byAddress.set(address, host);
  }
  return [...byAddress.values()];
}
