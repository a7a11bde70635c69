/** `Login: "tls"`: what is refused because a password could go to a stranger. */
import { expect } from 'chai';
import { clusterSettings } from '../../src/config/clusters.js';
import { configOf, problemsOf, withCluster } from './documents.js';

const SOURCE = { StaticHostsSettings: { Hosts: ['a'] } };
const REFUSAL = 'Login "tls" needs TLS without SkipVerify, or without TLS a ServerPublicKeyFile';

describe('a login that may go only to proved servers', () => {
  const problems = (cluster: object, mysql: object = { Login: 'tls' }) =>
    problemsOf(withCluster({ ...SOURCE, ...cluster }, mysql));
  const path = 'Stores.MySQL.Clusters.c';

  it('is refused without TLS and a key, and with TLS that verifies nothing', () => {
    expect(problems({})).to.deep.equal([`${path}.Login: ${REFUSAL}`]);
    expect(problems({ TLS: { SkipVerify: true } })).to.deep.equal([`${path}.Login: ${REFUSAL}`]);
    const both = { TLS: { SkipVerify: true }, ServerPublicKeyFile: 'k' };
    expect(problems(both)).to.deep.equal([`${path}.Login: ${REFUSAL}`]);
    expect(problems({ Login: 'tls' }, {})).to.deep.equal([`${path}.Login: ${REFUSAL}`]);
  });

  it('is accepted with TLS or a key, own or inherited, and where the cluster says any', () => {
    expect(problems({ TLS: {} })).to.be.empty;
    expect(problems({ ServerPublicKeyFile: 'k' })).to.be.empty;
    expect(problems({}, { Login: 'tls', TLS: {} })).to.be.empty;
    expect(problems({}, { Login: 'tls', ServerPublicKeyFile: 'k' })).to.be.empty;
    expect(problems({ Login: 'any' })).to.be.empty;
    expect(problems({}, {})).to.be.empty;
  });

  it('is refused for a metric whose own TLS verifies nothing', () => {
    const Metrics = { m: { Query: 'select 1', TLS: { SkipVerify: true } } };
    expect(problems({ TLS: {}, Metrics })).to.deep.equal([`${path}.Metrics.m.TLS: ${REFUSAL}`]);
  });

  it('is refused for the backend alike', () => {
    const backend = {
      ...{ BackendMySQLHost: 'h', BackendMySQLSchema: 's', BackendMySQLLogin: 'tls' },
    };
    expect(problemsOf(backend)).to.deep.equal([`BackendMySQLLogin: ${REFUSAL}`]);
    expect(problemsOf({ ...backend, BackendMySQLTLS: {} })).to.be.empty;
    expect(problemsOf({ ...backend, BackendMySQLServerPublicKeyFile: 'k' })).to.be.empty;
  });

  it('gives each cluster its key file, its own before the common one', () => {
    const keyOf = (cluster: object) =>
      clusterSettings(
        configOf(withCluster({ ...SOURCE, ...cluster }, { ServerPublicKeyFile: 'common' })),
      )[0]!.metrics[0].serverPublicKeyFile;
    expect(keyOf({})).to.equal('common');
    expect(keyOf({ ServerPublicKeyFile: 'own' })).to.equal('own');
  });
});
