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
  describe('Raft or the MySQL backend', () => {
    it('requires RaftDataDir or BackendMySQLHost', () => {
      expect(problemsOf({})).to.deep.equal([
        'RaftDataDir: must be set, unless BackendMySQLHost is set',
      ]);
      expect(problemsOf(MINIMAL)).to.be.empty;
      expect(problemsOf(BACKEND)).to.be.empty;
    });

    it('requires BackendMySQLSchema with BackendMySQLHost', () => {
      expect(problemsOf({ BackendMySQLHost: 'db' })).to.deep.equal([
        'BackendMySQLSchema: must be set, because BackendMySQLHost is set',
      ]);
    });

    it('ignores mistakes in the keys of Raft when the backend is set', () => {
      const document = { ...BACKEND, ...MINIMAL, RaftNodes: ['a'], RaftElectionMillis: 50 };
      expect(warningsOf(document)).to.deep.equal([
        'RaftDataDir: ignored: BackendMySQLHost is set, so the MySQL backend elects the leader',
      ]);
    });

    it('limits domains to the columns of the backend', () => {
      const long = 'x'.repeat(33);
      expect(problemsOf({ ...BACKEND, Domain: long, ShareDomain: long })).to.deep.equal([
        'Domain: must have at most 32 characters; it defaults to DataCenter:Environment',
        'ShareDomain: must have at most 32 characters',
      ]);
      const joined = { DataCenter: 'x'.repeat(16), Environment: 'x'.repeat(16) };
      expect(problemsOf({ ...BACKEND, ...joined })).to.have.length(1);
      expect(problemsOf({ ...BACKEND, ...joined, Domain: 'x'.repeat(32) })).to.be.empty;
      const fitting = 'x'.repeat(32);
      expect(problemsOf({ ...BACKEND, Domain: fitting, ShareDomain: fitting })).to.be.empty;
      expect(problemsOf({ ...MINIMAL, Domain: long })).to.be.empty;
    });

    it('warns that ShareDomain is ignored without a backend', () => {
      expect(warningsOf({ ...MINIMAL, ShareDomain: 'all' })).to.deep.equal([
        'ShareDomain: ignored: needs the MySQL backend; set BackendMySQLHost',
      ]);
    });
  });

  describe('the nodes of Raft', () => {
    const raft = (keys: object) => problemsOf({ ...MINIMAL, ...keys });

    it('gives nodes without a port the default port', () => {
      const nodes = { RaftBind: '10.0.0.1', RaftNodes: ['10.0.0.1', '10.0.0.2:9888', '[::1]'] };
      expect(raft({ ...nodes, DefaultRaftPort: 9888 })).to.be.empty;
      expect(raft(nodes)).to.deep.equal([
        'RaftNodes[0]: has no port; write HOST:PORT, or set DefaultRaftPort',
        'RaftNodes[2]: has no port; write HOST:PORT, or set DefaultRaftPort',
        'RaftBind: has no port; write HOST:PORT, or set DefaultRaftPort',
      ]);
    });

    it('requires this node in RaftNodes by the address on which it listens', () => {
      expect(
        raft({ RaftBind: '10.0.0.4:1', RaftNodes: ['10.0.0.1:1', '10.0.0.2:1'] }),
      ).to.deep.equal([
        'RaftBind: 10.0.0.4:1 is not among RaftNodes (10.0.0.1:1, 10.0.0.2:1): add it ' +
          'there, or set RaftAdvertise to the address at which the peers reach this node',
      ]);
    });

    it('accepts this node in RaftNodes by its advertised address, in any case', () => {
      const keys = { RaftBind: '0.0.0.0:1', RaftNodes: ['A.example.com', 'b.example.com:1'] };
      const advertise = (address: string) =>
        raft({ ...keys, DefaultRaftPort: 1, RaftAdvertise: address });
      expect(advertise('a.Example.com:1')).to.be.empty;
      expect(advertise('B.example.com')).to.be.empty;
      expect(advertise('c.example.com')).to.deep.equal([
        'RaftAdvertise: c.example.com:1 is not among RaftNodes (a.example.com:1, ' +
          'b.example.com:1): add it there',
      ]);
    });

    it('requires no RaftNodes of a single node', () => {
      expect(raft({ RaftNodes: [], RaftAdvertise: 'a:1' })).to.be.empty;
    });

    it('refuses a node that is listed twice', () => {
      expect(raft({ RaftBind: 'a:1', RaftNodes: ['a:1', 'b:1', 'A:1'] })).to.deep.equal([
        'RaftNodes[2]: duplicate of RaftNodes[0]; list each node once',
      ]);
    });
  });

  it('requires the nodes in RaftTLS.Names to be among RaftNodes, in any case', () => {
    const named = (node: string) =>
      problemsOf({
        ...MINIMAL,
        ...{ RaftBind: 'a:1', RaftNodes: ['a:1', 'b:1'] },
        RaftTLS: { CAFile: '/c', CertFile: '/c', KeyFile: '/k', Names: { [node]: 'n' } },
      });
    expect(named('B:1')).to.be.empty;
    expect(named('c:1')).to.deep.equal(['RaftTLS.Names["c:1"]: is not among RaftNodes']);
  });

  it('requires one secret of the peers, and one that cannot be guessed', () => {
    const secret = (keys: object) => problemsOf({ ...MINIMAL, ...keys });
    expect(secret({ RaftSecret: 'x'.repeat(32) })).to.be.empty;
    expect(secret({ RaftSecret: 'x'.repeat(31) })).to.deep.equal([
      'RaftSecret: line 1 has fewer than 32 characters; make a secret with: openssl rand -hex 32',
    ]);
    expect(secret({ RaftSecret: 'x'.repeat(32), RaftSecretFile: '/s' })).to.deep.equal([
      'RaftSecret: must not be set, because RaftSecretFile is set',
    ]);
  });

  it('requires an election timeout of at least three heartbeats', () => {
    const times = (heartbeat: number, election: number) =>
      problemsOf({ ...MINIMAL, RaftHeartbeatMillis: heartbeat, RaftElectionMillis: election });
    expect(times(100, 300)).to.be.empty;
    expect(times(100, 299)).to.deep.equal([
      'RaftElectionMillis: must be at least 3 times RaftHeartbeatMillis (100), got 299',
    ]);
  });

  it('warns that HttpWorkers is ignored with the engine "node"', () => {
    const engine = (HttpEngine: string, HttpWorkers: number) =>
      warningsOf({ ...MINIMAL, HttpEngine, HttpWorkers });
    expect(engine('node', 2)).to.deep.equal([
      'HttpWorkers: ignored: HttpEngine "node" has one worker',
    ]);
    expect(engine('node', 1)).to.be.empty;
    expect(engine('uws', 2)).to.be.empty;
  });

  it('requires a client certificate and its key together', () => {
    const document = {
      ...withCluster({ TLS: { KeyFile: 'k' } }, { TLS: { CertFile: 'c' } }),
      BackendMySQLTLS: { CertFile: 'c', KeyFile: 'k' },
    };
    expect(problemsOf(document)).to.deep.equal([
      'Stores.MySQL.TLS.KeyFile: must be set, because CertFile is set',
      `${CLUSTER}.TLS.CertFile: must be set, because KeyFile is set`,
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

    it('warns of a cluster without a source of hosts', () => {
      const warning =
        `${CLUSTER}: has no source of hosts, so its checks fail; set one of HAProxySettings, ` +
        'ProxySQLSettings, VitessSettings, StaticHostsSettings';
      expect(warningsOf(withCluster({}))).to.deep.equal([warning]);
      expect(warningsOf(withCluster({ StaticHostsSettings: { Hosts: [] } }))).to.deep.equal([
        warning,
      ]);
    });

    for (const [key, settings] of Object.entries(complete)) {
      it(`accepts ${key} alone without a warning`, () => {
        expect(warningsOf(withCluster({ [key]: settings }))).to.be.empty;
      });
    }

    it('warns of each source that is ignored for another', () => {
      expect(warningsOf(withCluster(complete))).to.deep.equal([
        `${CLUSTER}.ProxySQLSettings: ignored: HAProxySettings takes precedence`,
        `${CLUSTER}.VitessSettings: ignored: HAProxySettings takes precedence`,
        `${CLUSTER}.StaticHostsSettings: ignored: HAProxySettings takes precedence`,
      ]);
    });

    it('warns of an incomplete source, with the keys to set', () => {
      const incomplete = {
        HAProxySettings: { Host: 'h', PoolName: 'p' },
        ProxySQLSettings: { HostgroupID: 0 },
        VitessSettings: { API: 'http://v' },
        StaticHostsSettings: { Hosts: ['a'] },
      };
      expect(warningsOf(withCluster(incomplete))).to.deep.equal([
        `${CLUSTER}.HAProxySettings: ignored: incomplete; set PoolName, and Host with Port ` +
          'or else Addresses',
        `${CLUSTER}.ProxySQLSettings: ignored: incomplete; set HostgroupID, and Addresses ` +
          'here or ProxySQLAddresses in Stores.MySQL',
        `${CLUSTER}.VitessSettings: ignored: incomplete; set API and Keyspace`,
      ]);
    });

    it('warns that Addresses of HAProxy are ignored with Host and Port', () => {
      expect(
        warningsOf(withCluster({ HAProxySettings: { ...haproxy, Addresses: 'x' } })),
      ).to.deep.equal([
        `${CLUSTER}.HAProxySettings.Addresses: ignored: Host and Port take precedence`,
      ]);
    });

    it('warns of authorities for addresses that are not read over HTTPS', () => {
      const CAFile = '/ca.pem';
      const ignored = 'CAFile: ignored: no address begins with https://';
      const found = (cluster: object) => warningsOf(withCluster(cluster));
      const pool = { PoolName: 'p', CAFile };
      expect(found({ HAProxySettings: { ...pool, Addresses: 'h,https://h' } })).to.be.empty;
      for (const where of [{ Host: 'h', Port: 1 }, { Addresses: 'h,http://h' }]) {
        expect(found({ HAProxySettings: { ...pool, ...where } })).to.deep.equal([
          `${CLUSTER}.HAProxySettings.${ignored}`,
        ]);
      }
      const VitessSettings = { ...complete.VitessSettings, CAFile };
      expect(found({ VitessSettings })).to.deep.equal([`${CLUSTER}.VitessSettings.${ignored}`]);
      const load = { Prometheus: { URL: 'http://p', Query: 'x', CAFile }, Threshold: 1 };
      expect(
        found({ StaticHostsSettings: complete.StaticHostsSettings, Metrics: { load } }),
      ).to.deep.equal([`${CLUSTER}.Metrics.load.Prometheus.${ignored}`]);
    });
  });
});
