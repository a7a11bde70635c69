/** The log of a probed host. */
import { expect } from 'chai';
import { pino } from 'pino';
import { FairResolver } from '../../src/base/dns-resolver.js';
import { ClusterReadings } from '../../src/stores/prober/aggregation.js';
import { StoreCounters, ThreadCounters } from '../../src/stores/prober/counters.js';
import { ProbedHost } from '../../src/stores/prober/host.js';
import { HttpChecker } from '../../src/stores/prober/http-check.js';
import { metricOf } from '../../src/stores/prober/mysql/metric.js';

const REFUSED = { text: 'connection refused', unreachable: true };
const HUNG = { text: 'i/o timeout', unreachable: false };

/**
 * A host that has not been opened, in a cluster that accepts all readings, and its log.
 */
function setUp() {
  const lines: string[] = [];
  const write = (line: string): void => {
    const { msg, error } = JSON.parse(line) as { msg: string; error?: string };
    lines.push(error === undefined ? msg : `${msg}: ${error}`);
  };
  const owner = {
    name: 'main',
    sinceMs: 0,
    readings: new ClusterReadings(1),
    counters: new StoreCounters(new ThreadCounters()),
    resolver: new FairResolver().client(),
    onReading: () => undefined,
  };
  const host = new ProbedHost(
    { host: 'db1', port: 3306 },
    {
      login: { user: '', password: '', collation: '', tls: null },
      metric: metricOf('select 1')!,
      cacheMs: 0,
    },
    owner,
    { httpChecker: new HttpChecker(), logger: pino({ level: 'warn' }, { write }) },
  );
  host.index = 0;
  return { host, lines };
}

describe('the log of a probed host', () => {
  it('reports a failure once and the recovery once', () => {
    const { host, lines } = setUp();
    host.failed(REFUSED, 1_000);
    host.failed(HUNG, 1_050);
    host.succeeded(1, 1_100);
    host.succeeded(1, 1_150);
    expect(lines).to.deep.equal([
      'cannot read metric from host: connection refused',
      'host is readable again',
    ]);
  });

  it('reports failures every ten seconds at most, however often the host recovers', () => {
    const { host, lines } = setUp();
    for (let atMs = 0; atMs < 20_000; atMs += 100) {
      host.failed(REFUSED, atMs);
      host.succeeded(1, atMs + 50);
    }
    const [failure, recovery] = [
      'cannot read metric from host: connection refused',
      'host is readable again',
    ];
    expect(lines).to.deep.equal([failure, recovery, failure, recovery]);
  });
});
