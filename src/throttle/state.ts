/**
 * The replicated state: throttled apps and skipped hosts. A deterministic state machine: whether an
 * entry is still there for a command is judged by the command's own time, whether it counts for a
 * check by the time of who asks.
 */
import {
  type AppKey,
  type Command,
  type CommandOutcome,
  DEFAULT_TTL_MINUTES,
  NO_EXPIRY,
  type SkipHost,
  type ThrottleApp,
} from './commands.js';

/**
 * Most entries of either table. A client can name any app: without a bound it could fill the memory
 * of the cluster.
 */
const ENTRIES_MAX = 200_000;

/**
 * How far the time of the commands moves between two sweeps. A sweep drops what had expired at the
 * sweep before, so what it drops has been over for as long: a command from a node whose clock has
 * jumped ahead, by whatever, drops nothing that is in force.
 */
const SWEEP_INTERVAL_MS = 24 * 3_600_000;

export interface ThrottledApp {
  /** Unix time in milliseconds, or `NO_EXPIRY`. */
  readonly expireAtMs: number;
  /** Share of checks denied, 0 to 1. */
  readonly ratio: number;
}

/** The whole state as plain data, for snapshots and for threads that start later. */
export interface StateImage {
  /** Time of the command that made the last sweep, in Unix milliseconds. */
  readonly sweptAtMs: number;
  readonly throttledApps: ReadonlyArray<readonly [AppKey, ThrottledApp]>;
  /** Host name, as it was last written, and Unix time of expiry in milliseconds. */
  readonly skippedHosts: ReadonlyArray<readonly [string, number]>;
}

type ThrottledAppRow = StateImage['throttledApps'][number];
type SkippedHostRow = StateImage['skippedHosts'][number];

/**
 * The tables hold rows as an image has them, which are replaced and never changed: an image shares
 * them, and is taken of 100,000 entries in half a millisecond, where making each row anew held the
 * thread for 20.
 */
export class ThrottleState {
  readonly #throttledApps = new Map<AppKey, ThrottledAppRow>();
  /** By the name in lower case: names of hosts are compared without case (RFC 4343). */
  readonly #skippedHosts = new Map<string, SkippedHostRow>();
  #sweptAtMs = 0;

  constructor(private readonly entriesMax = ENTRIES_MAX) {}

  apply(command: Command): CommandOutcome {
    this.#sweepIfDue(command.atMs);
    switch (command.kind) {
      case 'throttleApp':
        return this.#throttleApp(command);
      case 'unthrottleApp':
        this.#unthrottleApp(command.key, command.everyStore);
        return 'applied';
      case 'skipHost':
        return this.#skipHost(command);
      case 'recoverHost':
        this.#skippedHosts.delete(command.host.toLowerCase());
        return 'applied';
    }
  }

  /** The entry of that key if it has not expired at `nowMs` (Unix time). */
  throttledApp(key: AppKey, nowMs: number): ThrottledApp | undefined {
    const entry = this.#throttledApps.get(key)?.[1];
    return entry !== undefined && isLive(entry.expireAtMs, nowMs) ? entry : undefined;
  }

  /** Whether any entry exists at all, expired or not: lets the check path skip its look-ups. */
  get hasThrottledApps(): boolean {
    return this.#throttledApps.size > 0;
  }

  /** Live entries at `nowMs`, sorted by key. */
  throttledApps(nowMs: number): Array<readonly [AppKey, ThrottledApp]> {
    return [...this.#throttledApps.values()]
      .filter(([, entry]) => isLive(entry.expireAtMs, nowMs))
      .sort(byKey);
  }

  /** Hosts skipped at `nowMs`, with their expiries, sorted by name. */
  skippedHosts(nowMs: number): Array<readonly [string, number]> {
    return [...this.#skippedHosts.values()]
      .filter(([, expireAtMs]) => expireAtMs > nowMs)
      .sort(byKey);
  }

  /** How many entries are live at `nowMs` (Unix time). */
  liveEntries(nowMs: number): { readonly throttledApps: number; readonly skippedHosts: number } {
    let throttledApps = 0;
    for (const [, { expireAtMs }] of this.#throttledApps.values()) {
      if (isLive(expireAtMs, nowMs)) throttledApps++;
    }
    let skippedHosts = 0;
    for (const [, expireAtMs] of this.#skippedHosts.values()) {
      if (expireAtMs > nowMs) skippedHosts++;
    }
    return { throttledApps, skippedHosts };
  }

  image(): StateImage {
    return {
      sweptAtMs: this.#sweptAtMs,
      throttledApps: [...this.#throttledApps.values()],
      skippedHosts: [...this.#skippedHosts.values()],
    };
  }

  /** Replaces all that was there. */
  restore(image: StateImage): void {
    this.#sweptAtMs = image.sweptAtMs;
    this.#throttledApps.clear();
    for (const row of image.throttledApps) this.#throttledApps.set(row[0], row);
    this.#skippedHosts.clear();
    for (const row of image.skippedHosts) this.#skippedHosts.set(row[0].toLowerCase(), row);
  }

  #throttleApp(command: ThrottleApp): CommandOutcome {
    const { atMs, key } = command;
    const present = this.throttledApp(key, atMs);
    if (!this.#hasRoom(this.#throttledApps, key, atMs)) return 'full';
    const entry = {
      expireAtMs: command.expireAtMs ?? present?.expireAtMs ?? atMs + DEFAULT_TTL_MINUTES * 60_000,
      ratio: command.ratio ?? present?.ratio ?? 1,
    };
    this.#throttledApps.set(key, [key, entry]);
    return 'applied';
  }

  #unthrottleApp(key: AppKey, everyStore: boolean): void {
    this.#throttledApps.delete(key);
    if (!everyStore) return;
    const prefix = `${key}/`;
    for (const other of this.#throttledApps.keys()) {
      if (other.startsWith(prefix)) this.#throttledApps.delete(other);
    }
  }

  #skipHost({ host, expireAtMs, atMs }: SkipHost): CommandOutcome {
    const key = host.toLowerCase();
    if (!this.#hasRoom(this.#skippedHosts, key, atMs)) return 'full';
    this.#skippedHosts.set(key, [host, expireAtMs]);
    return 'applied';
  }

  /** A table without room gives up what has expired by the time of the command that needs it. */
  #hasRoom(table: ReadonlyMap<string, unknown>, key: string, atMs: number): boolean {
    if (table.size < this.entriesMax || table.has(key)) return true;
    this.#dropExpired(atMs);
    return table.size < this.entriesMax;
  }

  /**
   * When the clock has gone back, the interval begins anew: a time that lies ahead must not put off
   * sweeping until it comes.
   */
  #sweepIfDue(atMs: number): void {
    const sinceMs = atMs - this.#sweptAtMs;
    if (sinceMs >= 0 && sinceMs < SWEEP_INTERVAL_MS) return;
    if (sinceMs > 0) this.#dropExpired(this.#sweptAtMs);
    this.#sweptAtMs = atMs;
  }

  #dropExpired(atMs: number): void {
    for (const [key, entry] of this.#throttledApps.values()) {
      if (!isLive(entry.expireAtMs, atMs)) this.#throttledApps.delete(key);
    }
    for (const [key, [, expireAtMs]] of this.#skippedHosts) {
      if (expireAtMs <= atMs) this.#skippedHosts.delete(key);
    }
  }
}

function isLive(expireAtMs: number, nowMs: number): boolean {
  return expireAtMs === NO_EXPIRY || expireAtMs > nowMs;
}

function byKey(left: readonly [string, unknown], right: readonly [string, unknown]): number {
  return left[0] < right[0] ? -1 : left[0] > right[0] ? 1 : 0;
}
