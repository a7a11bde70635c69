/**
 * One configured cluster as main keeps it: its place on the board, the list of its hosts, and which
 * of them are probed.
 */
import { isDeepStrictEqual } from 'node:util';
import { formatAddress } from '../../base/address.js';
import { messageOf } from '../../base/errors.js';
import type { ClusterReport } from '../../contracts/reports.js';
import type { ClusterAssignment, ClusterSettings, ProbeTarget } from '../../contracts/stores.js';
import type { HostList, HostSourceReader, ReaderFactory } from './hosts/host-source.js';

/** Whether a host, by its name alone, is left out by an operator's command. */
export type SkipTest = (host: string) => boolean;

/**
 * How the last reading of a list went: `partial` gave a list, but not all of its source could be
 * read.
 */
export type SourceHealth = 'good' | 'partial' | 'failed';

export class ClusterHosts {
  readonly #readerFor: ReaderFactory;
  #settings: ClusterSettings;
  #reader: HostSourceReader | null;
  /** The last good list, each host once; null before the first. */
  #listed: readonly ProbeTarget[] | null = null;
  #readAtUnixMs: number | null = null;
  /** Monotonic, when its source last gave the list or failed. */
  #askedAtMs = 0;
  /** The list may be long out of date. */
  #isDoubtful = false;
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
   * A list of another source stays good until the new one has been read. Without a source there is
   * none.
   */
  replaceSettings(settings: ClusterSettings): void {
    const before = this.#settings;
    this.#settings = settings;
    if (sameSource(before, settings)) return;
    this.#reader = this.#readerFor(settings);
    this.#isReading = false;
    if (this.#reader !== null) return;
    this.#listed = null;
    this.#readAtUnixMs = null;
    this.#health = 'good';
    this.#error = '';
  }

  /**
   * Reads the list of hosts, unless that is under way already. Resolves with how its source is now
   * if that has changed, else with null. Never rejects: what went wrong is in the report.
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
    // Settings may have named another source in the meantime.
    if (this.#reader !== reader) return null;
    this.#isReading = false;
    return this.#take(list, error);
  }

  /**
   * Takes a list that may change, and was last asked for before that time, for none until it was
   * asked for again. Returns whether it does.
   */
  doubtIfAskedBefore(timeMs: number): boolean {
    const mayChange = this.#listed !== null && this.#settings.source.kind !== 'static';
    if (mayChange && this.#askedAtMs < timeMs) this.#isDoubtful = true;
    return this.#isDoubtful;
  }

  /** What went wrong with the last reading of the list; empty when it went well. */
  get error(): string {
    return this.#error;
  }

  /**
   * What the probe threads are to do: the same object as before if that is unchanged. Null while no
   * list is known, or only a doubtful one.
   */
  assignment(isSkipped: SkipTest): ClusterAssignment | null {
    if (this.#listed === null || this.#isDoubtful) return null;
    const { source: _, ...settings } = this.#settings;
    const targets = this.#listed.filter((host) => !this.#isIgnored(host) && !isSkipped(host.host));
    const assignment = { settings, slot: this.slot, generation: this.generation, targets };
    if (!isDeepStrictEqual(assignment, this.#assignment)) this.#assignment = assignment;
    return this.#assignment;
  }

  report(isSkipped: SkipTest): ClusterReport {
    const [hosts, ignored, skipped]: [string[], string[], string[]] = [[], [], []];
    for (const host of this.#listed ?? []) {
      const group = this.#isIgnored(host) ? ignored : isSkipped(host.host) ? skipped : hosts;
      group.push(formatAddress(host));
    }
    return {
      source: this.#settings.source.kind,
      hosts,
      ignored,
      skipped,
      readAtUnixMs: this.#readAtUnixMs,
      error: this.#error,
    };
  }

  #take(list: HostList | null, error: string): SourceHealth | null {
    const before = this.#health;
    this.#askedAtMs = this.nowMs();
    this.#isDoubtful = false;
    this.#error = list?.problem ?? error;
    if (list === null) {
      this.#health = 'failed';
    } else {
      this.#listed = withoutDuplicates(list.hosts);
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

/** The port stands in for hosts that name none. */
function sameSource(left: ClusterSettings, right: ClusterSettings): boolean {
  return left.port === right.port && isDeepStrictEqual(left.source, right.source);
}

function withoutDuplicates(hosts: readonly ProbeTarget[]): ProbeTarget[] {
  const byAddress = new Map<string, ProbeTarget>();
  for (const host of hosts) {
    const address = formatAddress(host).toLowerCase();
    if (!byAddress.has(address)) byAddress.set(address, host);
  }
  return [...byAddress.values()];
}
