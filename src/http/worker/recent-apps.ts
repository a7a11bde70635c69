/** Which apps have checked of late, and from where: bounded in number and in age. */
import { RECENT_APPS_MAX, type RecentApp } from '../../contracts/http.js';

/** Share of the entries that go at once when there is no room. */
const EVICTED_SHARE = 0.1;

/**
 * A client: its name, or an IPv4 address as an unsigned number, which is cheaper to come by and to
 * keep.
 */
export type ClientKey = string | number;

interface RecentAppEntry {
  readonly app: string;
  readonly client: ClientKey;
  checkedAtUnixMs: number;
  /** It has checked again since it was put into the queue. */
  isBack: boolean;
}

/**
 * What one HTTP worker has served. When there is no room, those go that came first, but for who has
 * checked again since: these get a second chance (the "clock" of page replacement). To look for the
 * oldest would take a third of the thread when all names are new.
 */
export class RecentApps {
  readonly #apps = new Map<string, Map<ClientKey, RecentAppEntry>>();
  /** All entries, the next to be looked at first. */
  readonly #queue = new Set<RecentAppEntry>();
  readonly #entriesMax: number;

  constructor(entriesMax = RECENT_APPS_MAX) {
    this.#entriesMax = entriesMax;
  }

  get size(): number {
    return this.#queue.size;
  }

  mark(app: string, client: ClientKey, nowUnixMs: number): void {
    const entry = this.#apps.get(app)?.get(client);
    if (entry === undefined) {
      this.#add(app, client, nowUnixMs);
    } else {
      entry.checkedAtUnixMs = nowUnixMs;
      entry.isBack = true;
    }
  }

  *entries(): Generator<RecentApp> {
    for (const { app, client, checkedAtUnixMs } of this.#queue) {
      yield { app, client: clientName(client), checkedAtUnixMs };
    }
  }

  #add(app: string, client: ClientKey, nowUnixMs: number): void {
    if (this.size >= this.#entriesMax) this.#evict();
    let clients = this.#apps.get(app);
    if (clients === undefined) {
      clients = new Map();
      this.#apps.set(app, clients);
    }
    const entry = { app, client, checkedAtUnixMs: nowUnixMs, isBack: false };
    clients.set(client, entry);
    this.#queue.add(entry);
  }

  #evict(): void {
    let left = Math.max(1, Math.floor(this.#entriesMax * EVICTED_SHARE));
    // Who is put back comes at the end, and goes at the second time.
    for (const entry of this.#queue) {
      this.#queue.delete(entry);
      if (entry.isBack) {
        entry.isBack = false;
        this.#queue.add(entry);
      } else {
        this.#forget(entry);
        if (--left === 0) return;
      }
    }
  }

  #forget({ app, client }: RecentAppEntry): void {
    const clients = this.#apps.get(app)!;
    clients.delete(client);
    if (clients.size === 0) this.#apps.delete(app);
  }
}

/** An IPv4 address as it is written. */
function clientName(client: ClientKey): string {
  if (typeof client === 'string') return client;
  return `${client >>> 24}.${(client >>> 16) & 255}.${(client >>> 8) & 255}.${client & 255}`;
}
