/** When probes of hosts that failed together try again. */
import { lookup } from 'node:dns';
import { expect } from 'chai';
import { monotonicMs } from '../../src/base/clock.js';
import type { ProbeTarget } from '../../src/contracts/stores.js';
import { freePorts } from '../../src/demo/temporary.js';
import { MysqlProbe } from '../../src/stores/prober/mysql/probe.js';

const PROBES = 20;
const RESOLVER = { lookup, isPending: () => false };
const LOGIN = { user: 'freno', password: '', collation: '', tls: null };
const COUNTERS = { finished: () => {}, failed: () => {} };

/** Milliseconds from the failure of a probe to its next attempt. */
function pauseOf(target: ProbeTarget): Promise<number> {
  return new Promise((resolve) => {
    const listener = {
      connected: () => {},
      sessionRefused: () => {},
      failed: (_failure: unknown, atMs: number) => resolve(probe.dialAtMs - atMs),
    };
    const probe = new MysqlProbe(target, LOGIN, RESOLVER, listener, COUNTERS);
    probe.open(monotonicMs());
  });
}

describe('probes of hosts that fail together', () => {
  it('try again at different times', async () => {
    const [port = 0] = await freePorts(1);
    const pauses = await Promise.all(
      Array.from({ length: PROBES }, () => pauseOf({ host: '127.0.0.1', port })),
    );
    expect(new Set(pauses).size, pauses.join()).to.equal(PROBES);
  });
});
