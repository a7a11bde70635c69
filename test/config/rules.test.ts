/** Rules between keys. */
import { expect } from 'chai';
import { check, MINIMAL, problemsOf, withCluster } from './documents.js';

const BACKEND = { BackendMySQLHost: 'db', BackendMySQLSchema: 'freno' };
const CLUSTER = 'Stores.MySQL.Clusters.c';

function warningsOf(document: object): readonly string[] {
  const { problems, warnings } = check(document);
  expect(problems).to.deep.equal([]);
  return warnings;
}

describe('rules between keys', () => {
  describe('who decides', () => {
    it('RaftDataDir or BackendMySQLHost must be set', () => {
      expect(problemsOf({})).to.deep.equal([
        'RaftDataDir: either RaftDataDir or BackendMySQLHost must be set',
      ]);
      expect(problemsOf(MINIMAL)).to.be.empty;
      expect(problemsOf(BACKEND)).to.be.empty;
    });

    it('BackendMySQLHost requires BackendMySQLSchema', () => {
      expect(problemsOf({ BackendMySQLHost: 'db' })).to.deep.equal([
        'BackendMySQLSchema: must be set, because BackendMySQLHost is',
      ]);
    });

    it('with both, the backend decides, and what is wrong with Raft does not matter', () => {
      const document = { ...BACKEND, ...MINIMAL, RaftNodes: ['a'], RaftElectionMillis: 50 };
      expect(warningsOf(document)).to.deep.equal([
        'RaftDataDir: not used: BackendMySQLHost is set, the backend decides',
      ]);
    });

    it('domains must fit the columns of the backend', () => {
      const long = 'x'.repeat(33);
      expect(problemsOf({ ...BACKEND, Domain: long, ShareDomain: long })).to.deep.equal([
        'Domain: the domain must have at most 32 characters (without Domain it is DataCenter:Environment)',
        'ShareDomain: must have at most 32 characters',
      ]);
      const joined = { DataCenter: 'x'.repeat(16), Environment: 'x'.repeat(16) };
      expect(problemsOf({ ...BACKEND, ...joined })).to.have.length(1);
      expect(problemsOf({ ...BACKEND, ...joined, Domain: 'x'.repeat(32) })).to.be.empty;
      const fitting = 'x'.repeat(32);
      expect(problemsOf({ ...BACKEND, Domain: fitting, ShareDomain: fitting })).to.be.empty;
      expect(problemsOf({ ...MINIMAL, Domain: long })).to.be.empty;
    });

    it('ShareDomain does nothing without a backend', () => {
      expect(warningsOf({ ...MINIMAL, ShareDomain: 'all' })).to.deep.equal([
        'ShareDomain: not used: it needs a MySQL backend (BackendMySQLHost)',
      ]);
    });
  });

  describe('the nodes of Raft', () => {
    const raft = (keys: object) => problemsOf({ ...MINIMAL, ...keys });

    it('take the default port where they name none', () => {
      const nodes = { RaftBind: '10.0.0.1', RaftNodes: ['10.0.0.1', '10.0.0.2:9888', '[::1]'] };
      expect(raft({ ...nodes, DefaultRaftPort: 9888 })).to.be.empty;
      expect(raft(nodes)).to.deep.equal([
        'RaftNodes[0]: has no port: write HOST:PORT, or set DefaultRaftPort',
        'RaftNodes[2]: has no port: write HOST:PORT, or set DefaultRaftPort',
        'RaftBind: has no port: write HOST:PORT, or set DefaultRaftPort',
      ]);
    });

    it('include this one, by the address on which it listens', () => {
      expect(
        raft({ RaftBind: '10.0.0.4:1', RaftNodes: ['10.0.0.1:1', '10.0.0.2:1'] }),
      ).to.deep.equal([
        'RaftBind: 10.0.0.4:1 is not among RaftNodes (10.0.0.1:1, 10.0.0.2:1): list it there, or set RaftAdvertise to the address by which the peers know this node',
      ]);
    });

    it('or by the one that it advertises, whatever the case and however the port is given', () => {
      const keys = { RaftBind: '0.0.0.0:1', RaftNodes: ['A.example.com', 'b.example.com:1'] };
      const advertise = (address: string) =>
        raft({ ...keys, DefaultRaftPort: 1, RaftAdvertise: address });
      expect(advertise('a.Example.com:1')).to.be.empty;
      expect(advertise('B.example.com')).to.be.empty;
      expect(advertise('c.example.com')).to.deep.equal([
        'RaftAdvertise: c.example.com:1 is not among RaftNodes (a.example.com:1, b.example.com:1): list it there',
      ]);
    });

    it('are not asked for where this node is alone', () => {
      expect(raft({ RaftNodes: [], RaftAdvertise: 'a:1' })).to.be.empty;
    });

    it('are each listed once', () => {
      expect(raft({ RaftBind: 'a:1', RaftNodes: ['a:1', 'b:1', 'A:1'] })).to.deep.equal([
        'RaftNodes[2]: the same node as RaftNodes[0]',
      ]);
    });
  });

  it('an election takes at least three heartbeats', () => {
    const times = (heartbeat: number, election: number) =>
      problemsOf({ ...MINIMAL, RaftHeartbeatMillis: heartbeat, RaftElectionMillis: election });
    expect(times(100, 300)).to.be.empty;
    expect(times(100, 299)).to.deep.equal([
      'RaftElectionMillis: must be at least 3 times RaftHeartbeatMillis (100), is 299',
    ]);
  });

  it('the engine "node" has one worker', () => {
    const engine = (HttpEngine: string, HttpWorkers: number) =>
      warningsOf({ ...MINIMAL, HttpEngine, HttpWorkers });
    expect(engine('node', 2)).to.deep.equal(['HttpWorkers: the engine "node" has one worker']);
    expect(engine('node', 1)).to.be.empty;
    expect(engine('uws', 2)).to.be.empty;
  });

  it('a client certificate and its key are given together', () => {
    const document = {
      ...withCluster({ TLS: { KeyFile: 'k' } }, { TLS: { CertFile: 'c' } }),
      BackendMySQLTLS: { CertFile: 'c', KeyFile: 'k' },
    };
    expect(problemsOf(document)).to.deep.equal([
      'Stores.MySQL.TLS.KeyFile: must be set, because CertFile is',
      `${CLUSTER}.TLS.CertFile: must be set, because KeyFile is`,
    ]);
  });

  describe('the sources of a cluster', () => {
    const haproxy = { Host: 'h', Port: 1, PoolName: 'p' };
    const complete = {
      HAProxySettings: haproxy,
      ProxySQLSettings: { Addresses: ['p:6032'] },
      VitessSettings: { API: 'http://v', Keyspace: 'k' },
      StaticHostsSettings: { Hosts: ['a'] },
    };

    it('may be missing, with a warning', () => {
      const warning = `${CLUSTER}: names no source of hosts; its checks have nothing to answer from`;
      expect(warningsOf(withCluster({}))).to.deep.equal([warning]);
      expect(warningsOf(withCluster({ StaticHostsSettings: { Hosts: [] } }))).to.deep.equal([
        warning,
      ]);
    });

    for (const [key, settings] of Object.entries(complete)) {
      it(`may be ${key} alone, without a warning`, () => {
        expect(warningsOf(withCluster({ [key]: settings }))).to.be.empty;
      });
    }

    it('may be several, with a warning for each that does not count', () => {
      expect(warningsOf(withCluster(complete))).to.deep.equal([
        `${CLUSTER}.ProxySQLSettings: not used: HAProxySettings goes before it`,
        `${CLUSTER}.VitessSettings: not used: HAProxySettings goes before it`,
        `${CLUSTER}.StaticHostsSettings: not used: HAProxySettings goes before it`,
      ]);
    });

    it('may be incomplete, with a warning that says what they need', () => {
      const incomplete = {
        HAProxySettings: { Host: 'h', PoolName: 'p' },
        ProxySQLSettings: { HostgroupID: 0 },
        VitessSettings: { API: 'http://v' },
        StaticHostsSettings: { Hosts: ['a'] },
      };
      expect(warningsOf(withCluster(incomplete))).to.deep.equal([
        `${CLUSTER}.HAProxySettings: not used: it is incomplete, it needs PoolName, and Host with Port or else Addresses`,
        `${CLUSTER}.ProxySQLSettings: not used: it is incomplete, it needs HostgroupID, and Addresses here or ProxySQLAddresses in Stores.MySQL`,
        `${CLUSTER}.VitessSettings: not used: it is incomplete, it needs API and Keyspace`,
      ]);
    });

    it('of HAProxy are Host and Port before Addresses', () => {
      expect(
        warningsOf(withCluster({ HAProxySettings: { ...haproxy, Addresses: 'x' } })),
      ).to.deep.equal([
        `${CLUSTER}.HAProxySettings.Addresses: not used: Host and Port go before it`,
      ]);
    });
  });
});
