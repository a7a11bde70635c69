/** What the log says of a host, and when what it was asked does not count. */
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
 * A host that has not been opened, in a cluster whose readings count from the beginning, and its
 * log.
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
    names: new FairResolver().client(),
    arrived: () => undefined,
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

describe('the log of a host', () => {
  it('says once that it cannot be read, and once that it is read again', () => {
    const { host, lines } = setUp();
    host.failed(REFUSED, 1_000);
    host.failed(HUNG, 1_050);
    host.succeeded(1, 1_100);
    host.succeeded(1, 1_150);
    expect(lines).to.deep.equal([
      'a host cannot be read: connection refused',
      'a host is read again',
    ]);
  });

  it('says so each ten seconds at most, however often it fails and recovers', () => {
    const { host, lines } = setUp();
    for (let atMs = 0; atMs < 20_000; atMs += 100) {
      host.failed(REFUSED, atMs);
      host.succeeded(1, atMs + 50);
    }
    const [failure, recovery] = [
      'a host cannot be read: connection refused',
      'a host is read again',
    ];
    expect(lines).to.deep.equal([failure, recovery, failure, recovery]);
  });
});
