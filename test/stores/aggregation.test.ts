/** From the readings of the hosts to the value of a store. */
import { expect } from 'chai';
import {
  type Aggregate,
  type AggregationRules,
  emptyAggregate,
  HostReadings,
} from '../../src/stores/prober/aggregation.js';
import { MetricState } from '../../src/throttle/metric.js';
import { SeededRandom } from '../support/random.js';

const NOW_MS = 1_000;
const STRICT: AggregationRules = {
  ignoreHostsCount: 0,
  ignoreHostsPercent: 0,
  ignoreHostsThreshold: 0,
  ignoreDialTcpErrors: false,
};

/** A host as a test writes it: a value, an error, or nothing read yet. */
type Reading = number | 'unread' | 'error' | 'unreachable';
type HostState = { readonly reading: Reading; readonly leftOut?: boolean };

function readingsOf(hosts: readonly HostState[]): HostReadings {
  const readings = new HostReadings(hosts.length);
  hosts.forEach(({ reading, leftOut = false }, host) => {
    if (typeof reading === 'number') readings.setValue(host, reading, atMs(host));
    else if (reading !== 'unread') {
      readings.setError(host, textOf(host), reading === 'unreachable', atMs(host));
    }
    readings.setLeftOut(host, leftOut);
  });
  return readings;
}

function aggregate(readings: HostReadings, rules: Partial<AggregationRules> = {}): Aggregate {
  const result = emptyAggregate();
  readings.assertInvariants();
  readings.aggregate({ ...STRICT, ...rules }, NOW_MS, result);
  readings.assertInvariants();
  return result;
}

function of(...readings: Reading[]): HostReadings {
  return readingsOf(readings.map((reading) => ({ reading })));
}

function atMs(host: number): number {
  return 100 + ((host * 37) % 50);
}

function textOf(host: number): string {
  return `host ${host} is broken`;
}

describe('aggregation', () => {
  it('gives a store the highest value of its hosts', () => {
    expect(aggregate(of(0.4, 7.5, 3))).to.include({ state: MetricState.ok, value: 7.5 });
    expect(aggregate(of(-3, -7))).to.include({ state: MetricState.ok, value: -3 });
  });

  it('finds the host that decides: the highest value that is not ignored', () => {
    const decides = (readings: HostReadings, rules: Partial<AggregationRules>): number =>
      aggregate(readings, rules).host;
    expect(decides(of(0.4, 7.5, 3), {})).to.equal(1);
    expect(decides(of(0.4, 7.5, 3), { ignoreHostsCount: 1 })).to.equal(2);
    expect(decides(of(0.4, 7.5, 3), { ignoreHostsCount: 5 })).to.equal(0);
    expect(decides(of(0.4, 7.5, 3), { ignoreHostsCount: 2, ignoreHostsThreshold: 5 })).to.equal(2);
    expect(decides(of('error', 7.5, 3), { ignoreHostsCount: 2 })).to.equal(2);
    expect(decides(of('unreachable', 7.5, 3), { ignoreDialTcpErrors: true })).to.equal(1);
  });

  it('takes the time of the oldest value included', () => {
    const readings = new HostReadings(3);
    readings.setValue(0, 1, 500);
    readings.setValue(1, 2, 300);
    readings.setValue(2, 3, 400);
    expect(aggregate(readings).readAtMs).to.equal(300);
    readings.setValue(1, 2, 600);
    expect(aggregate(readings).readAtMs).to.equal(400);
  });

  it('has no value while a host has not been read, whatever the others are', () => {
    const notCollected = { state: MetricState.notCollected, readAtMs: NOW_MS };
    expect(aggregate(of(1, 'unread', 'error'))).to.include(notCollected);
    expect(aggregate(of('error', 'unread'), { ignoreHostsCount: 2 })).to.include(notCollected);
  });

  it('does not wait for a host that is left out by its HTTP check', () => {
    const readings = readingsOf([{ reading: 1 }, { reading: 'unread', leftOut: true }]);
    expect(aggregate(readings)).to.include({ state: MetricState.ok, value: 1 });
  });

  it('ignores the value and the error of a host that is left out', () => {
    const readings = readingsOf([
      { reading: 1 },
      { reading: 9, leftOut: true },
      { reading: 'error', leftOut: true },
    ]);
    expect(aggregate(readings)).to.include({ state: MetricState.ok, value: 1 });
    readings.setLeftOut(1, false);
    expect(aggregate(readings)).to.include({ state: MetricState.ok, value: 9 });
  });

  it('reports no hosts when none is listed, or none is left', () => {
    const noHosts = { state: MetricState.noHosts, readAtMs: NOW_MS };
    expect(aggregate(new HostReadings(0))).to.include(noHosts);
    expect(aggregate(readingsOf([{ reading: 1, leftOut: true }]))).to.include(noHosts);
    expect(aggregate(of('unreachable'), { ignoreDialTcpErrors: true })).to.include(noHosts);
    expect(aggregate(of('error', 'error'), { ignoreHostsCount: 2 })).to.include(noHosts);
  });

  it('reports the error of the last host that was ignored when none is left', () => {
    const ignoring = { ignoreHostsCount: 3, ignoreDialTcpErrors: true };
    expect(aggregate(of('error'), ignoring).errorText).to.equal(`ignored: ${textOf(0)}`);
    expect(aggregate(of('error', 'unreachable'), ignoring).errorText).to.equal(
      `ignored: ${textOf(1)}`,
    );
    const leftOut = { reading: 'error', leftOut: true } as const;
    const readings = readingsOf([{ reading: 'error' }, leftOut]);
    expect(aggregate(readings, ignoring).errorText).to.equal(`ignored: ${textOf(0)}`);
    expect(aggregate(readingsOf([leftOut]), ignoring).errorText).to.equal('');
    expect(aggregate(of('error', 1), ignoring).errorText).to.equal('');
  });

  it('counts the hosts whose value is below a limit', () => {
    const readings = readingsOf([
      { reading: -2 },
      { reading: -1 },
      { reading: 'error' },
      { reading: -744, leftOut: true },
    ]);
    expect(readings.countBelow(-1)).to.equal(1);
    expect(aggregate(readings, { ignoreHostsCount: 1 }).value).to.equal(-1);
  });

  it('reports the first error in the order of the list, which stands', () => {
    expect(aggregate(of(1, 'error', 'unreachable'))).to.include({
      state: MetricState.error,
      errorText: textOf(1),
      readAtMs: NOW_MS,
    });
  });

  it('forgets readings, but not the results of HTTP checks', () => {
    const readings = readingsOf([{ reading: 1 }, { reading: 2, leftOut: true }]);
    readings.forget();
    expect(aggregate(readings)).to.include({ state: MetricState.notCollected });
    readings.setValue(0, 5, 10);
    expect(aggregate(readings)).to.include({ state: MetricState.ok, value: 5 });
  });

  it('copies readings and results of HTTP checks from another list', () => {
    const before = readingsOf([
      { reading: 'error' },
      { reading: 9, leftOut: true },
      { reading: 4 },
    ]);
    const readings = new HostReadings(2);
    readings.copyHost(0, before, 1);
    readings.copyHost(1, before, 2);
    expect(aggregate(readings)).to.include({
      state: MetricState.ok,
      value: 4,
      readAtMs: atMs(2),
    });
    readings.setLeftOut(0, false);
    expect(aggregate(readings)).to.include({ value: 9 });
  });

  it('rejects values that are not finite, and hosts that are not in the list', () => {
    const readings = new HostReadings(1);
    expect(() => readings.setValue(0, Number.NaN, 1)).to.throw(RangeError);
    expect(() => readings.setValue(1, 1, 1)).to.throw(RangeError);
    expect(() => readings.setError(-1, '', false, 1)).to.throw(RangeError);
  });
});

describe('the budget of ignored hosts', () => {
  it('is spent on errors first, and the error beyond it is reported', () => {
    expect(aggregate(of('error', 3, 2), { ignoreHostsCount: 1 }).value).to.equal(3);
    expect(aggregate(of('error', 'error', 2), { ignoreHostsCount: 1 })).to.include({
      state: MetricState.error,
      errorText: textOf(1),
    });
  });

  it('is spent on the highest values after the errors', () => {
    expect(aggregate(of(5, 4, 3, 2), { ignoreHostsCount: 2 }).value).to.equal(3);
    expect(aggregate(of(5, 'error', 3, 2), { ignoreHostsCount: 2 }).value).to.equal(3);
  });

  it('never ignores the last value', () => {
    expect(aggregate(of(5, 4), { ignoreHostsCount: 9 }).value).to.equal(4);
    expect(aggregate(of(5, 'error'), { ignoreHostsCount: 9 }).value).to.equal(5);
  });

  it('ignores only values above IgnoreHostsThreshold, if it is set', () => {
    const rules = { ignoreHostsCount: 2, ignoreHostsThreshold: 4 };
    expect(aggregate(of(9, 4, 3), rules).value).to.equal(4);
    expect(aggregate(of(9, 8, 7), rules).value).to.equal(7);
    expect(aggregate(of(3, 2, 1), rules).value).to.equal(3);
    expect(aggregate(of(0, -1), { ignoreHostsCount: 1 }).value).to.equal(-1);
  });

  it('is a share of the hosts, rounded down, where that is more', () => {
    const rules = { ignoreHostsPercent: 40 };
    expect(aggregate(of(9, 4, 3), rules).value).to.equal(4);
    expect(aggregate(of(9, 4), rules).value).to.equal(9);
    expect(aggregate(of(9, 4, 3), { ...rules, ignoreHostsCount: 2 }).value).to.equal(3);
    expect(aggregate(of(9, 4, 3), { ignoreHostsPercent: 100 }).value).to.equal(3);
  });

  it('applies to one aggregation only', () => {
    const readings = of(5, 4, 3);
    aggregate(readings, { ignoreHostsCount: 2 });
    expect(aggregate(readings).value).to.equal(5);
  });

  it('is not spent on unreachable hosts with IgnoreDialTcpErrors', () => {
    const rules = { ignoreHostsCount: 1, ignoreDialTcpErrors: true };
    expect(aggregate(of('unreachable', 'unreachable', 'error', 1), rules).value).to.equal(1);
    expect(aggregate(of('unreachable', 2, 1), rules).value).to.equal(1);
    const text = aggregate(of('unreachable', 'error', 'error', 1), rules).errorText;
    expect(text).to.equal(textOf(2));
  });
});

describe('a host that is catching up', () => {
  const catchingUp = (readings: HostReadings, host: number): HostReadings => {
    readings.setCatchingUp(host, true);
    return readings;
  };

  it('is left out with its value or its error', () => {
    expect(aggregate(catchingUp(of(1, 9_000), 1))).to.include({ state: MetricState.ok, value: 1 });
    expect(aggregate(catchingUp(of(1, 'error'), 1))).to.include({
      state: MetricState.ok,
      value: 1,
    });
    const readings = catchingUp(of(1, 9_000), 1);
    expect(readings.catchingUp).to.equal(1);
    readings.setCatchingUp(1, false);
    expect(aggregate(readings).value).to.equal(9_000);
  });

  it('counts when it is the only one', () => {
    expect(aggregate(catchingUp(of(9_000), 0))).to.include({ state: MetricState.ok, value: 9_000 });
    const both = catchingUp(catchingUp(of(9_000, 8_000), 0), 1);
    expect(aggregate(both).value).to.equal(9_000);
  });
});

/** The reference: the algorithm of the original program, which filters and sorts a list. */
function reference(hosts: readonly HostState[], rules: AggregationRules): Partial<Aggregate> {
  const counted = hosts.map((host, index) => ({ ...host, index })).filter((host) => !host.leftOut);
  if (counted.some(({ reading }) => reading === 'unread')) {
    return { state: MetricState.notCollected };
  }
  const share = Math.floor((hosts.length * rules.ignoreHostsPercent) / 100);
  let budget = Math.max(rules.ignoreHostsCount, share);
  const values: number[] = [];
  for (const { reading, index } of counted) {
    if (typeof reading === 'number') values.push(reading);
    else if (reading === 'unreachable' && rules.ignoreDialTcpErrors) continue;
    else if (budget > 0) budget--;
    else return { state: MetricState.error, errorText: textOf(index) };
  }
  if (values.length === 0) return { state: MetricState.noHosts };
  values.sort((left, right) => left - right);
  for (; budget > 0; budget--) {
    const above = rules.ignoreHostsThreshold <= 0 || values.at(-1)! > rules.ignoreHostsThreshold;
    if (values.length > 1 && above) values.pop();
  }
  return { state: MetricState.ok, value: values.at(-1)! };
}

describe('aggregation and its reference', () => {
  it('agree after each of 100,000 random changes', () => {
    const random = new SeededRandom(2026);
    for (let list = 0; list < 1_000; list++) {
      const hosts: HostState[] = Array.from({ length: random.below(9) + 1 }, () => ({
        reading: random.below(6),
      }));
      const readings = readingsOf(hosts);
      const rules: AggregationRules = {
        ignoreHostsCount: random.pick([0, 0, 1, 2, 5]),
        ignoreHostsPercent: random.pick([0, 0, 25, 50, 100]),
        ignoreHostsThreshold: random.pick([0, 2, 4]),
        ignoreDialTcpErrors: random.chance(0.5),
      };
      for (let change = 0; change < 100; change++) {
        const host = random.below(hosts.length);
        const reading = random.pick<Reading>(['error', 'unreachable', random.below(6), 2, 3]);
        hosts[host] = { reading, leftOut: random.chance(0.1) };
        readings.setLeftOut(host, hosts[host].leftOut!);
        if (typeof reading === 'number') readings.setValue(host, reading, atMs(host));
        else readings.setError(host, textOf(host), reading === 'unreachable', atMs(host));
        const actual = aggregate(readings, rules);
        const expected = reference(hosts, rules);
        const agree = Object.entries(expected).every(
          ([key, value]) => actual[key as keyof Aggregate] === value,
        );
        if (!agree) expect.fail(JSON.stringify({ hosts, rules, actual, expected }));
      }
    }
  });
});
