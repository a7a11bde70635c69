/** Passwords and the files that hold them: which of the two counts, and what inherits it. */
import { expect } from 'chai';
import { clusterSettings } from '../../src/config/clusters.js';
import type { ConfigInput } from '../../src/config/schema.js';
import { serviceSettings } from '../../src/config/settings.js';
import { configOf, MINIMAL, problemsOf, withCluster } from './documents.js';

const SOURCE = { StaticHostsSettings: { Hosts: ['a'] } };

function logins(document: ConfigInput): ReadonlyArray<readonly [string, string]> {
  const [cluster] = clusterSettings(configOf(document));
  return cluster!.metrics.map(({ password, passwordFile }) => [password, passwordFile] as const);
}

describe('a password or its file', () => {
  it('is inherited together: the nearest that sets one of them counts', () => {
    const Metrics = { m: { Query: 'select 1', PasswordFile: '/m' } };
    const named = (cluster: object, mysql: object) =>
      logins(withCluster({ ...SOURCE, ...cluster }, mysql));
    expect(named({}, { PasswordFile: '/f' })).to.deep.equal([['', '/f']]);
    expect(named({ Password: 'p' }, { PasswordFile: '/f' })).to.deep.equal([['p', '']]);
    expect(named({ PasswordFile: '/c' }, { Password: 'p' })).to.deep.equal([['', '/c']]);
    expect(named({ Metrics }, { Password: 'p' })).to.deep.equal([
      ['p', ''],
      ['', '/m'],
    ]);
    const replaced = { Metrics: { m: { Password: 'own' } } };
    expect(named(replaced, { PasswordFile: '/f', Metrics })).to.deep.equal([
      ['', '/f'],
      ['own', ''],
    ]);
  });

  it('is that of ProxySQL, of the cluster before the common one', () => {
    const ProxySQLSettings = { Addresses: ['p:6032'], HostgroupID: 1 };
    const common = { ProxySQLPassword: 'p' };
    const hosts = (settings: object) =>
      clusterSettings(configOf(withCluster({ ProxySQLSettings: settings }, common)))[0]!.metrics[0]
        .hosts;
    expect(hosts(ProxySQLSettings)).to.include({ password: 'p', passwordFile: '' });
    const own = { ...ProxySQLSettings, PasswordFile: '/own' };
    expect(hosts(own)).to.include({ password: '', passwordFile: '/own' });
  });

  it('is that of the backend', () => {
    const backend = { BackendMySQLHost: 'h', BackendMySQLSchema: 's' };
    const config = configOf({ ...backend, BackendMySQLPasswordFile: '/b' });
    expect(serviceSettings(config, 2).consensus).to.include({ password: '', passwordFile: '/b' });
  });

  it('is refused where both are set, at each place', () => {
    const both = { Password: 'p', PasswordFile: '/f' };
    const problems = problemsOf({
      ...MINIMAL,
      BackendMySQLPassword: 'p',
      BackendMySQLPasswordFile: '/f',
      Stores: {
        MySQL: {
          ...both,
          ProxySQLPassword: 'p',
          ProxySQLPasswordFile: '/f',
          Clusters: {
            c: { ...both, ...SOURCE, Metrics: { m: { Query: 'select 1', ...both } } },
            d: { ProxySQLSettings: { Addresses: ['p:1'], ...both } },
          },
        },
      },
    });
    const mysql = 'Stores.MySQL';
    expect(problems).to.have.members([
      'BackendMySQLPasswordFile: BackendMySQLPassword is set too: set one of them',
      `${mysql}.PasswordFile: Password is set too: set one of them`,
      `${mysql}.ProxySQLPasswordFile: ProxySQLPassword is set too: set one of them`,
      `${mysql}.Clusters.c.PasswordFile: Password is set too: set one of them`,
      `${mysql}.Clusters.c.Metrics.m.PasswordFile: Password is set too: set one of them`,
      `${mysql}.Clusters.d.ProxySQLSettings.PasswordFile: Password is set too: set one of them`,
    ]);
  });
});
