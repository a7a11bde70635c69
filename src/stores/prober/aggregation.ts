/**
 * From the latest readings of a metric's hosts to its one value: the highest. Pure: no clock, no
 * I/O.
 *
 * While a host has not been read yet the metric has no value, because that host may lag most. An
 * error of a host is an error of the metric, for the same reason. An operator allows exceptions by
 * a budget, `IgnoreHostsCount` and `IgnoreHostsPercent`: it is spent on hosts with errors first, in
 * the order of the list, and the rest on the hosts with the highest values (docs/stores.md). Hosts
 * that catch up are left out, unless no other host has a value.
 */
import type { HostStanding, MetricDescription } from '../../contracts/probe.js';
import { MetricState } from '../../throttle/metric.js';
import { RankedValues } from './ranked-values.js';

/** Which hosts an operator allows to be left out of a metric's value. */
export interface AggregationRules {
  /** How many hosts may be ignored: first those with errors, then those with the highest values. */
  readonly ignoreHostsCount: number;
  /** A share of the listed hosts, rounded down, if that is more. */
  readonly ignoreHostsPercent: number;
  /** Values up to this one are never ignored; 0: all values may be ignored. */
  readonly ignoreHostsThreshold: number;
  /** Hosts that cannot be connected to are left out, beyond the budget. */
  readonly ignoreDialTcpErrors: boolean;
}

/** Filled in place, so that an aggregation allocates nothing. */
export interface Aggregate {
  state: MetricState;
  /** Meaningful when `state` is `ok`. */
  value: number;
  /**
   * `monotonicMs()` of the oldest value included; without a value the time of the aggregation: an
   * error stands until the host is read again.
   */
  readAtMs: number;
  /** Index of the host whose value or error this is; -1: it is of none. */
  host: number;
  /**
   * Meaningful when `state` is `error`; when it is `noHosts`, `ignored: ` and the error of the last
   * host in the list that was ignored, or empty.
   */
  errorText: string;
}

export function emptyAggregate(): Aggregate {
  return { state: MetricState.nothing, value: 0, readAtMs: 0, host: NO_HOST, errorText: '' };
}

type HostColumns = Omit<MetricDescription, 'metric' | 'hosts'>;

/**
 * The state of a host. `leftOut` (by its HTTP check) has precedence over `catchingUp`, and both
 * over its reading, which is one of the others.
 */
const Kind = { unread: 0, value: 1, error: 2, unreachable: 3, leftOut: 4, catchingUp: 5 } as const;
type Kind = (typeof Kind)[keyof typeof Kind];

const KINDS = Object.keys(Kind).length;
const NO_HOST = -1;

/**
 * The latest reading of each host, by its index in the list of the metric.
 *
 * Invariant: `#counts` holds the number of hosts of each kind, only hosts of kind `value` are in
 * `#counting`, and only those of kind `catchingUp` whose reading is a value in `#catchingUp`. They
 * are updated with each reading, because there is one aggregation per reading.
 */
export class HostReadings {
  readonly #readings: Uint8Array;
  readonly #leftOut: Uint8Array;
  readonly #isCatchingUp: Uint8Array;
  readonly #values: Float64Array;
  readonly #atMs: Float64Array;
  /** The latest error of each host, and its time: also when the host is readable again. */
  readonly #errors: string[];
  readonly #errorAtMs: Float64Array;
  readonly #counts = new Uint32Array(KINDS);
  readonly #counting: RankedValues;
  /** Null: no host has been catching up. */
  #catchingUp: RankedValues | null = null;
  /** How many values `#catchingUp` holds. */
  #catchingUpValues = 0;

  constructor(readonly hosts: number) {
    this.#readings = new Uint8Array(hosts);
    this.#leftOut = new Uint8Array(hosts);
    this.#isCatchingUp = new Uint8Array(hosts);
    this.#values = new Float64Array(hosts);
    this.#atMs = new Float64Array(hosts);
    this.#errors = new Array<string>(hosts).fill('');
    this.#errorAtMs = new Float64Array(hosts);
    this.#counting = new RankedValues(hosts);
    this.#counts[Kind.unread] = hosts;
  }

  /** Hosts whose latest reading is an error. */
  get failing(): number {
    return this.#counts[Kind.error]! + this.#counts[Kind.unreachable]!;
  }

  /** Hosts that their HTTP check leaves out. */
  get leftOut(): number {
    return this.#counts[Kind.leftOut]!;
  }

  /** Hosts that are left out because they catch up, or would be if they were not the only ones. */
  get catchingUp(): number {
    return this.#counts[Kind.catchingUp]!;
  }

  isUnread(host: number): boolean {
    return this.#readings[host] === Kind.unread;
  }

  /** How many hosts have a value below that limit. Costs a step per host. */
  countBelow(limit: number): number {
    let count = 0;
    for (let host = 0; host < this.hosts; host++) {
      if (this.#kind(host) === Kind.value && this.#values[host]! < limit) count++;
    }
    return count;
  }

  setValue(host: number, value: number, readAtMs: number): void {
    if (!Number.isFinite(value)) throw new RangeError(`${value} is not a finite number`);
    this.#store(host, Kind.value, value, readAtMs);
  }

  /** `unreachable`: the host could not be connected to. */
  setError(host: number, text: string, unreachable: boolean, atMs: number): void {
    this.#store(host, unreachable ? Kind.unreachable : Kind.error, 0, atMs);
    this.#errors[host] = text;
    this.#errorAtMs[host] = atMs;
  }

  /** Whether the host's HTTP check leaves it out. */
  setLeftOut(host: number, leftOut: boolean): void {
    this.#uncount(host);
    this.#leftOut[host] = leftOut ? 1 : 0;
    this.#count(host);
  }

  /** Whether the host is catching up (catch-up.ts). */
  setCatchingUp(host: number, isCatchingUp: boolean): void {
    if ((this.#isCatchingUp[host] === 1) === isCatchingUp) return;
    this.#catchingUp ??= new RankedValues(this.hosts);
    this.#uncount(host);
    this.#isCatchingUp[host] = isCatchingUp ? 1 : 0;
    this.#count(host);
  }

  /** Copies the state of a host from another list. */
  copyHost(host: number, from: HostReadings, other: number): void {
    this.setLeftOut(host, from.#leftOut[other] === 1);
    this.setCatchingUp(host, from.#isCatchingUp[other] === 1);
    const reading = from.#readings[other] as Kind;
    this.#store(host, reading, from.#values[other]!, from.#atMs[other]!);
    this.#errors[host] = from.#errors[other]!;
    this.#errorAtMs[host] = from.#errorAtMs[other]!;
  }

  /** Forgets all readings; which hosts are left out, by HTTP checks or to catch up, stays. */
  forget(): void {
    for (let host = 0; host < this.hosts; host++) this.#store(host, Kind.unread, 0, 0);
    this.#errors.fill('');
    this.#errorAtMs.fill(0);
  }

  aggregate(rules: AggregationRules, nowMs: number, result: Aggregate): Aggregate {
    result.value = 0;
    result.readAtMs = nowMs;
    result.host = NO_HOST;
    result.errorText = '';
    if (this.#counts[Kind.unread]! > 0) {
      result.state = MetricState.notCollected;
      return result;
    }
    const values = this.#valuesThatCount();
    const ignorable = this.#ignorable(rules);
    if (ignorable < 0) {
      result.state = MetricState.error;
      result.host = this.#findError(rules);
      result.errorText = this.#errors[result.host]!;
    } else if (values === null) {
      result.state = MetricState.noHosts;
      result.errorText = this.#lastError();
    } else {
      result.state = MetricState.ok;
      result.host = values.highestLeft(ignorable, rules.ignoreHostsThreshold);
      result.value = this.#values[result.host]!;
      result.readAtMs = values.oldestAtMs;
    }
    return result;
  }

  /** Costs some steps per host. */
  describe(rules: AggregationRules): HostColumns {
    return {
      standings: this.#standings(rules),
      values: this.#values.map((value, host) =>
        this.#readings[host] === Kind.value ? value : Number.NaN,
      ),
      readAtMs: this.#atMs.slice(),
      errors: [...this.#errors],
      errorAtMs: this.#errorAtMs.slice(),
      deciding: this.aggregate(rules, 0, emptyAggregate()).host,
    };
  }

  #standings(rules: AggregationRules): HostStanding[] {
    const values = this.#valuesThatCount();
    const ignorable = this.#ignorable(rules);
    let errors = this.#budget(rules);
    const standings = Array.from({ length: this.hosts }, (_, host): HostStanding => {
      switch (this.#kind(host)) {
        case Kind.unread:
          return 'unread';
        case Kind.leftOut:
          return 'leftOut';
        case Kind.catchingUp:
          return values === this.#catchingUp && this.#readings[host] === Kind.value
            ? 'counts'
            : 'catchingUp';
        case Kind.value:
          return 'counts';
        case Kind.unreachable:
          if (rules.ignoreDialTcpErrors) return 'unreachable';
          break;
        case Kind.error:
          break;
      }
      return errors-- > 0 ? 'ignored' : 'counts';
    });
    const ignored = values?.ignored(ignorable, rules.ignoreHostsThreshold) ?? [];
    for (const host of ignored) standings[host] = 'ignored';
    return standings;
  }

  /** Null: no host has a value that counts. */
  #valuesThatCount(): RankedValues | null {
    if (this.#counts[Kind.value]! > 0) return this.#counting;
    return this.#catchingUpValues > 0 ? this.#catchingUp : null;
  }

  #budget({ ignoreHostsCount, ignoreHostsPercent }: AggregationRules): number {
    return Math.max(ignoreHostsCount, Math.floor((this.hosts * ignoreHostsPercent) / 100));
  }

  /** How many values may be ignored: what errors leave of the budget; negative: some exceed it. */
  #ignorable(rules: AggregationRules): number {
    const errors =
      this.#counts[Kind.error]! + (rules.ignoreDialTcpErrors ? 0 : this.#counts[Kind.unreachable]!);
    const left = this.#budget(rules) - errors;
    // The last value is never ignored: a metric without one would have no hosts.
    const values = this.#counts[Kind.value]! || this.#catchingUpValues;
    return left < 0 ? left : Math.min(left, Math.max(0, values - 1));
  }

  /** The first error beyond the budget, in the order of the list. */
  #findError(rules: AggregationRules): number {
    let ignorable = this.#budget(rules);
    for (let host = 0; host < this.hosts; host++) {
      const kind = this.#kind(host);
      const isCounted =
        kind === Kind.error || (kind === Kind.unreachable && !rules.ignoreDialTcpErrors);
      if (isCounted && ignorable-- === 0) return host;
    }
    throw new Error('fewer errors than counted');
  }

  /** The error of the last host in the list that has one and is not left out; empty: none has. */
  #lastError(): string {
    if (this.failing + this.catchingUp === 0) return '';
    for (let host = this.hosts - 1; host >= 0; host--) {
      const reading = this.#readings[host];
      const isError = reading === Kind.error || reading === Kind.unreachable;
      if (isError && this.#leftOut[host] === 0) return `ignored: ${this.#errors[host]!}`;
    }
    return '';
  }

  #store(host: number, reading: Kind, value: number, atMs: number): void {
    this.#uncount(host);
    this.#readings[host] = reading;
    this.#values[host] = value;
    this.#atMs[host] = atMs;
    this.#count(host);
  }

  #kind(host: number): Kind {
    if (this.#leftOut[host] === 1) return Kind.leftOut;
    return this.#isCatchingUp[host] === 1 ? Kind.catchingUp : (this.#readings[host] as Kind);
  }

  #uncount(host: number): void {
    if (!(host >= 0 && host < this.hosts)) throw new RangeError(`no host ${host} in the list`);
    const kind = this.#kind(host);
    this.#counts[kind]!--;
    if (kind === Kind.catchingUp && this.#readings[host] === Kind.value) this.#catchingUpValues--;
  }

  #count(host: number): void {
    const kind = this.#kind(host);
    this.#counts[kind]!++;
    const value = this.#values[host]!;
    const atMs = this.#atMs[host]!;
    if (kind === Kind.value) this.#counting.set(host, value, atMs);
    else this.#counting.remove(host);
    if (this.#catchingUp === null) return;
    if (kind !== Kind.catchingUp || this.#readings[host] !== Kind.value) {
      this.#catchingUp.remove(host);
      return;
    }
    this.#catchingUp.set(host, value, atMs);
    this.#catchingUpValues++;
  }

  /** Throws when the counts or the ranked values do not match the readings. For tests. */
  assertInvariants(): void {
    const counts = new Uint32Array(KINDS);
    for (let host = 0; host < this.hosts; host++) counts[this.#kind(host)]!++;
    for (const [kind, count] of counts.entries()) {
      const counted = this.#counts[kind];
      if (counted !== count) throw new Error(`kind ${kind}: counted ${counted}, not ${count}`);
    }
    this.#assertRanked(this.#counting, Kind.value);
    if (this.#catchingUp !== null) this.#assertRanked(this.#catchingUp, Kind.catchingUp);
  }

  #assertRanked(ranked: RankedValues, kind: Kind): void {
    let highest = Number.NEGATIVE_INFINITY;
    let oldestMs = Number.POSITIVE_INFINITY;
    for (let host = 0; host < this.hosts; host++) {
      if (this.#kind(host) !== kind || this.#readings[host] !== Kind.value) continue;
      highest = Math.max(highest, this.#values[host]!);
      oldestMs = Math.min(oldestMs, this.#atMs[host]!);
    }
    ranked.assertInvariants(highest, oldestMs);
  }
}
