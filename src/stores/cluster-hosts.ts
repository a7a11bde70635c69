/** One configured cluster as main keeps it: its place on the board, the list of its hosts, and which of them are probed. */
import { isDeepStrictEqual } from 'node:util';
import { messageOf } from '../base/errors.js';
import { formatAddress } from '../config/address.js';
import type { ClusterReport } from '../wire/reports.js';
import type { ClusterAssignment, ClusterSettings, ProbeTarget } from '../wire/stores.js';
import { type HostSourceReader, hostSourceReader } from './hosts/source.js';

/** Whether a host, by its name alone, is left out by an operator's command. */
export type SkipTest = (host: string) => boolean;

export class ClusterHosts {
  #settings: ClusterSettings;
  #reader: HostSourceReader | null;
  /** The last good list, each host once; null before the first. */
  #listed: readonly ProbeTarget[] | null = null;
  #readAtUnixMs: number | null = null;
  #error = '';
  #reading: Promise<void> | undefined;
  #assignment: ClusterAssignment | null = null;

  constructor(
    settings: ClusterSettings,
    readonly slot: number,
    public generation: number,
  ) {
    this.#settings = settings;
    this.#reader = hostSourceReader(settings);
  }

  get settings(): ClusterSettings {
    return this.#settings;
  }

  /** A list of another source stays good until the new one has been read. */
  replaceSettings(settings: ClusterSettings): void {
    const before = this.#settings;
    this.#settings = settings;
    if (sameSource(before, settings)) return;
    this.#reader = hostSourceReader(settings);
    this.#reading = undefined;
  }

  /** Reads the list of hosts; a reading under way is joined. Never rejects: what went wrong is in the report. */
  read(): Promise<void> {
    const reader = this.#reader;
    if (reader === null) return Promise.resolve();
    this.#reading ??= this.#readFrom(reader);
    return this.#reading;
  }

  /** What went wrong with the last reading of the list; empty when it went well. */
  get error(): string {
    return this.#error;
  }

  /** What the probe threads are to do: the same object as before if that is unchanged. Null while no list is known. */
  assignment(isSkipped: SkipTest): ClusterAssignment | null {
    if (this.#listed === null) return null;
    const { source: _, ...settings } = this.#settings;
    const targets = this.#listed.filter((host) => !this.#isIgnored(host) && !isSkipped(host.host));
    const assignment = { settings, slot: this.slot, generation: this.generation, targets };
    if (!isDeepStrictEqual(assignment, this.#assignment)) this.#assignment = assignment;
    return this.#assignment;
  }

  report(isSkipped: SkipTest): ClusterReport {
    const listed = this.#listed ?? [];
    const ignored = listed.filter((host) => this.#isIgnored(host));
    const skipped = listed.filter((host) => !ignored.includes(host) && isSkipped(host.host));
    const probed = listed.filter((host) => !ignored.includes(host) && !skipped.includes(host));
    return {
      source: this.#settings.source.kind,
      hosts: probed.map(formatAddress),
      ignored: ignored.map(formatAddress),
      skipped: skipped.map(formatAddress),
      readAtUnixMs: this.#readAtUnixMs,
      error: this.#error,
    };
  }

  async #readFrom(reader: HostSourceReader): Promise<void> {
    let listed: readonly ProbeTarget[] | null = null;
    let error = '';
    try {
      listed = withoutDuplicates(await reader.read());
    } catch (thrown) {
      error = messageOf(thrown);
    }
    // Settings may have named another source in the meantime.
    if (this.#reader !== reader) return;
    this.#reading = undefined;
    this.#error = error;
    if (listed === null) return;
    this.#listed = listed;
    this.#readAtUnixMs = Date.now();
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
