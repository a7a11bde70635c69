/**
 * The apps that have checked recently, with their clients, bounded in number.
 *
 * Eviction is the clock algorithm of page replacement (second chance): entries stand in a queue,
 * and a check sets the reference bit of its entry. When there is no room, entries at the head are
 * evicted, unless their bit is set: then it is cleared, and the entry moves to the tail. So a
 * check costs one look-up and two stores, without moving anything. To search for the oldest entry
 * instead would take a third of the thread when all names are new.
 */
import { RECENT_APPS_MAX, RECENT_MS, type RecentApp } from '../../contracts/http.js';
import { EVERY_APP } from '../../throttle/commands.js';

/** UTF-8 bytes of the names of apps and clients that one worker holds. */
const RECENT_BYTES_MAX = 2 * 1024 * 1024;

/** Share of the entries that is evicted at a time, so that evictions are rare. */
const EVICTED_SHARE = 0.1;

/** A client: its name, or its IPv4 address as an unsigned number, which is cheaper. */
export type ClientKey = string | number;

interface RecentAppEntry {
  readonly app: string;
  readonly client: ClientKey;
  checkedAtUnixMs: number;
  /** The reference bit: it has checked again since it was added to the queue. */
  isReferenced: boolean;
}

export class RecentApps {
  readonly #apps = new Map<string, Map<ClientKey, RecentAppEntry>>();
  /** All entries; the head is examined first. */
  readonly #queue = new Set<RecentAppEntry>();
  readonly #entriesMax: number;
  readonly #bytesMax: number;
  #bytes = 0;

  constructor(entriesMax = RECENT_APPS_MAX, bytesMax = RECENT_BYTES_MAX) {
    this.#entriesMax = entriesMax;
    this.#bytesMax = bytesMax;
  }

  get size(): number {
    return this.#queue.size;
  }

  record(app: string, client: ClientKey, nowUnixMs: number): void {
    const entry = this.#apps.get(app)?.get(client);
    if (entry === undefined) {
      this.#add(app, client, nowUnixMs);
    } else {
      entry.checkedAtUnixMs = nowUnixMs;
      entry.isReferenced = true;
    }
  }

  /**
   * Whether the app (`EVERY_APP`: any app), or one of its group, has checked in the day before
   * `nowUnixMs`. `separator`: as `AppRules.separator`.
   */
  hasSeen(app: string, separator: string, nowUnixMs: number): boolean {
    const isRecent = ({ checkedAtUnixMs }: RecentAppEntry): boolean =>
      nowUnixMs - checkedAtUnixMs < RECENT_MS;
    const ofApp = this.#apps.get(app)?.values() ?? [];
    if ([...ofApp].some(isRecent)) return true;
    if (app !== EVERY_APP && separator === '') return false;
    const prefix = app === EVERY_APP ? '' : `${app}${separator}`;
    for (const entry of this.#queue) {
      if (entry.app.startsWith(prefix) && isRecent(entry)) return true;
    }
    return false;
  }

  /** Those of now: with those that come while they are pulled, there might be no end. */
  *entries(): Generator<RecentApp> {
    for (const { app, client, checkedAtUnixMs } of [...this.#queue]) {
      yield { app, client: clientName(client), checkedAtUnixMs };
    }
  }

  #add(app: string, client: ClientKey, nowUnixMs: number): void {
    if (this.size >= this.#entriesMax) this.#evict();
    const bytes = bytesOf({ app, client });
    while (this.size > 0 && this.#bytes + bytes > this.#bytesMax) this.#evict();
    this.#bytes += bytes;
    let clients = this.#apps.get(app);
    if (clients === undefined) {
      clients = new Map();
      this.#apps.set(app, clients);
    }
    const entry = { app, client, checkedAtUnixMs: nowUnixMs, isReferenced: false };
    clients.set(client, entry);
    this.#queue.add(entry);
  }

  #evict(): void {
    let remaining = Math.max(1, Math.floor(this.size * EVICTED_SHARE));
    // The loop ends: an entry that moves to the tail is evicted when it comes up again.
    for (const entry of this.#queue) {
      this.#queue.delete(entry);
      if (entry.isReferenced) {
        entry.isReferenced = false;
        this.#queue.add(entry);
      } else {
        this.#remove(entry);
        if (--remaining === 0) return;
      }
    }
  }

  #remove(entry: RecentAppEntry): void {
    const { app, client } = entry;
    this.#bytes -= bytesOf(entry);
    const clients = this.#apps.get(app)!;
    clients.delete(client);
    if (clients.size === 0) this.#apps.delete(app);
  }
}

function bytesOf({ app, client }: Pick<RecentAppEntry, 'app' | 'client'>): number {
  return Buffer.byteLength(app) + (typeof client === 'string' ? Buffer.byteLength(client) : 4);
}

/** The text of a client: of an IPv4 address, its dotted decimal notation. */
export function clientName(client: ClientKey): string {
  if (typeof client === 'string') return client;
  return `${client >>> 24}.${(client >>> 16) & 255}.${(client >>> 8) & 255}.${client & 255}`;
}
