/**
 * From the latest readings of a cluster's hosts to the one value of its store. Pure: no clock, no
 * I/O.
 */
import { MetricState } from '../../throttle/metric.js';
import { MaxTree } from './max-tree.js';

/** What an operator allows to be left out of a cluster's value. */
export interface AggregationRules {
  /** How many hosts may be ignored: first those with errors, then those with the highest values. */
  readonly ignoreHostsCount: number;
  /** Values up to this are never ignored; 0: all may be. */
  readonly ignoreHostsThreshold: number;
  /** Hosts that cannot be connected to are left out, whatever the count. */
  readonly ignoreDialTcpErrors: boolean;
}

/** Filled in place, so that an aggregation allocates nothing. */
export interface Aggregate {
  state: MetricState;
  /** Meaningful when `state` is `ok`. */
  value: number;
  /**
   * `monotonicMs()` of the oldest value weighed, or of the error; else the time of the aggregation.
   */
  readAtMs: number;
  /** Meaningful when `state` is `error`. */
  errorText: string;
}

/** What is known of a host; `leftOut` stands before all others. */
const Kind = { unread: 0, value: 1, error: 2, unreachable: 3, leftOut: 4 } as const;
type Kind = (typeof Kind)[keyof typeof Kind];

/**
 * The latest reading of each host, by its place in the list of the cluster.
 *
 * Invariant: `#counts` holds the number of hosts of each kind, and only hosts of kind `value` take
 * part in the two tournaments. Keeping them up makes an aggregation, of which there is one per
 * arriving reading, independent of the number of hosts.
 */
export class ClusterReadings {
  readonly #readings: Uint8Array;
  readonly #leftOut: Uint8Array;
  readonly #values: Float64Array;
  readonly #atMs: Float64Array;
  readonly #texts: string[];
  readonly #counts = new Uint32Array(5);
  readonly #weighed: MaxTree;
  /** Of the times negated: the highest is that of the oldest value. */
  readonly #ages: MaxTree;
  /** Places whose values are ignored in the aggregation under way. */
  readonly #ignored: number[] = [];

  constructor(readonly hosts: number) {
    this.#readings = new Uint8Array(hosts);
    this.#leftOut = new Uint8Array(hosts);
    this.#values = new Float64Array(hosts);
    this.#atMs = new Float64Array(hosts);
    this.#texts = new Array<string>(hosts).fill('');
    this.#weighed = new MaxTree(hosts);
    this.#ages = new MaxTree(hosts);
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

  setValue(host: number, value: number, readAtMs: number): void {
    if (!Number.isFinite(value)) throw new RangeError(`${value} is no reading`);
    this.#store(host, Kind.value, value, readAtMs, '');
  }

  /** `unreachable`: there was no connection to be had. */
  setError(host: number, text: string, unreachable: boolean, atMs: number): void {
    this.#store(host, unreachable ? Kind.unreachable : Kind.error, 0, atMs, text);
  }

  /** Whether the host's HTTP check takes it out of the cluster. */
  setLeftOut(host: number, leftOut: boolean): void {
    this.#uncount(host);
    this.#leftOut[host] = leftOut ? 1 : 0;
    this.#count(host);
  }

  /** Takes over what another list knew of a host. */
  copyHost(host: number, from: ClusterReadings, other: number): void {
    this.setLeftOut(host, from.#leftOut[other] === 1);
    const reading = from.#readings[other] as Kind;
    this.#store(host, reading, from.#values[other]!, from.#atMs[other]!, from.#texts[other]!);
  }

  /** Forgets what was read; what HTTP checks said stays. */
  forget(): void {
    for (let host = 0; host < this.hosts; host++) this.#store(host, Kind.unread, 0, 0, '');
  }

  aggregate(rules: AggregationRules, nowMs: number, into: Aggregate): Aggregate {
    if (this.#counts[Kind.unread]! > 0) return fill(into, MetricState.notCollected, 0, nowMs, '');
    const errors =
      this.#counts[Kind.error]! + (rules.ignoreDialTcpErrors ? 0 : this.#counts[Kind.unreachable]!);
    if (errors > rules.ignoreHostsCount) {
      const host = this.#findError(rules);
      return fill(into, MetricState.error, 0, this.#atMs[host]!, this.#texts[host]!);
    }
    const values = this.#counts[Kind.value]!;
    if (values === 0) return fill(into, MetricState.noHosts, 0, nowMs, '');
    const ignorable = Math.min(rules.ignoreHostsCount - errors, values - 1);
    const value = this.#highestLeft(ignorable, rules.ignoreHostsThreshold);
    return fill(into, MetricState.ok, value, -this.#ages.highest, '');
  }

  /** The first error that is one too many, in the order of the list. */
  #findError(rules: AggregationRules): number {
    let ignorable = rules.ignoreHostsCount;
    for (let host = 0; host < this.hosts; host++) {
      const kind = this.#kind(host);
      const counts =
        kind === Kind.error || (kind === Kind.unreachable && !rules.ignoreDialTcpErrors);
      if (counts && ignorable-- === 0) return host;
    }
    throw new RangeError('the errors counted are not there');
  }

  /**
   * The highest value left when up to `ignorable` of the highest are ignored, but none up to
   * `threshold` unless that is 0.
   */
  #highestLeft(ignorable: number, threshold: number): number {
    const weighed = this.#weighed;
    const ignored = this.#ignored;
    while (ignored.length < ignorable && (threshold <= 0 || weighed.highest > threshold)) {
      ignored.push(weighed.winner);
      weighed.set(weighed.winner, Number.NEGATIVE_INFINITY);
    }
    const { highest } = weighed;
    for (const host of ignored) weighed.set(host, this.#values[host]!);
    ignored.length = 0;
    return highest;
  }

  #store(host: number, kind: Kind, value: number, atMs: number, text: string): void {
    this.#uncount(host);
    this.#readings[host] = kind;
    this.#values[host] = value;
    this.#atMs[host] = atMs;
    this.#texts[host] = text;
    this.#count(host);
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
    const weighs = kind === Kind.value;
    this.#weighed.set(host, weighs ? this.#values[host]! : Number.NEGATIVE_INFINITY);
    this.#ages.set(host, weighs ? -this.#atMs[host]! : Number.NEGATIVE_INFINITY);
  }
}

function fill(
  into: Aggregate,
  state: MetricState,
  value: number,
  readAtMs: number,
  errorText: string,
): Aggregate {
  into.state = state;
  into.value = value;
  into.readAtMs = readAtMs;
  into.errorText = errorText;
  return into;
}
