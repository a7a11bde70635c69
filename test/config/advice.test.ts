/** Warnings about configurations that are valid and most likely wrong. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is how variables are written in
// the file
import { expect } from 'chai';
import { advice } from '../../src/config/advice.js';
import type { ConfigInput } from '../../src/config/schema.js';
import { configOf, problemsOf, withCluster } from './documents.js';

const SOURCE = { StaticHostsSettings: { Hosts: ['a'] } };
const GOOD = withCluster({ ThrottleThreshold: 1, ...SOURCE });

const adviceOn = (keys: ConfigInput) => advice(configOf({ ...GOOD, ...keys }));

describe('advice on a valid configuration', () => {
  it('has no line for a good one', () => {
    expect(adviceOn({})).to.deep.equal([]);
  });

  describe('about thresholds and clusters', () => {
    const zero = (names: string) => [
      `Stores.MySQL.ThrottleThreshold: 0 or not set, and not set for ${names}: checks pass only ` +
        'while the metric is 0 or less; set it here or for the cluster',
    ];

    it('names the clusters without a threshold', () => {
      expect(adviceOn(withCluster(SOURCE))).to.deep.equal(zero('"c"'));
      expect(adviceOn(withCluster({ ThrottleThreshold: 0 }))).to.deep.equal(zero('"c"'));
      expect(adviceOn(withCluster({ ThrottleThreshold: 0 }, { ThrottleThreshold: 1 }))).to.be.empty;
    });

    it('names at most five of many clusters', () => {
      const Clusters = Object.fromEntries([...'abcdefg'].map((name) => [name, {}]));
      expect(adviceOn({ Stores: { MySQL: { Clusters } } })).to.deep.equal(
        zero('"a", "b", "c", "d", "e" and 2 more clusters'),
      );
    });

    it('says that without clusters every check fails', () => {
      const line = 'Stores.MySQL.Clusters: empty, so every check fails with 404; add a cluster';
      expect(adviceOn({ Stores: { MySQL: { Clusters: {} } } })).to.deep.equal([line]);
      expect(adviceOn({ Stores: {} })).to.deep.equal([line]);
    });
  });

  describe('about the nodes of Raft', () => {
    const nodes = (count: number) =>
      adviceOn({
        RaftBind: '127.0.0.1:1',
        RaftNodes: Array.from({ length: count }, (_, index) => `127.0.0.1:${index + 1}`),
      });

    it('accepts no list, and an odd number of nodes', () => {
      expect([...nodes(0), ...nodes(3), ...nodes(5)]).to.deep.equal([]);
    });

    it('says that two nodes need each other', () => {
      expect(nodes(2)).to.deep.equal([
        'RaftNodes: 2 nodes need a majority of 2: there is no leader while either node is down; ' +
          'list 3 nodes',
      ]);
    });

    it('says that an even number tolerates no more than one node less', () => {
      expect(nodes(4)).to.deep.equal([
        'RaftNodes: 4 nodes need a majority of 3: they tolerate as many failures (1) as 3 nodes; ' +
          'list an odd number',
      ]);
    });

    it('says that a list of this node alone is no cluster', () => {
      expect(nodes(1)).to.deep.equal([
        'RaftNodes: lists only this node, so no other node takes over when it fails; list all ' +
          'nodes, or leave RaftNodes out to run a single node',
      ]);
    });

    it('says that peers prove nothing where other hosts reach their port', () => {
      const RaftNodes = ['n1:1', 'n2:1', 'n3:1'];
      const reached = { RaftBind: '0.0.0.0:1', RaftAdvertise: 'n1:1', RaftNodes };
      expect(adviceOn(reached).join()).to.contain('set RaftTLS or RaftSecretFile');
      expect(adviceOn({ ...reached, RaftSecretFile: '/etc/freno/secret' })).to.deep.equal([]);
      expect(adviceOn({ ...reached, RaftSecret: 'x'.repeat(32) })).to.deep.equal([]);
    });

    it('has no line for RaftNodes with a MySQL backend', () => {
      const backend = { BackendMySQLHost: 'db', BackendMySQLSchema: 'f', RaftDataDir: '' };
      expect(adviceOn({ ...backend, RaftNodes: ['a:1', 'b:1'] })).to.deep.equal([]);
    });
  });

  describe('about strings', () => {
    const password = 'Stores.MySQL.Clusters.c.Password';
    const passwordAdvice = (Password: string) =>
      adviceOn(withCluster({ ThrottleThreshold: 1, ...SOURCE, Password }));

    for (const value of [
      '$DB_PASSWORD',
      '$(DB_PASSWORD)',
      '%DB_PASSWORD%',
      '${DB_PASSWORD:-x}',
      '${DB-PW}',
      '${DB_PW',
    ]) {
      it(`recognizes ${value} as a variable, and does not quote it`, () => {
        expect(passwordAdvice(value)).to.deep.equal([
          `${password}: looks like an environment variable, and is used as it is; a variable is ` +
            'written ${NAME}, with letters, digits and underscores only',
        ]);
      });
    }

    it('recognizes a variable in the credentials of an address', () => {
      const source = (Addresses: string) =>
        adviceOn(
          withCluster({ ThrottleThreshold: 1, HAProxySettings: { PoolName: 'p', Addresses } }),
        ).map((line) => line.split(':')[0]);
      expect(source('http://u:$PASS@h:1')).to.deep.equal([
        'Stores.MySQL.Clusters.c.HAProxySettings.Addresses',
      ]);
      expect(source('http://u:p$1@h:1, h2:1/$x')).to.deep.equal([]);
    });

    it('accepts other passwords with a dollar or a percent sign', () => {
      for (const value of ['$1$abc', 'a$b', '$', '$a-b', '%x', 'example.com', 'a$']) {
        expect(passwordAdvice(value), value).to.deep.equal([]);
      }
    });

    it('recognizes placeholders in angle brackets', () => {
      expect(passwordAdvice('<password>')).to.deep.equal([
        `${password}: a placeholder; replace it by a value of your own`,
      ]);
    });

    it('recognizes addresses reserved for documentation, once for a list', () => {
      const hosts = (...Hosts: string[]) =>
        adviceOn(withCluster({ ThrottleThreshold: 1, StaticHostsSettings: { Hosts } }));
      const line =
        'Stores.MySQL.Clusters.c.StaticHostsSettings.Hosts: an address reserved for ' +
        'documentation, as in the samples; replace it by your own';
      for (const host of ['db1.example.com', '192.0.2.7:3306', '[2001:db8::1]:1', 'db.example']) {
        expect(hosts('a', host, host), host).to.deep.equal([line]);
      }
      const real = ['example.company.com', '192.0.20.1', 'my-example.com', '[2001:db9::1]:1'];
      expect(hosts(...real)).to.deep.equal([]);
    });
  });

  it('is not given where several statements in a query are refused', () => {
    expect(problemsOf(withCluster({ MetricQuery: 'select 1; select 2' }))).to.deep.equal([
      'Stores.MySQL.Clusters.c.MetricQuery: must be one statement; remove what follows the ' +
        'semicolon',
    ]);
  });
});
