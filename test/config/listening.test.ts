/** Which engine serves HTTP over TLS, and what is refused. */
import { expect } from 'chai';
import type { ConfigInput } from '../../src/config/schema.js';
import { serviceSettings } from '../../src/config/settings.js';
import { check, configOf, MINIMAL, problemsOf } from './documents.js';

const FILES = { CertFile: 'c', KeyFile: 'k' };

describe('where and how HTTP listens', () => {
  const settingsOf = (document: ConfigInput) => serviceSettings(configOf(document), 4);

  it('is plain HTTP on all addresses by default', () => {
    expect(settingsOf({})).to.include({ listenAddress: '', listenTls: null, httpEngine: 'auto' });
  });

  it('is TLS 1.2 and later on one address where that is configured', () => {
    const { listenAddress, listenTls, httpEngine } = settingsOf({
      ListenAddress: '10.0.0.1',
      ListenTLS: FILES,
    });
    expect({ listenAddress, httpEngine }).to.deep.equal({
      listenAddress: '10.0.0.1',
      httpEngine: 'auto',
    });
    expect(listenTls).to.deep.equal({
      ...{ certFile: 'c', keyFile: 'k', clientCaFile: '', minVersion: 'TLSv1.2' },
    });
  });

  for (const only of [{ ClientCAFile: 'a' }, { MinVersion: 'TLSv1.3' as const }]) {
    const [key] = Object.keys(only);

    it(`chooses the node engine for ${key}, with one worker`, () => {
      const ListenTLS = { ...FILES, ...only };
      expect(settingsOf({ ListenTLS })).to.include({ httpEngine: 'node', httpWorkers: 1 });
    });

    it(`refuses ${key} with the native engine`, () => {
      const ListenTLS = { ...FILES, ...only };
      const problems = problemsOf({ ...MINIMAL, HttpEngine: 'uws', ListenTLS });
      expect(problems).to.have.length(1);
      expect(problems[0]).to.match(new RegExp(`^ListenTLS\\.${key}: not with HttpEngine "uws"`));
    });
  }

  it('refuses TLS where this node asks leaders of other domains in clear', () => {
    const shared = { BackendMySQLHost: 'h', BackendMySQLSchema: 's', ShareDomain: 'production' };
    expect(problemsOf({ ...MINIMAL, ...shared })).to.deep.equal([]);
    const problems = problemsOf({ ...MINIMAL, ...shared, ListenTLS: FILES });
    expect(problems.join()).to.match(/^ListenTLS: needs ShareDomainTLS/);
    const encrypted = { ...shared, ListenTLS: FILES, ShareDomainTLS: {} };
    expect(problemsOf({ ...MINIMAL, ...encrypted })).to.deep.equal([]);
    expect(settingsOf(encrypted).shareDomainTls).to.deep.equal({ caFile: '', acceptsClear: false });
  });

  it('warns where there is no other domain to ask over TLS', () => {
    const document = { ...MINIMAL, ShareDomainTLS: { Mode: 'accept' } };
    expect(check(document).warnings.join()).to.contain(
      'ShareDomainTLS: ignored: needs ShareDomain',
    );
  });

  it('has a second address, names and origins where they are configured', () => {
    const { door } = settingsOf({
      AdminListen: '[::1]:8088',
      AllowedHosts: ['freno'],
      AllowedOrigins: ['https://a.example.com:8443'],
    });
    expect(door).to.deep.equal({
      adminListen: { host: '::1', port: 8088 },
      allowedHosts: ['freno'],
      allowedOrigins: ['https://a.example.com:8443'],
    });
  });

  it('refuses addresses, names and origins that could never match', () => {
    const refused = (document: object) => problemsOf({ ...MINIMAL, ...document }).join('\n');
    expect(refused({ AdminListen: '10.0.0.1' })).to.match(/AdminListen: must be ADDRESS:PORT/);
    expect(refused({ AdminListen: 'h:8087' })).to.match(/AdminListen: has the port of ListenPort/);
    expect(refused({ AllowedHosts: ['freno:80'] })).to.match(/AllowedHosts\[0\]: must be a host/);
    expect(refused({ AllowedOrigins: ['https://a/'] })).to.match(/AllowedOrigins\[0\]: must be S/);
  });

  it('refuses a certificate without a key, and an address with a port', () => {
    const problems = problemsOf({
      ...{ ...MINIMAL, ListenAddress: '10.0.0.1:80', ListenTLS: { CertFile: 'c' } },
    });
    expect(problems.join('\n'))
      .to.match(/ListenTLS\.KeyFile/)
      .and.match(/ListenAddress: must be/);
  });
});
