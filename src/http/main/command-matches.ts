/**
 * What a command matched: a mistyped name changes nothing, and its operator should see that in the
 * response. Nothing here decides anything: what is not known here is null.
 */
import { formatAddress, parseAddress } from '../../base/address.js';
import { jsonString } from '../../base/json.js';
import { TimeSlice } from '../../base/time-slice.js';
import { NearestSearch } from '../../config/nearest.js';
import type { StoreLocation } from '../../contracts/http.js';
import type { SkipMatcher } from '../../contracts/reports.js';
import type { CommandEffect, OperatorCommand, ThresholdKey } from '../../throttle/commands.js';

/** Names of each list in a response. */
const NAMES_MAX = 100;

/** Finds the apps that checked on this node. */
export interface AppSightings {
  /**
   * Whether the app (`EVERY_APP`: any app) has checked in the last 24 h at another worker than the
   * one that received the command; null when a thread did not respond in time. At once when there
   * is no other.
   */
  hasSeenElsewhere(app: string): Promise<boolean | null> | false;
}

export interface CommandMatchSources {
  readonly apps: AppSightings;
  readonly hosts: SkipMatcher;
  readonly stores: () => readonly StoreLocation[];
  /** Only the leader sees all checks, and reads the lists of hosts. */
  readonly isLeading: () => boolean;
}

/** What the command matched, as JSON, once it has taken effect. */
export type MatchReport = (effect: CommandEffect) => string | Promise<string>;

export class CommandMatches {
  readonly #sources: CommandMatchSources;

  constructor(sources: CommandMatchSources) {
    this.#sources = sources;
  }

  /**
   * Begins to look while the command is being replicated. `appSeen`: at the worker that received
   * it, so that most commands need no message to the threads.
   */
  look(command: OperatorCommand, appSeen: boolean): MatchReport {
    switch (command.kind) {
      case 'throttleApp':
      case 'exemptApp': {
        const matched = this.#app(command.key, appSeen);
        return () => matched;
      }
      case 'skipHost':
        return () => this.#skip(command.host);
      case 'setThreshold':
        return () => `{"Metric":${jsonString(this.#metricName(command.key))}}`;
      default:
        return ({ lifted }) => `{"Entries":${lifted}}`;
    }
  }

  #app(key: string, appSeen: boolean): string | Promise<string> {
    const slash = key.indexOf('/');
    const app = slash === -1 ? key : key.slice(0, slash);
    const store = slash === -1 ? null : key.slice(slash + 1);
    const seen = appSeen || this.#sources.apps.hasSeenElsewhere(app);
    if (typeof seen === 'boolean') return this.#appJson(seen, store);
    return seen.then((known) => this.#appJson(known, store));
  }

  #appJson(seen: boolean | null, store: string | null): string {
    const known = seen === false && !this.#sources.isLeading() ? null : seen;
    if (store === null) return `{"AppSeen":${known}}`;
    const isConfigured = this.#sources.stores().some(({ name }) => name === store);
    return `{"AppSeen":${known},"StoreConfigured":${isConfigured}}`;
  }

  /** As it is now that the skip is in force. */
  async #skip(host: string): Promise<string> {
    if (!this.#sources.isLeading()) return '{"Hosts":null,"Stores":null,"StoresWithoutHosts":null}';
    const { hosts, stores, emptied } = this.#sources.hosts.skipMatch(host);
    const lists = [hosts, stores, emptied];
    const omitted = lists.reduce((sum, list) => sum + Math.max(0, list.length - NAMES_MAX), 0);
    const [hostsJson, storesJson, emptiedJson] = lists.map((list) => namesJson(list));
    const near = hosts.length === 0 ? await this.#nearestHost(host) : undefined;
    return (
      `{"Hosts":${hostsJson},"Stores":${storesJson},"StoresWithoutHosts":${emptiedJson}` +
      `${omitted === 0 ? '' : `,"Omitted":${omitted}`}` +
      `${near === undefined ? '' : `,"Nearest":${jsonString(near)}`}}`
    );
  }

  /** A name is compared with names, and `host:port` with the same. */
  async #nearestHost(entry: string): Promise<string | undefined> {
    const hasPort = (parseAddress(entry, 0)?.port ?? 0) !== 0;
    const listed = Array.from(this.#sources.hosts.skippable(), (address) =>
      hasPort ? formatAddress(address) : address.host,
    );
    const search = new NearestSearch(entry);
    const slice = new TimeSlice();
    for (const name of new Set(listed)) {
      search.compare(name);
      if (slice.shouldYield) await slice.yield();
    }
    return search.found;
  }

  /** The key of a store stands for its own metric. */
  #metricName(key: ThresholdKey): string {
    const [, name, metric] = key.split('/');
    const store = this.#sources.stores().find((one) => one.name === name);
    return metric ?? store?.metrics[0].name ?? '';
  }
}

function namesJson(names: readonly string[]): string {
  return `[${names.slice(0, NAMES_MAX).map(jsonString).join(',')}]`;
}
