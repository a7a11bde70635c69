/**
 * The replicated state: throttled and exempted apps, skipped hosts, set thresholds, and the last
 * commands. It is a deterministic state machine: a command finds the entries that are live at the
 * command's own time, whenever a node applies it; a check finds those that are live at the time of
 * the check.
 */
import {
  type AppKey,
  type Command,
  type CommandOutcome,
  DEFAULT_TTL_MINUTES,
  hasEffect,
  NO_EFFECT,
  type OperatorCommand,
  type SkipHost,
  type ThresholdKey,
  type ThrottleApp,
} from './commands.js';
import {
  type EntryCounts,
  EntryTable,
  noteOf,
  type TableEntry,
  type TableRow,
} from './entry-table.js';
import { type FeatureLevel, featureLevelOf } from './feature-level.js';
import { appOfEntry, lift } from './lift.js';
import { RECENT_COMMANDS_MAX, RecentCommands } from './recent-commands.js';
import { portEntryGroup, portEntryPrefix } from './skipped-host.js';

/**
 * Most entries of each table. A client can use any name of an app: without a bound it could exhaust
 * the memory of the cluster. Exemptions and set thresholds all end within a day, and are few.
 */
const ENTRIES_MAX = 200_000;
const SHORT_LIVED_MAX = 10_000;

/**
 * Most bytes of the names, reasons and owners of each table: every thread holds them, and reports
 * list them. A leader refuses what is beyond; what is in the log is applied all the same, because
 * nodes of earlier releases apply it.
 */
const BYTES_MAX = 32 * 1024 * 1024;

/** Most entries of each table with a reason or an owner: together far longer than a name. */
const NOTED_MAX = 10_000;

/**
 * How far the time of the commands moves between two sweeps. A sweep drops what had expired at the
 * sweep before, so every dropped entry expired at least this long ago. A command from a node whose
 * clock jumped ahead, by any amount, therefore drops no live entry.
 */
const SWEEP_INTERVAL_MS = 24 * 3_600_000;

/** Most entries that a sweep drops with each command. */
const SWEPT_AT_ONCE = 100;

/** `expireAtMs` may be `NO_EXPIRY`. */
export interface ThrottledApp extends TableEntry {
  /** Share of checks denied, 0 to 1. */
  readonly ratio: number;
}

export type SkippedHost = TableEntry;

/** The skips of hosts, as they are at each call. */
export type HostSkips = Pick<ThrottleState, 'hasSkippedHosts' | 'skippedHost' | 'nextSkipEndMs'>;

export type ExemptedApp = TableEntry;

export interface ThresholdEntry extends TableEntry {
  readonly value: number;
}

/** The whole state as plain data, for snapshots and for threads that start later. */
export interface StateImage {
  /** Identity of the cluster; empty before it has one. */
  readonly clusterId: string;
  /** The highest level of the commands so far: nodes below it cannot read the state. */
  readonly level: FeatureLevel;
  /** Time of the command that made the last sweep, in Unix milliseconds. */
  readonly sweptAtMs: number;
  readonly throttledApps: ReadonlyArray<TableRow<ThrottledApp>>;
  /** Host names as they were last written. */
  readonly skippedHosts: ReadonlyArray<TableRow<SkippedHost>>;
  readonly exemptedApps: ReadonlyArray<TableRow<ExemptedApp>>;
  readonly thresholds: ReadonlyArray<TableRow<ThresholdEntry>>;
  /** Oldest first. */
  readonly recentCommands: readonly OperatorCommand[];
}

/** The state of a cluster to which no command was given. */
export const EMPTY_IMAGE: StateImage = {
  clusterId: '',
  level: 0,
  sweptAtMs: 0,
  throttledApps: [],
  skippedHosts: [],
  exemptedApps: [],
  thresholds: [],
  recentCommands: [],
};

export class ThrottleState {
  #throttledApps: EntryTable<ThrottledApp>;
  /** By the name in lower case: host names are case-insensitive (RFC 4343). */
  #skippedHosts: EntryTable<SkippedHost>;
  #exemptedApps: EntryTable<ExemptedApp>;
  #thresholds: EntryTable<ThresholdEntry>;
  #recentCommands: RecentCommands;
  #sweptAtMs = 0;
  #clusterId = '';
  #level: FeatureLevel = 0;

  /** `commandsMax`: how many of the last commands are kept; a thread that only judges needs 0. */
  constructor(entriesMax = ENTRIES_MAX, bytesMax = BYTES_MAX, commandsMax = RECENT_COMMANDS_MAX) {
    this.#recentCommands = new RecentCommands(commandsMax);
    const noted = { notedMax: Math.min(NOTED_MAX, entriesMax), bytesMax };
    const shortLived = { entriesMax: Math.min(SHORT_LIVED_MAX, entriesMax), ...noted };
    const ofApps = { keyOf: sameName, groupOf: appOfEntry };
    const ofHosts = { keyOf: lowerCase, groupOf: portEntryGroup };
    const alone = { keyOf: sameName, groupOf: () => null };
    this.#throttledApps = new EntryTable({ entriesMax, ...noted, endless: true, ...ofApps });
    this.#skippedHosts = new EntryTable({ entriesMax, ...noted, endless: false, ...ofHosts });
    this.#exemptedApps = new EntryTable({ ...shortLived, endless: false, ...ofApps });
    this.#thresholds = new EntryTable({ ...shortLived, endless: false, ...alone });
  }

  apply(command: Command): CommandOutcome {
    this.#sweepIfDue(command.atMs);
    this.#sweepOn();
    const level = featureLevelOf(command);
    if (level > this.#level) this.#level = level;
    if (command.kind === 'identifyCluster') {
      if (this.#clusterId === '') this.#clusterId = command.clusterId;
      return NO_EFFECT;
    }
    const outcome = this.#change(command);
    if (hasEffect(command, outcome)) this.#recentCommands.add(command);
    return outcome;
  }

  /** Identity of the cluster; empty before it has one. */
  get clusterId(): string {
    return this.#clusterId;
  }

  /** As `StateImage.level`. */
  get level(): FeatureLevel {
    return this.#level;
  }

  /** The entry of that key if it has not expired at `nowMs` (Unix time). */
  throttledApp(key: AppKey, nowMs: number): ThrottledApp | undefined {
    return this.#throttledApps.live(key, nowMs);
  }

  /** Whether any entry exists, expired or not: lets the check path skip its lookups. */
  get hasThrottledApps(): boolean {
    return this.#throttledApps.size > 0;
  }

  /** Live entries at `nowMs`, sorted by key. */
  throttledApps(nowMs: number): Array<TableRow<ThrottledApp>> {
    return this.#throttledApps.liveRows(nowMs);
  }

  /** All throttled apps, expired or not. */
  throttledAppRows(): Array<TableRow<ThrottledApp>> {
    return this.#throttledApps.rows();
  }

  /** The skip under that very name (of a host, or `host:port`) at `nowMs`. */
  skippedHost(name: string, nowMs: number): SkippedHost | undefined {
    return this.#skippedHosts.live(lowerCase(name), nowMs);
  }

  /** As `hasThrottledApps`. */
  get hasSkippedHosts(): boolean {
    return this.#skippedHosts.size > 0;
  }

  /** As `EntryTable.nextExpiryMs`, of the skips. */
  nextSkipEndMs(nowMs: number): number {
    return this.#skippedHosts.nextExpiryMs(nowMs);
  }

  /** Hosts skipped at `nowMs`, sorted by name. */
  skippedHosts(nowMs: number): Array<TableRow<SkippedHost>> {
    return this.#skippedHosts.liveRows(nowMs);
  }

  /** As `throttledApp`, of the exemptions. */
  exemptedApp(key: AppKey, nowMs: number): ExemptedApp | undefined {
    return this.#exemptedApps.live(key, nowMs);
  }

  /** As `hasThrottledApps`. */
  get hasExemptedApps(): boolean {
    return this.#exemptedApps.size > 0;
  }

  exemptedApps(nowMs: number): Array<TableRow<ExemptedApp>> {
    return this.#exemptedApps.liveRows(nowMs);
  }

  /** The threshold set under that key, if it has not expired at `nowMs`. */
  threshold(key: ThresholdKey, nowMs: number): ThresholdEntry | undefined {
    return this.#thresholds.live(key, nowMs);
  }

  /** The thresholds set at `nowMs`, sorted by key. */
  thresholds(nowMs: number): Array<TableRow<ThresholdEntry>> {
    return this.#thresholds.liveRows(nowMs);
  }

  /** All thresholds that were set, expired or not. */
  thresholdRows(): Array<TableRow<ThresholdEntry>> {
    return this.#thresholds.rows();
  }

  /** The last commands that took effect, at most `RECENT_COMMANDS_MAX`, oldest first. */
  recentCommands(): OperatorCommand[] {
    return this.#recentCommands.list();
  }

  /**
   * Whether the command would find no room in its table if it came now, with the time `atMs`. Other
   * commands before it may make room, or take it.
   */
  isFullFor(command: Command, atMs: number): boolean {
    switch (command.kind) {
      case 'throttleApp':
        return this.#throttledApps.isFullFor(command.key, command, atMs);
      case 'skipHost':
        return this.#skippedHosts.isFullFor(command.host, command, atMs);
      case 'exemptApp':
        return this.#exemptedApps.isFullFor(command.key, command, atMs);
      case 'setThreshold':
        return this.#thresholds.isFullFor(command.key, command, atMs);
      default:
        return false;
    }
  }

  /** How many entries are live at `nowMs` (Unix time). */
  async liveEntries(nowMs: number): Promise<EntryCounts> {
    return {
      throttledApps: await this.#throttledApps.countLive(nowMs),
      skippedHosts: await this.#skippedHosts.countLive(nowMs),
      exemptedApps: await this.#exemptedApps.countLive(nowMs),
      thresholds: await this.#thresholds.countLive(nowMs),
    };
  }

  /** As `EntryTable.bytes`. */
  get entryBytes(): EntryCounts {
    return {
      throttledApps: this.#throttledApps.bytes,
      skippedHosts: this.#skippedHosts.bytes,
      exemptedApps: this.#exemptedApps.bytes,
      thresholds: this.#thresholds.bytes,
    };
  }

  image(): StateImage {
    return {
      clusterId: this.#clusterId,
      level: this.#level,
      sweptAtMs: this.#sweptAtMs,
      throttledApps: this.#throttledApps.rows(),
      skippedHosts: this.#skippedHosts.rows(),
      exemptedApps: this.#exemptedApps.rows(),
      thresholds: this.#thresholds.rows(),
      recentCommands: this.#recentCommands.list(),
    };
  }

  /** Replaces the whole state. */
  restore(image: StateImage): void {
    for (const table of this.#tables) table.clear();
    this.add(image);
    this.#recentCommands.restore(image.recentCommands);
  }

  /** The same for a part of an image, which is added to the parts before; without the commands. */
  add(part: StateImage): void {
    this.#clusterId = part.clusterId;
    this.#level = part.level;
    this.#sweptAtMs = part.sweptAtMs;
    this.#throttledApps.add(part.throttledApps);
    this.#skippedHosts.add(part.skippedHosts);
    this.#exemptedApps.add(part.exemptedApps);
    this.#thresholds.add(part.thresholds);
  }

  /** Becomes that state, which is not used by itself any more. */
  become(other: ThrottleState): void {
    this.#clusterId = other.#clusterId;
    this.#level = other.#level;
    this.#sweptAtMs = other.#sweptAtMs;
    this.#throttledApps = other.#throttledApps;
    this.#skippedHosts = other.#skippedHosts;
    this.#exemptedApps = other.#exemptedApps;
    this.#thresholds = other.#thresholds;
    this.#recentCommands = other.#recentCommands;
  }

  #change(command: OperatorCommand): CommandOutcome {
    const { atMs } = command;
    switch (command.kind) {
      case 'throttleApp':
        return this.#throttleApp(command);
      case 'unthrottleApp':
        return lift(this.#throttledApps, command);
      case 'skipHost':
        return this.#skipHost(command);
      case 'recoverHost':
        return this.#recoverHost(lowerCase(command.host), atMs);
      case 'exemptApp': {
        const { key, expireAtMs } = command;
        return put(this.#exemptedApps, key, { expireAtMs, ...noteOf(command) }, atMs);
      }
      case 'unexemptApp':
        return lift(this.#exemptedApps, command);
      case 'setThreshold': {
        const { key, value, expireAtMs } = command;
        return put(this.#thresholds, key, { value, expireAtMs, ...noteOf(command) }, atMs);
      }
      case 'resetThreshold':
        return { lifted: this.#thresholds.remove(command.key, atMs) };
    }
  }

  #throttleApp(command: ThrottleApp): CommandOutcome {
    const { atMs, key } = command;
    const present = this.throttledApp(key, atMs);
    const entry = {
      expireAtMs: command.expireAtMs ?? present?.expireAtMs ?? atMs + DEFAULT_TTL_MINUTES * 60_000,
      ratio: command.ratio ?? present?.ratio ?? 1,
      ...noteOf(command),
    };
    return put(this.#throttledApps, key, entry, atMs);
  }

  #skipHost(command: SkipHost): CommandOutcome {
    const { host, expireAtMs, atMs } = command;
    return put(this.#skippedHosts, host, { expireAtMs, ...noteOf(command) }, atMs);
  }

  /** A host without port ends the skips of its ports too, as `unthrottleApp` those of stores. */
  #recoverHost(key: string, atMs: number): CommandOutcome {
    const lifted = this.#skippedHosts.remove(key, atMs);
    const ofPorts = portEntryPrefix(key);
    return { lifted: lifted + this.#skippedHosts.removeGroup(ofPorts, ofPorts, atMs) };
  }

  /**
   * When the clock was set back, the interval starts again: a time in the future must not delay the
   * next sweep until then.
   */
  #sweepIfDue(atMs: number): void {
    const sinceMs = atMs - this.#sweptAtMs;
    if (sinceMs >= 0 && sinceMs < SWEEP_INTERVAL_MS) return;
    for (const table of this.#tables) {
      if (sinceMs > 0) table.sweep(this.#sweptAtMs);
      else table.endSweep();
    }
    this.#sweptAtMs = atMs;
  }

  /** A part of the sweep that was begun last. */
  #sweepOn(): void {
    let left = SWEPT_AT_ONCE;
    for (const table of this.#tables) left -= table.sweepOn(left);
  }

  get #tables(): ReadonlyArray<EntryTable<TableEntry>> {
    return [this.#throttledApps, this.#skippedHosts, this.#exemptedApps, this.#thresholds];
  }
}

function put<Entry extends TableEntry>(
  table: EntryTable<Entry>,
  name: string,
  entry: Entry,
  atMs: number,
): CommandOutcome {
  return table.put(name, entry, atMs) ? NO_EFFECT : 'full';
}

function sameName(name: string): string {
  return name;
}

function lowerCase(host: string): string {
  return host.toLowerCase();
}
