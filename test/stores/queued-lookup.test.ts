/** The failure of a probe whose DNS lookup is not finished in time, or fails. */
import { expect } from 'chai';
import type { ResolverClient } from '../../src/base/dns-resolver.js';
import { dialFailure, type MySQLFailure } from '../../src/base/mysql/failure.js';
import { MysqlProbe } from '../../src/stores/prober/mysql/probe.js';
import { PROBE_TIMEOUT_MS } from '../../src/stores/prober/mysql/probe-bounds.js';

const TARGET = { host: 'replica.invalid', port: 3306 };
const ADDRESS = 'replica.invalid:3306';
const LOGIN = { user: '', password: '', collation: '', tls: null };

describe('a probe whose DNS lookup times out', () => {
  function failureWith(resolver: ResolverClient): MySQLFailure {
    const failures: MySQLFailure[] = [];
    const probe = new MysqlProbe(
      TARGET,
      LOGIN,
      resolver,
      {
        failed: (failure) => failures.push(failure),
        sessionRefused: () => undefined,
        connected: () => undefined,
      },
      { finished: () => undefined, failed: () => undefined },
    );
    probe.open(0);
    probe.tick(PROBE_TIMEOUT_MS);
    probe.close();
    return failures[0]!;
  }

  it('reports an unreachable host when its name was found', () => {
    expect(failureWith({ lookup: () => undefined, isPending: () => false })).to.deep.equal({
      text: `dial tcp ${ADDRESS}: i/o timeout`,
      unreachable: true,
    });
  });

  it('does not report an unreachable host when the lookup is not over', () => {
    expect(failureWith({ lookup: () => undefined, isPending: () => true })).to.deep.equal({
      text: `dial tcp ${ADDRESS}: lookup: timed out`,
      unreachable: false,
    });
  });
});

describe('a host that cannot be connected to', () => {
  const errors: ReadonlyArray<readonly [code: string, syscall: string, unreachable: boolean]> = [
    ['ECONNREFUSED', 'connect', true],
    ['EHOSTUNREACH', 'connect', true],
    ['ETIMEDOUT', 'connect', true],
    ['ENOTFOUND', 'getaddrinfo', true],
    // What this machine lacks is no fault of the host.
    ['EAI_AGAIN', 'getaddrinfo', false],
    ['ENETUNREACH', 'connect', false],
    ['EMFILE', 'connect', false],
    ['EADDRNOTAVAIL', 'connect', false],
  ];
  for (const [code, syscall, unreachable] of errors) {
    it(`is ${unreachable ? '' : 'not '}unreachable with ${code}`, () => {
      const error = Object.assign(new Error(code), { code, syscall });
      expect(dialFailure(ADDRESS, error).unreachable).to.equal(unreachable);
    });
  }
});
