/** What a probe says of a host whose name is not looked up in time. */
import { expect } from 'chai';
import type { MySQLFailure } from '../../src/base/mysql/failure.js';
import { metricOf } from '../../src/stores/prober/mysql/metric.js';
import { MysqlProbe } from '../../src/stores/prober/mysql/probe.js';

const TARGET = { host: 'replica.invalid', port: 3306 };
const LOGIN = { user: '', password: '', collation: '', tls: null };
const TIMEOUT_MS = 1_000;

describe('a probe whose look-up is not answered in time', () => {
  function failureWhile(isQueued: boolean): MySQLFailure {
    const failures: MySQLFailure[] = [];
    const probe = new MysqlProbe(
      TARGET,
      { login: LOGIN, metric: metricOf('select 1')!, cacheMs: 0 },
      { lookup: () => undefined, isQueued: () => isQueued },
      {
        succeeded: () => expect.fail('there is no server'),
        failed: (failure) => failures.push(failure),
        reused: () => undefined,
      },
      { finished: () => undefined, failed: () => undefined },
    );
    probe.open(0);
    probe.tick(TIMEOUT_MS);
    probe.close();
    return failures[0]!;
  }

  it('says that the host is not to be reached, once the system was asked', () => {
    expect(failureWhile(false)).to.deep.equal({
      text: 'dial tcp replica.invalid:3306: i/o timeout',
      unreachable: true,
    });
  });

  it('says so of no host that only waits for its turn: IgnoreDialTcpErrors would leave out one that may lag', () => {
    expect(failureWhile(true)).to.deep.equal({
      text: 'dial tcp replica.invalid:3306: lookup: still waiting for its turn',
      unreachable: false,
    });
  });
});
