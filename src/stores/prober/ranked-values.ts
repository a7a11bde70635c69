/**
 * The values of some hosts of a metric: the highest one, also without a few that are ignored, and
 * the time of the oldest. Each is known after every change in a step per level of a tree, since
 * there is one aggregation per reading: its cost must not depend on the number of hosts.
 */
import { MaxTree } from './max-tree.js';

export class RankedValues {
  readonly #values: MaxTree;
  /** The times of the values, negated: the highest one belongs to the oldest value. */
  readonly #negatedTimes: MaxTree;
  /** Hosts that are ignored by the call in progress, with their values; empty between two. */
  readonly #ignoredHosts: number[] = [];
  readonly #ignoredValues: number[] = [];

  /** For hosts of the indexes 0 to `hosts` - 1. */
  constructor(hosts: number) {
    this.#values = new MaxTree(hosts);
    this.#negatedTimes = new MaxTree(hosts);
  }

  set(host: number, value: number, readAtMs: number): void {
    this.#values.set(host, value);
    this.#negatedTimes.set(host, -readAtMs);
  }

  remove(host: number): void {
    this.#values.set(host, Number.NEGATIVE_INFINITY);
    this.#negatedTimes.set(host, Number.NEGATIVE_INFINITY);
  }

  /** Time of the oldest value. Meaningful when there is one. */
  get oldestAtMs(): number {
    return -this.#negatedTimes.highest;
  }

  /**
   * The host with the highest value when up to `ignorable` of the highest are ignored, but none up
   * to `threshold` unless that is 0. Meaningful when more than `ignorable` hosts have a value.
   */
  highestLeft(ignorable: number, threshold: number): number {
    this.#ignoreHighest(ignorable, threshold);
    const host = this.#values.indexOfHighest;
    this.#includeIgnored();
    return host;
  }

  /** The hosts that `highestLeft` ignores. */
  ignored(ignorable: number, threshold: number): readonly number[] {
    this.#ignoreHighest(ignorable, threshold);
    const hosts = [...this.#ignoredHosts];
    this.#includeIgnored();
    return hosts;
  }

  #ignoreHighest(ignorable: number, threshold: number): void {
    const values = this.#values;
    const hosts = this.#ignoredHosts;
    while (hosts.length < ignorable && (threshold <= 0 || values.highest > threshold)) {
      const host = values.indexOfHighest;
      hosts.push(host);
      this.#ignoredValues.push(values.highest);
      values.set(host, Number.NEGATIVE_INFINITY);
    }
  }

  #includeIgnored(): void {
    const hosts = this.#ignoredHosts;
    for (let at = 0; at < hosts.length; at++)
      this.#values.set(hosts[at]!, this.#ignoredValues[at]!);
    hosts.length = 0;
    this.#ignoredValues.length = 0;
  }

  /** Throws when the highest or the oldest value are others than given. For tests. */
  assertInvariants(highest: number, oldestAtMs: number): void {
    this.#values.assertInvariants();
    this.#negatedTimes.assertInvariants();
    if (this.#values.highest !== highest) throw new Error(`highest is not ${highest}`);
    if (this.oldestAtMs !== oldestAtMs) throw new Error(`oldest is not ${oldestAtMs}`);
    if (this.#ignoredHosts.length > 0) throw new Error('a call left hosts ignored');
  }
}
