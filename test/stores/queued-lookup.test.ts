/** The failure of a probe whose DNS lookup is not finished in time. */
import { expect } from 'chai';
import type { MySQLFailure } from '../../src/base/mysql/failure.js';
import { MysqlProbe, PROBE_TIMEOUT_MS } from '../../src/stores/prober/mysql/probe.js';

const TARGET = { host: 'replica.invalid', port: 3306 };
const LOGIN = { user: '', password: '', collation: '', tls: null };

describe('a probe whose DNS lookup times out', () => {
  function failureWhile(isQueued: boolean): MySQLFailure {
    const failures: MySQLFailure[] = [];
    const probe = new MysqlProbe(
      TARGET,
      LOGIN,
      { lookup: () => undefined, isQueued: () => isQueued },
      { failed: (failure) => failures.push(failure), sessionRefused: () => undefined },
      { finished: () => undefined, failed: () => undefined },
    );
    probe.open(0);
    probe.tick(PROBE_TIMEOUT_MS);
    probe.close();
    return failures[0]!;
  }

  it('reports an unreachable host when the lookup was running', () => {
    expect(failureWhile(false)).to.deep.equal({
      text: 'dial tcp replica.invalid:3306: i/o timeout',
      unreachable: true,
    });
  });

  it('does not report an unreachable host when the lookup was queued', () => {
    expect(failureWhile(true)).to.deep.equal({
      text: 'dial tcp replica.invalid:3306: lookup: timed out in the queue',
      unreachable: false,
    });
  });
});
