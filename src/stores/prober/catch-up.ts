/**
 * Which hosts are catching up: a host that joins (new in the list, or new to this node as leader)
 * far behind, as after a restore from a backup, until it is first healthy or its time is over. One
 * that has counted once and falls behind later is not among them. Pure: no clock, no I/O.
 */
import type { CatchUpSettings } from '../../contracts/stores.js';

const MINUTE_MS = 60_000;

/**
 * The states of a host: joining (no value yet) -> catching up -> joined, or joining -> joined. A
 * host that has joined stays so until it leaves the list.
 */
const HostState = { joining: 0, catchingUp: 1, joined: 2 } as const;

export class CatchUp {
  readonly #states: Uint8Array;
  /** When hosts that are catching up had their first value. */
  readonly #sinceMs: Float64Array;

  /** For the hosts of a list, which all join. */
  constructor(hosts: number) {
    this.#states = new Uint8Array(hosts);
    this.#sinceMs = new Float64Array(hosts);
  }

  /** Copies the state of a host from another list. */
  copyHost(host: number, from: CatchUp, other: number): void {
    this.#states[host] = from.#states[other]!;
    this.#sinceMs[host] = from.#sinceMs[other]!;
  }

  /**
   * Whether the host is catching up, now that it has this value. `threshold`: the one in force.
   * `settings`: null when hosts count from their first value on.
   */
  afterValue(
    host: number,
    value: number,
    settings: CatchUpSettings | null,
    threshold: number,
    nowMs: number,
  ): boolean {
    if (this.#states[host] === HostState.joined) return false;
    const isBehind = settings !== null && value > threshold;
    if (this.#states[host] === HostState.joining) {
      const isFarBehind = isBehind && value > settings.aboveSeconds;
      this.#states[host] = isFarBehind ? HostState.catchingUp : HostState.joined;
      this.#sinceMs[host] = nowMs;
      return isFarBehind;
    }
    if (!isBehind) this.#states[host] = HostState.joined;
    return this.afterError(host, settings, nowMs);
  }

  /** Whether the host is catching up still, although it cannot be read. */
  afterError(host: number, settings: CatchUpSettings | null, nowMs: number): boolean {
    if (this.#states[host] !== HostState.catchingUp) return false;
    const isOver =
      settings === null || nowMs - this.#sinceMs[host]! >= settings.maxMinutes * MINUTE_MS;
    if (isOver) this.#states[host] = HostState.joined;
    return !isOver;
  }
}
