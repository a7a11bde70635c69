/**
 * Reads throttled apps and skipped hosts from their tables as the replicated state. Expiries are
 * times of the database's clock; they are converted to this node's clock by the offset measured at
 * each read, so that a wrong clock of the node changes no TTL.
 */
import { NO_EXPIRY, type OperatorCommand } from '../../throttle/commands.js';
import { EMPTY_IMAGE, type StateImage } from '../../throttle/state.js';
import type { BackendConnection } from './backend-connection.js';
import { LATEST_UNIX_SECONDS, LIVE_APP, LIVE_HOST } from './statements.js';

/** Live entries of either table; more are refused, as they would block the main thread. */
const LIVE_ENTRIES_MAX = 10_000;

/** When the clock offset changes by more, all expiries are converted again. */
const CLOCK_TOLERANCE_MS = 500;

interface AppRow {
  readonly name: string;
  /** Seconds by the database's clock; null: none. */
  readonly expires: number | null;
  readonly ratio: number;
}

interface HostRow {
  readonly name: string;
  readonly expires: number;
}

interface StateRows {
  readonly apps: readonly AppRow[];
  readonly hosts: readonly HostRow[];
}

const NO_ROWS: StateRows = { apps: [], hosts: [] };

export class StateReader {
  readonly #connection: BackendConnection;
  #rows: StateRows = NO_ROWS;
  /** This node's `Date.now()` minus the database's clock. */
  #clockOffsetMs: number | undefined;

  constructor(connection: BackendConnection) {
    this.#connection = connection;
  }

  /** Whether the last read contains the live entry of the command. */
  hasEntryOf(command: OperatorCommand): boolean {
    return command.kind === 'skipHost' || command.kind === 'recoverHost'
      ? this.#rows.hosts.some(({ name }) => name === command.host)
      : this.#rows.apps.some(({ name }) => name === command.key);
  }

  /** Whether the entry that the command may add fits beside those of the last read. */
  hasRoom(command: OperatorCommand): boolean {
    const { apps, hosts } = this.#rows;
    switch (command.kind) {
      case 'throttleApp':
        return apps.length < LIVE_ENTRIES_MAX;
      case 'skipHost':
        return hosts.length < LIVE_ENTRIES_MAX;
      default:
        return true;
    }
  }

  /**
   * Resolves with the state if it differs from that of the last read, or else null. Rejects with a
   * `BackendError`.
   */
  async read(): Promise<StateImage | null> {
    const clockMoved = await this.#compareClocks();
    const rows = { apps: await this.#apps(), hosts: await this.#hosts() };
    const changed = clockMoved || !sameRows(rows, this.#rows);
    this.#rows = rows;
    return changed ? this.#image() : null;
  }

  /** Makes the next read return the state even if it is unchanged. */
  forget(): void {
    this.#clockOffsetMs = undefined;
  }

  async #compareClocks(): Promise<boolean> {
    const sentMs = Date.now();
    const [row] = await this.#connection.select('SELECT UNIX_TIMESTAMP(now(6)) AS now_seconds');
    const receivedMs = Date.now();
    const offsetMs = (sentMs + receivedMs) / 2 - Number(row?.now_seconds) * 1_000;
    const toleranceMs = CLOCK_TOLERANCE_MS + Math.abs(receivedMs - sentMs) / 2;
    const knownMs = this.#clockOffsetMs;
    if (knownMs !== undefined && Math.abs(offsetMs - knownMs) <= toleranceMs) return false;
    this.#clockOffsetMs = offsetMs;
    return true;
  }

  async #apps(): Promise<AppRow[]> {
    const rows = await this.#connection.select(
      `SELECT app_name, UNIX_TIMESTAMP(expires_at) AS expires, ratio FROM throttled_apps
        WHERE ${LIVE_APP} ORDER BY app_name LIMIT ${LIVE_ENTRIES_MAX}`,
    );
    return rows.map(({ app_name, expires, ratio }) => ({
      name: String(app_name),
      expires: expires === null || Number(expires) >= LATEST_UNIX_SECONDS ? null : Number(expires),
      ratio: ratioOf(ratio),
    }));
  }

  async #hosts(): Promise<HostRow[]> {
    const rows = await this.#connection.select(
      `SELECT host_name, UNIX_TIMESTAMP(expires_at) AS expires FROM skipped_hosts
        WHERE ${LIVE_HOST} ORDER BY host_name LIMIT ${LIVE_ENTRIES_MAX}`,
    );
    return rows.map(({ host_name, expires }) => ({
      name: String(host_name),
      expires: Number(expires),
    }));
  }

  #image(): StateImage {
    const toLocalMs = (seconds: number): number =>
      Math.round(seconds * 1_000 + (this.#clockOffsetMs ?? 0));
    return {
      ...EMPTY_IMAGE,
      sweptAtMs: Date.now(),
      throttledApps: this.#rows.apps.map(({ name, expires, ratio }) => [
        name,
        { expireAtMs: expires === null ? NO_EXPIRY : toLocalMs(expires), ratio },
      ]),
      skippedHosts: this.#rows.hosts.map(({ name, expires }) => [
        name,
        { expireAtMs: toLocalMs(expires) },
      ]),
    };
  }
}

/** The original stores NULL or -1 for a missing ratio, which denies all checks. */
function ratioOf(ratio: unknown): number {
  const given = ratio === null ? 1 : Number(ratio);
  return given >= 0 ? Math.min(1, given) : 1;
}

function sameRows(left: StateRows, right: StateRows): boolean {
  return (
    left.apps.length === right.apps.length &&
    left.hosts.length === right.hosts.length &&
    left.apps.every((app, index) => sameApp(app, right.apps[index]!)) &&
    left.hosts.every((host, index) => sameHost(host, right.hosts[index]!))
  );
}

function sameApp(left: AppRow, right: AppRow): boolean {
  return left.name === right.name && left.expires === right.expires && left.ratio === right.ratio;
}

function sameHost(left: HostRow, right: HostRow): boolean {
  return left.name === right.name && left.expires === right.expires;
}
