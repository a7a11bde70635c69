/**
 * From the latest readings of a cluster's hosts to the one value of its store: the highest. Pure:
 * no clock, no I/O.
 *
 * While a host has not been read yet the store has no value, because that host may lag most. An
 * error of a host is an error of the store, for the same reason. An operator allows exceptions by
 * a budget, `IgnoreHostsCount`: it is spent on hosts with errors first, in the order of the list,
 * and the rest on the hosts with the highest values (docs/stores.md).
 */
import { MetricState } from '../../throttle/metric.js';
import { MaxTree } from './max-tree.js';

/** Which hosts an operator allows to be left out of a cluster's value. */
export interface AggregationRules {
  /** How many hosts may be ignored: first those with errors, then those with the highest values. */
  readonly ignoreHostsCount: number;
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
   * `monotonicMs()` of the oldest value included, or of the error; else the time of the
   * aggregation.
   */
  readAtMs: number;
  /**
   * Meaningful when `state` is `error`; when it is `noHosts`, the error of the last host in the
   * list that was ignored, or empty.
   */
  errorText: string;
}

/** The state of a host; `leftOut` has precedence over all others. */
const Kind = { unread: 0, value: 1, error: 2, unreachable: 3, leftOut: 4 } as const;
type Kind = (typeof Kind)[keyof typeof Kind];

/**
 * The latest reading of each host, by its index in the list of the cluster.
 *
 * Invariant: `#counts` holds the number of hosts of each kind, and only hosts of kind `value` are
 * in the two trees. They are updated with each reading, because there is one aggregation per
 * reading: its cost must not depend on the number of hosts.
 */
export class ClusterReadings {
  readonly #readings: Uint8Array;
  readonly #leftOut: Uint8Array;
  readonly #values: Float64Array;
  readonly #atMs: Float64Array;
  readonly #texts: string[];
  readonly #counts = new Uint32Array(5);
  readonly #includedValues: MaxTree;
  /** The times of the values, negated: the highest one belongs to the oldest value. */
  readonly #negatedTimes: MaxTree;
  /** Hosts whose values are ignored in the aggregation in progress; empty between two. */
  readonly #ignored: number[] = [];

  constructor(readonly hosts: number) {
    this.#readings = new Uint8Array(hosts);
    this.#leftOut = new Uint8Array(hosts);
    this.#values = new Float64Array(hosts);
    this.#atMs = new Float64Array(hosts);
    this.#texts = new Array<string>(hosts).fill('');
    this.#includedValues = new MaxTree(hosts);
    this.#negatedTimes = new MaxTree(hosts);
    this.#counts[Kind.unread] = hosts;
  }

  /** Hosts whose latest reading is an error. */
  get failing(): number {
    return this.#counts[Kind.error]! + this.#counts[Kind.unreachable]!;
  }

  /** Hosts that their HTTP check takes out of the cluster. */
  get leftOut(): number {
    return this.#counts[Kind.leftOut]!;
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
    this.#store(host, Kind.value, value, readAtMs, '');
  }

  /** `unreachable`: the host could not be connected to. */
  setError(host: number, text: string, unreachable: boolean, atMs: number): void {
    this.#store(host, unreachable ? Kind.unreachable : Kind.error, 0, atMs, text);
  }

  /** Whether the host's HTTP check takes it out of the cluster. */
  setLeftOut(host: number, leftOut: boolean): void {
    this.#uncount(host);
    this.#leftOut[host] = leftOut ? 1 : 0;
    this.#count(host);
  }

  /** Copies the state of a host from another list. */
  copyHost(host: number, from: ClusterReadings, other: number): void {
    this.setLeftOut(host, from.#leftOut[other] === 1);
    const reading = from.#readings[other] as Kind;
    this.#store(host, reading, from.#values[other]!, from.#atMs[other]!, from.#texts[other]!);
  }

  /** Forgets all readings; the results of HTTP checks stay. */
  forget(): void {
    for (let host = 0; host < this.hosts; host++) this.#store(host, Kind.unread, 0, 0, '');
  }

  aggregate(rules: AggregationRules, nowMs: number, result: Aggregate): Aggregate {
    if (this.#counts[Kind.unread]! > 0) return fill(result, MetricState.notCollected, 0, nowMs, '');
    const errors =
      this.#counts[Kind.error]! + (rules.ignoreDialTcpErrors ? 0 : this.#counts[Kind.unreachable]!);
    if (errors > rules.ignoreHostsCount) {
      const host = this.#findError(rules);
      return fill(result, MetricState.error, 0, this.#atMs[host]!, this.#texts[host]!);
    }
    const values = this.#counts[Kind.value]!;
    if (values === 0) return fill(result, MetricState.noHosts, 0, nowMs, this.#lastError());
    const value = this.#highestLeft(this.#ignorableValues(rules), rules.ignoreHostsThreshold);
    return fill(result, MetricState.ok, value, -this.#negatedTimes.highest, '');
  }

  /**
   * The host whose value is that of the store: the highest one that is not ignored. Meaningful when
   * the state of the aggregate is `ok`.
   */
  decidingHost(rules: AggregationRules): number {
    this.#ignoreHighest(this.#ignorableValues(rules), rules.ignoreHostsThreshold);
    const host = this.#includedValues.indexOfHighest;
    this.#includeIgnored();
    return host;
  }

  /** How many values may be ignored: what the errors leave of the budget. */
  #ignorableValues(rules: AggregationRules): number {
    const errors =
      this.#counts[Kind.error]! + (rules.ignoreDialTcpErrors ? 0 : this.#counts[Kind.unreachable]!);
    // The last value is never ignored: a store without one would have no hosts.
    return Math.min(rules.ignoreHostsCount - errors, this.#counts[Kind.value]! - 1);
  }

  /** The first error beyond the budget, in the order of the list. */
  #findError(rules: AggregationRules): number {
    let ignorable = rules.ignoreHostsCount;
    for (let host = 0; host < this.hosts; host++) {
      const kind = this.#kind(host);
      const isCounted =
        kind === Kind.error || (kind === Kind.unreachable && !rules.ignoreDialTcpErrors);
      if (isCounted && ignorable-- === 0) return host;
    }
    throw new Error('fewer errors than counted');
  }

  /** The error of the last host in the list that has one; empty: none has. */
  #lastError(): string {
    for (let host = this.hosts - 1; this.failing > 0 && host >= 0; host--) {
      const kind = this.#kind(host);
      if (kind === Kind.error || kind === Kind.unreachable) return this.#texts[host]!;
    }
    return '';
  }

  /**
   * The highest value left when up to `ignorable` of the highest are ignored, but none up to
   * `threshold` unless that is 0.
   */
  #highestLeft(ignorable: number, threshold: number): number {
    this.#ignoreHighest(ignorable, threshold);
    const { highest } = this.#includedValues;
    this.#includeIgnored();
    return highest;
  }

  #ignoreHighest(ignorable: number, threshold: number): void {
    const values = this.#includedValues;
    const ignored = this.#ignored;
    while (ignored.length < ignorable && (threshold <= 0 || values.highest > threshold)) {
      ignored.push(values.indexOfHighest);
      values.set(values.indexOfHighest, Number.NEGATIVE_INFINITY);
    }
  }

  #includeIgnored(): void {
    for (const host of this.#ignored) this.#includedValues.set(host, this.#values[host]!);
    this.#ignored.length = 0;
  }

  #store(host: number, kind: Kind, value: number, atMs: number, text: string): void {
    this.#uncount(host);
    this.#readings[host] = kind;
    this.#values[host] = value;
    this.#atMs[host] = atMs;
    this.#texts[host] = text;
    this.#count(host);
  }

  /** Throws when the counts or the trees do not match the readings. For tests. */
  assertInvariants(): void {
    const counts = new Uint32Array(this.#counts.length);
    for (let host = 0; host < this.hosts; host++) counts[this.#kind(host)]!++;
    for (const [kind, count] of counts.entries()) {
      const counted = this.#counts[kind];
      if (counted !== count) throw new Error(`kind ${kind}: counted ${counted}, not ${count}`);
    }
    this.#includedValues.assertInvariants();
    this.#negatedTimes.assertInvariants();
    let highest = Number.NEGATIVE_INFINITY;
    let oldestMs = Number.POSITIVE_INFINITY;
    for (let host = 0; host < this.hosts; host++) {
      if (this.#kind(host) !== Kind.value) continue;
      highest = Math.max(highest, this.#values[host]!);
      oldestMs = Math.min(oldestMs, this.#atMs[host]!);
    }
    if (this.#includedValues.highest !== highest) throw new Error(`highest is not ${highest}`);
    if (this.#negatedTimes.highest !== -oldestMs) throw new Error(`oldest is not ${oldestMs}`);
    if (this.#ignored.length > 0) throw new Error('an aggregation left hosts ignored');
  }

  #kind(host: number): Kind {
    return this.#leftOut[host] === 1 ? Kind.leftOut : (this.#readings[host] as Kind);
  }

  #uncount(host: number): void {
    if (!(host >= 0 && host < this.hosts)) throw new RangeError(`no host ${host} in the list`);
    this.#counts[this.#kind(host)]!--;
  }

  #count(host: number): void {
    const kind = this.#kind(host);
    this.#counts[kind]!++;
    const isIncluded = kind === Kind.value;
    this.#includedValues.set(host, isIncluded ? this.#values[host]! : Number.NEGATIVE_INFINITY);
    this.#negatedTimes.set(host, isIncluded ? -this.#atMs[host]! : Number.NEGATIVE_INFINITY);
  }
}

function fill(
  result: Aggregate,
  state: MetricState,
  value: number,
  readAtMs: number,
  errorText: string,
): Aggregate {
  result.state = state;
  result.value = value;
  result.readAtMs = readAtMs;
  result.errorText = errorText;
  return result;
}
