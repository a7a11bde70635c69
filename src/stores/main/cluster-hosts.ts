/**
 * One configured cluster on the main thread: its slot of the board, the list of its hosts, and
 * which of them are probed.
 *
 * A source that fails must not end throttling: the last good list stays until a new one has been
 * read. A list that was not read recently is the opposite danger, because a replica that is missing
 * in it is not probed: it is not used before its source has been read again (`expireIfReadBefore`).
 */
import { isDeepStrictEqual } from 'node:util';
import { formatAddress } from '../../base/address.js';
import { messageOf } from '../../base/errors.js';
import type { ClusterReport } from '../../contracts/reports.js';
import type { ClusterAssignment, ClusterSettings, ProbeTarget } from '../../contracts/stores.js';
import type { HostList, HostSourceReader, ReaderFactory } from './hosts/host-source.js';

/** Whether an operator has skipped a host (`/skip-host`). */
export type SkipTest = (host: ProbeTarget) => boolean;

/**
 * The result of the last reading of a list: `partial` gave a list, although a part of the source
 * could not be read.
 */
export type SourceHealth = 'good' | 'partial' | 'failed';

/** The part `user:password@` of a URL, which may itself contain `@`. */
const URL_CREDENTIALS = /\/\/[^/]*@/;

/** Rows that come and go may be logged again beyond this many. */
const LOGGED_ROWS_MAX = 10_000;

export class ClusterHosts {
  readonly #readerFor: ReaderFactory;
  #settings: ClusterSettings;
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
  #assignment: ClusterAssignment | null = null;

  constructor(
    settings: ClusterSettings,
    readerFor: ReaderFactory,
    readonly slot: number,
    public generation: number,
    private readonly nowMs: () => number,
  ) {
    this.#settings = settings;
    this.#readerFor = readerFor;
    this.#reader = readerFor(settings);
  }

  get settings(): ClusterSettings {
    return this.#settings;
  }

  /**
   * Returns whether the list was dropped: another source is named, so that its hosts are perhaps
   * not listed there, and what was measured of them does not count any more. A static list is read
   * before the next assignment, and replaces the one before without a gap.
   */
  replaceSettings(settings: ClusterSettings): boolean {
    const before = this.#settings;
    this.#settings = settings;
    if (sameSource(before, settings)) return false;
    const reader = this.#readerFor(settings);
    if (reader !== null && this.#reader !== null) reader.continueFrom?.(this.#reader);
    this.#reader = reader;
    this.#isReading = false;
    if (before.source.kind === 'static' && settings.source.kind === 'static') return false;
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
    const mayChange = this.#listed !== null && this.#settings.source.kind !== 'static';
    if (mayChange && this.#readingEndedAtMs < timeMs) this.#isExpired = true;
    return this.#isExpired;
  }

  /** The error of the last reading of the list; empty: none. */
  get error(): string {
    return this.#error;
  }

  /** Odd rows of the last good list that this has not returned before. */
  takeNewOddRows(): string[] {
    if (this.#loggedRows.size > LOGGED_ROWS_MAX) this.#loggedRows.clear();
    const rows = this.#oddRows.filter((row) => !this.#loggedRows.has(row));
    for (const row of rows) this.#loggedRows.add(row);
    return rows;
  }

  /**
   * The cluster's assignment to a probe thread: the same object as before if it is unchanged. Null
   * while there is no list, or only an expired one.
   */
  assignment(isSkipped: SkipTest): ClusterAssignment | null {
    if (this.#listed === null || this.#isExpired) return null;
    const { source: _, ...settings } = this.#settings;
    const targets = this.#listed.filter((host) => !this.#isIgnored(host) && !isSkipped(host));
    const assignment = { settings, slot: this.slot, generation: this.generation, targets };
    if (!isDeepStrictEqual(assignment, this.#assignment)) this.#assignment = assignment;
    return this.#assignment;
  }

  report(isSkipped: SkipTest): ClusterReport {
    const [hosts, ignored, skipped]: [string[], string[], string[]] = [[], [], []];
    for (const host of this.#listed ?? []) {
      const group = this.#isIgnored(host) ? ignored : isSkipped(host) ? skipped : hosts;
      group.push(formatAddress(host));
    }
    return {
      source: this.#settings.source.kind,
      hosts,
      ignored,
      skipped,
      readAtUnixMs: this.#readAtUnixMs,
      error: this.#error,
      oddRows: this.#oddRows,
    };
  }

  #applyReading(list: HostList | null, error: string): SourceHealth | null {
    const before = this.#health;
    this.#readingEndedAtMs = this.nowMs();
    this.#isExpired = false;
    this.#error = list?.problem ?? error;
    if (list === null) {
      this.#health = 'failed';
    } else {
      this.#listed = withoutDuplicates(list.hosts);
      this.#oddRows = list.oddRows ?? [];
      this.#readAtUnixMs = Date.now();
      this.#health = list.problem === '' ? 'good' : 'partial';
    }
    return this.#health === before ? null : this.#health;
  }

  #isIgnored(host: ProbeTarget): boolean {
    const address = formatAddress(host);
    return this.#settings.ignoreHosts.some((part) => part !== '' && address.includes(part));
  }
}

/** The port is part of the source: it completes hosts that have none. */
function sameSource(left: ClusterSettings, right: ClusterSettings): boolean {
  return left.port === right.port && isDeepStrictEqual(left.source, right.source);
}

/** What decides which hosts a source lists: not how it is read, with which password, or when. */
function listedBy({ source, port }: ClusterSettings): readonly unknown[] {
  switch (source.kind) {
    case 'haproxy': {
      const addresses = source.addresses.map((address) => address.replace(URL_CREDENTIALS, '//'));
      return [port, source.kind, addresses, source.poolName];
    }
    case 'proxysql':
      return [port, source.kind, source.addresses, source.hostgroupId];
    case 'vitess':
      return [port, source.kind, source.api, source.cells, source.keyspace, source.shard];
    case 'static':
      return [port, source.kind, source.hosts];
    case 'none':
      return [source.kind];
  }
}

function withoutDuplicates(hosts: readonly ProbeTarget[]): ProbeTarget[] {
  const byAddress = new Map<string, ProbeTarget>();
  for (const host of hosts) {
    const address = formatAddress(host).toLowerCase();
    if (!byAddress.has(address)) byAddress.set(address, host);
  }
  return [...byAddress.values()];
}
