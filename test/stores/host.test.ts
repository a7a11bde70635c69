/** The log of a probed host. */
import { expect } from 'chai';
import { pino } from 'pino';
import { FairResolver } from '../../src/base/dns-resolver.js';
import { LOG_LEVELS } from '../../src/base/log.js';
import type { MySQLFailure } from '../../src/base/mysql/failure.js';
import { StoreTurns } from '../../src/board/store-turns.js';
import { StoreCounters, ThreadCounters } from '../../src/stores/prober/counters.js';
import { ProbedHost } from '../../src/stores/prober/host.js';
import { HostLines } from '../../src/stores/prober/host-lines.js';
import { HostProbes } from '../../src/stores/prober/host-probes.js';
import { HttpChecker } from '../../src/stores/prober/http-check.js';
import { MetricHost, type ReadMetric } from '../../src/stores/prober/metric-host.js';
import { LoginGate } from '../../src/stores/prober/mysql/login-gate.js';
import { metricOf } from '../../src/stores/prober/mysql/metric.js';
import type { MemberScheduling, Openable } from '../../src/stores/prober/probe-scheduler.js';
import { storeTurn } from '../support/cluster-settings.js';

const REFUSED = { text: 'connection refused', unreachable: true };
const HUNG = { text: 'i/o timeout', unreachable: false };

/** A schedule that opens no probe. */
const IDLE = { start: () => undefined, stop: () => undefined, wake: () => undefined };

interface HostLogLine {
  readonly msg: string;
  readonly error?: string;
  readonly value?: number;
}

function probesOf(scheduling: MemberScheduling): HostProbes {
  return new HostProbes({ logins: new LoginGate(), counters: new ThreadCounters() }, scheduling);
}

/** A host that has not been opened, which one metric reads; and its log. */
function setUp(turn = storeTurn(), probes = probesOf(IDLE)) {
  const lines: string[] = [];
  const write = (line: string): void => {
    const { msg, error, value } = JSON.parse(line) as HostLogLine;
    lines.push([msg, error ?? value].filter((part) => part !== undefined).join(': '));
  };
  const logger = pino({ level: 'warn', customLevels: LOG_LEVELS }, { write });
  const counters = new StoreCounters();
  const values: number[] = [];
  const metric: ReadMetric = {
    ...{ label: '', counters },
    ...{ hostFailed: () => undefined, hostLate: () => undefined },
    hostSucceeded: (_host, value) => values.push(value),
  };
  const probed = new ProbedHost(
    { host: 'db1', port: 3306 },
    { key: '', login: { user: '', password: '', collation: '', tls: null } },
    {
      ...{ store: 'main', turn, probes, httpChecker: new HttpChecker(), counters },
      ...{ logger, lines: new HostLines(logger) },
      resolver: new FairResolver().client(),
      connectionMaxAgeMs: () => Number.POSITIVE_INFINITY,
    },
  );
  const member = new MetricHost(metric, {
    measured: metricOf({ kind: 'query', query: 'select 1' })!,
    ...{ queryKey: 'select 1', cacheMs: 0 },
  });
  member.index = 0;
  member.attach(probed);
  const host = {
    failed: (failure: MySQLFailure, atMs: number) => probed.failed(failure, atMs),
    succeeded: (value: number, atMs: number) => member.succeeded(value, atMs, atMs),
    sessionRefused: (reason: string) => probed.sessionRefused(reason),
  };
  return { host, probed, lines, values };
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

  it('reports what lasts: a second failure soon after the first, when ten seconds are over', () => {
    const { host, lines } = setUp();
    host.failed(REFUSED, 0);
    host.succeeded(1, 1_000);
    for (let atMs = 2_000; atMs < 12_000; atMs += 2_050) host.failed(REFUSED, atMs);
    expect(lines).to.deep.equal([
      'cannot read metric from host: connection refused',
      'host is readable again',
      'cannot read metric from host: connection refused',
    ]);
  });

  it('reports a changed error, each once until the host is readable', () => {
    const { host, lines } = setUp();
    for (let atMs = 0; atMs < 60_000; atMs += 100) {
      host.failed(atMs < 5_000 || (atMs / 100) % 2 === 0 ? REFUSED : HUNG, atMs);
    }
    host.succeeded(1, 60_000);
    host.failed(HUNG, 70_000);
    expect(lines).to.deep.equal([
      'cannot read metric from host: connection refused',
      'cannot read metric from host: i/o timeout',
      'host is readable again',
      'cannot read metric from host: i/o timeout',
    ]);
  });

  it('reports the first of many errors, at most one in ten seconds', () => {
    const { host, lines } = setUp();
    for (let atMs = 0; atMs < 600_000; atMs += 100) {
      host.failed({ text: `refused for the ${atMs}th time`, unreachable: false }, atMs);
    }
    expect(lines).to.have.length(8);
    expect(lines[1]).to.equal('cannot read metric from host: refused for the 10000th time');
  });

  it('reports a value far below 0 once an hour, and accepts it', () => {
    const { host, lines, values } = setUp();
    const warning =
      'the metric of a host is negative: if it is lag, check NTP on the hosts of the heartbeat';
    host.succeeded(-0.3, 1_000);
    host.succeeded(-1, 1_050);
    expect(lines).to.deep.equal([]);
    for (let atMs = 2_000; atMs < 3_602_000; atMs += 1_000) host.succeeded(-744, atMs);
    expect(lines).to.deep.equal([`${warning}: -744`]);
    host.succeeded(-743.5, 3_602_000);
    expect(lines).to.deep.equal([`${warning}: -744`, `${warning}: -743.5`]);
    expect(values.at(-1)).to.equal(-743.5);
  });

  it('reports refused settings of the session once', () => {
    const { host, lines } = setUp();
    for (let connection = 0; connection < 3; connection++) host.sessionRefused('read-only');
    expect(lines).to.deep.equal(['the server refused settings of the session: read-only']);
  });
});

describe('the turn of a probe that stores share', () => {
  it('is that of a store which has it', () => {
    let probe: Openable | undefined;
    const start = (started: Openable): void => {
      probe = started;
    };
    const probes = probesOf({ ...IDLE, start });
    const turns = new StoreTurns(StoreTurns.memory(1), 0);
    const hosts = [4, 7].map((slot) => setUp(turns.of(slot), probes).probed);
    for (const host of hosts) host.start();
    probe!.turn!.begin();
    expect(turns.slot).to.equal(4);
    probe!.turn!.end();
    expect(turns.slot).to.equal(null);
    hosts[0]!.stop();
    probe!.turn!.begin();
    expect(turns.slot).to.equal(7);
    hosts[1]!.stop();
  });
});
