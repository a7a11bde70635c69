/** The settings of the service, from the configuration. */
import { expect } from 'chai';
import type { ConfigInput } from '../../src/config/schema.js';
import { serviceSettings } from '../../src/config/settings.js';
import { OPEN_ACCESS } from '../../src/throttle/access.js';
import { configOf } from './documents.js';

const settingsOf = (document: ConfigInput, cores = 8) => serviceSettings(configOf(document), cores);

describe('the settings of the service', () => {
  it('has the defaults on eight cores', () => {
    expect(settingsOf({ RaftDataDir: '/d' })).to.deep.equal({
      listenPort: 8087,
      listenAddress: '',
      listenTls: null,
      door: { allowedHosts: [], allowedOrigins: [], adminListen: null },
      httpEngine: 'auto',
      httpWorkers: 4,
      probeWorkers: 4,
      profiling: false,
      consensus: {
        kind: 'raft',
        dataDir: '/d',
        bind: { host: '127.0.0.1', port: 10008 },
        advertise: '127.0.0.1:10008',
        nodes: [],
        clusterName: 'freno',
        secret: null,
        tls: null,
        heartbeatMs: 50,
        electionMs: 400,
        snapshotEntries: 8192,
      },
      domain: '',
      shareDomain: '',
      shareDomainTls: null,
      appRules: { separator: '', rules: [] },
      access: OPEN_ACCESS,
      memcache: { servers: [], path: 'freno', tls: null },
    });
  });

  it('writes the nodes of RaftTLS.Names as those of RaftNodes', () => {
    const RaftTLS = { CAFile: '/c', CertFile: '/p', KeyFile: '/k', Names: { A: 'n', 'b:2': 'm' } };
    const { consensus } = settingsOf({
      RaftDataDir: '/d',
      RaftBind: 'a:1',
      RaftNodes: ['a:1', 'b:2'],
      DefaultRaftPort: 1,
      RaftTLS,
    });
    expect(consensus)
      .to.have.property('tls')
      .that.deep.equals({
        ...{ caFile: '/c', certFile: '/p', keyFile: '/k', mode: 'require' },
        names: new Map([
          ['a:1', 'n'],
          ['b:2', 'm'],
        ]),
      });
  });

  const workers: ReadonlyArray<readonly [cores: number, http: number, probe: number]> = [
    [1, 1, 1],
    [2, 1, 1],
    [3, 2, 1],
    [4, 3, 2],
    [6, 4, 3],
    [64, 4, 4],
  ];
  for (const [cores, http, probe] of workers) {
    it(`has ${http} HTTP and ${probe} probe workers on ${cores} cores`, () => {
      expect(settingsOf({}, cores)).to.include({ httpWorkers: http, probeWorkers: probe });
    });
  }

  it('has as many workers as the file sets', () => {
    expect(settingsOf({ HttpWorkers: 7, ProbeWorkers: 9 }, 2)).to.include({
      httpWorkers: 7,
      probeWorkers: 9,
    });
  });

  it('has one HTTP worker with the engine "node", whatever the file sets', () => {
    expect(settingsOf({ HttpEngine: 'node', HttpWorkers: 3 }).httpWorkers).to.equal(1);
    expect(settingsOf({ HttpEngine: 'node' }).httpWorkers).to.equal(1);
  });

  it('lists the nodes of Raft by host and port, in lower case', () => {
    const { consensus } = settingsOf({
      DefaultRaftPort: 9888,
      RaftBind: '0.0.0.0:7',
      RaftAdvertise: 'Node1',
      RaftNodes: ['node1', 'NODE2:1', '::1'],
    });
    expect(consensus).to.deep.include({
      bind: { host: '0.0.0.0', port: 7 },
      advertise: 'node1:9888',
      nodes: ['node1:9888', 'node2:1', '[::1]:9888'],
    });
  });

  it('uses the backend where one is configured', () => {
    const document = {
      BackendMySQLHost: 'db',
      BackendMySQLPort: 0,
      BackendMySQLSchema: 's',
      BackendMySQLUser: 'u',
      BackendMySQLPassword: 'p',
      BackendMySQLCollation: 'utf8mb4_bin',
      BackendMySQLTLS: { CAFile: 'ca' },
    };
    expect(settingsOf(document).consensus).to.deep.equal({
      kind: 'backend',
      host: 'db',
      port: 3306,
      schema: 's',
      user: 'u',
      password: 'p',
      passwordFile: '',
      serverPublicKeyFile: '',
      collation: 'utf8mb4_bin',
      tls: { caFile: 'ca', certFile: '', keyFile: '', serverName: '', skipVerify: false },
    });
  });

  const domains: ReadonlyArray<readonly [document: ConfigInput, domain: string]> = [
    [{}, ''],
    [{ DataCenter: 'dc' }, 'dc:'],
    [{ Environment: 'env' }, ':env'],
    [{ DataCenter: 'dc', Environment: 'env' }, 'dc:env'],
    [{ DataCenter: 'dc', Environment: 'env', Domain: 'd' }, 'd'],
  ];
  for (const [document, domain] of domains) {
    it(`has the domain "${domain}" for ${JSON.stringify(document)}`, () => {
      expect(settingsOf(document).domain).to.equal(domain);
    });
  }
});
