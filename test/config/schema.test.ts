/** The schema: defaults, types, bounds, unknown keys. */
import { expect } from 'chai';
import { check, configOf, MINIMAL, problemsOf, withCluster } from './documents.js';

describe('the configuration', () => {
  it('has the defaults of freno', () => {
    const config = configOf({});
    expect(config).to.include({
      ListenPort: 8087,
      RaftBind: '127.0.0.1:10008',
      DefaultRaftPort: 0,
      RaftClusterName: 'freno',
      RaftAdvertise: '',
      BackendMySQLHost: '',
      BackendMySQLPort: 3306,
      MemcachePath: 'freno',
      EnableProfiling: false,
      HttpEngine: 'auto',
      HttpWorkers: 0,
      ProbeWorkers: 0,
    });
    expect(config.RaftNodes).to.deep.equal([]);
    expect(config.MemcacheServers).to.deep.equal([]);
    expect(config.Stores.MySQL).to.include({ Port: 3306, MetricQuery: '', CacheMillis: 0 });
    expect(config.Stores.MySQL.Clusters).to.deep.equal({});
  });

  it('takes null for "not given", but not for a cluster', () => {
    expect(configOf({ ListenPort: null, Stores: null } as never).ListenPort).to.equal(8087);
    expect(problemsOf({ ...MINIMAL, Stores: { MySQL: { Clusters: { c: null } } } })).to.deep.equal([
      'Stores.MySQL.Clusters.c: must be an object, is null',
    ]);
  });

  describe('refuses a wrong type by its path, saying what it is and what it should be', () => {
    const cases: ReadonlyArray<readonly [document: object, problem: string]> = [
      [{ ListenPort: '8087' }, 'ListenPort: must be a whole number, is a string'],
      [{ ListenPort: 80.5 }, 'ListenPort: must be a whole number, is 80.5'],
      [{ ListenPort: true }, 'ListenPort: must be a whole number, is true'],
      [{ RaftDataDir: 7 }, 'RaftDataDir: must be a string, is a number'],
      [{ RaftNodes: 'a:1' }, 'RaftNodes: must be a list, is a string'],
      [{ RaftNodes: ['a:1', {}] }, 'RaftNodes[1]: must be a string, is an object'],
      [{ MemcacheServers: [null] }, 'MemcacheServers[0]: must be a string, is null'],
      [{ EnableProfiling: 'yes' }, 'EnableProfiling: must be true or false, is a string'],
      [{ HttpEngine: 'fast' }, 'HttpEngine: must be one of "auto", "uws", "node"'],
      [{ Stores: [] }, 'Stores: must be an object, is a list'],
      [{ Stores: { MySQL: 'x' } }, 'Stores.MySQL: must be an object, is a string'],
      [
        { Stores: { MySQL: { Clusters: [] } } },
        'Stores.MySQL.Clusters: must be an object, is a list',
      ],
      [
        { Stores: { MySQL: { ThrottleThreshold: Number.POSITIVE_INFINITY } } },
        'Stores.MySQL.ThrottleThreshold: must be a number, is too large a number',
      ],
    ];
    for (const [document, problem] of cases) {
      it(problem, () => {
        expect(problemsOf({ ...MINIMAL, ...document })).to.deep.equal([problem]);
      });
    }

    it('in a cluster', () => {
      expect(problemsOf(withCluster({ ThrottleThreshold: '0.8' }))).to.deep.equal([
        'Stores.MySQL.Clusters.c.ThrottleThreshold: must be a number, is a string',
      ]);
    });

    it('in a cluster whose name is no plain word', () => {
      expect(
        problemsOf({ ...MINIMAL, Stores: { MySQL: { Clusters: { 'a.b c': { Port: '1' } } } } }),
      ).to.deep.equal(['Stores.MySQL.Clusters["a.b c"].Port: must be a whole number, is a string']);
    });
  });

  describe('checks bounds', () => {
    const cases: ReadonlyArray<
      readonly [key: string, refused: unknown, taken: readonly unknown[]]
    > = [
      ['ListenPort', 0, [1, 65535]],
      ['ListenPort', 65536, []],
      ['ListenPort', -1, []],
      ['BackendMySQLPort', -1, [0, 65535]],
      ['DefaultRaftPort', 65536, [0, 1]],
      ['HttpWorkers', -1, [0, 64]],
      ['ProbeWorkers', 65, [0, 64]],
      ['RaftHeartbeatMillis', 9, [10, 100]],
      ['RaftElectionMillis', 49, [180, 60_000]],
      ['RaftSnapshotEntries', 99, [100, 1_000_000]],
      ['RaftSnapshotEntries', 1_000_001, []],
    ];
    for (const [key, refused, taken] of cases) {
      it(`of ${key}: not ${refused}`, () => {
        expect(problemsOf({ ...MINIMAL, [key]: refused })[0]).to.match(
          new RegExp(`^${key}: must be at (?:least|most) \\d+, is ${refused}$`),
        );
        for (const value of taken) expect(problemsOf({ ...MINIMAL, [key]: value })).to.be.empty;
      });
    }

    const storeCases: ReadonlyArray<readonly [key: string, refused: number, taken: number[]]> = [
      ['ThrottleThreshold', -0.1, [0, 0.001, 1e9]],
      ['CacheMillis', -1, [0, 86_400_000]],
      ['CacheMillis', 86_400_001, []],
      ['Port', -1, [0, 65535]],
      ['Port', 65536, []],
      ['IgnoreHostsCount', -1, [0, 100]],
      ['IgnoreHostsThreshold', -1, [0, 0.5]],
      ['HttpCheckPort', -2, [-1, 0, 65535]],
      ['HttpCheckPort', 65536, []],
    ];
    for (const [key, refused, taken] of storeCases) {
      it(`of ${key} in Stores.MySQL and in a cluster: not ${refused}`, () => {
        expect(problemsOf(withCluster({}, { [key]: refused }))[0]).to.match(
          new RegExp(`^Stores\\.MySQL\\.${key}: must be at (?:least|most) .*, is ${refused}$`),
        );
        expect(problemsOf(withCluster({ [key]: refused }))[0]).to.match(
          new RegExp(`^Stores\\.MySQL\\.Clusters\\.c\\.${key}: must be at (?:least|most) `),
        );
        for (const value of taken) {
          expect(problemsOf(withCluster({ [key]: value }, { [key]: value }))).to.be.empty;
        }
      });
    }

    it('of the sources of hosts', () => {
      const refused = {
        ProxySQLSettings: { HostgroupID: -1, IgnoreServerTTLSecs: -1 },
        VitessSettings: { TimeoutSecs: -1 },
        HAProxySettings: { Port: 65536 },
      };
      const path = 'Stores.MySQL.Clusters.c';
      expect(problemsOf(withCluster(refused))).to.have.members([
        `${path}.ProxySQLSettings.HostgroupID: must be at least 0, is -1`,
        `${path}.ProxySQLSettings.IgnoreServerTTLSecs: must be at least 0, is -1`,
        `${path}.VitessSettings.TimeoutSecs: must be at least 0, is -1`,
        `${path}.HAProxySettings.Port: must be at most 65535, is 65536`,
      ]);
    });

    it('of lists', () => {
      const nodes = Array.from({ length: 64 }, (_, n) => `n${n}:1`);
      expect(problemsOf({ ...MINIMAL, RaftNodes: nodes })).to.deep.equal([
        'RaftNodes: must have at most 63 items',
      ]);
    });

    it('of the number of clusters', () => {
      const clusters = (count: number) =>
        Object.fromEntries(Array.from({ length: count }, (_, n) => [`c${n}`, {}]));
      const document = (count: number) => ({
        ...MINIMAL,
        Stores: { MySQL: { Clusters: clusters(count) } },
      });
      expect(problemsOf(document(4_096))).to.be.empty;
      expect(problemsOf(document(4_097))).to.deep.equal([
        'Stores.MySQL.Clusters: must have at most 4096 clusters, has 4097',
      ]);
    });
  });

  describe('refuses an unknown key', () => {
    const cases: ReadonlyArray<readonly [document: object, problem: string]> = [
      [{ ListnPort: 1 }, 'ListnPort: unknown key; the nearest known key is ListenPort'],
      [
        { Stores: { MySQL: { Clustres: {} } } },
        'Stores.MySQL.Clustres: unknown key; the nearest known key is Clusters',
      ],
      [
        withCluster({ StaticHostSettings: {} }),
        'Stores.MySQL.Clusters.c.StaticHostSettings: unknown key; the nearest known key is StaticHostsSettings',
      ],
      [
        withCluster({ StaticHostsSettings: { Host: ['a'] } }),
        'Stores.MySQL.Clusters.c.StaticHostsSettings.Host: unknown key here; it belongs in Stores.MySQL.Clusters.<name>.HAProxySettings',
      ],
      [
        { ThrottleThreshold: 1 },
        'ThrottleThreshold: unknown key here; it belongs in Stores.MySQL or Stores.MySQL.Clusters.<name>',
      ],
      [
        withCluster({ ListenPort: 1 }),
        'Stores.MySQL.Clusters.c.ListenPort: unknown key here; it belongs in the top level',
      ],
      [{ constructor: 1 }, 'constructor: unknown key; the nearest known key is ListenPort'],
    ];
    for (const [document, problem] of cases) {
      it(problem, () => {
        expect(problemsOf({ ...MINIMAL, ...document })).to.deep.equal([problem]);
      });
    }
  });

  it('refuses names of clusters that cannot be asked for', () => {
    const clusters = { '': {}, 'a/b': {}, 'a\nb': {}, ['x'.repeat(129)]: {}, 'a b': {}, é: {} };
    expect(problemsOf({ ...MINIMAL, Stores: { MySQL: { Clusters: clusters } } })).to.deep.equal([
      'Stores.MySQL.Clusters[""]: the name of a cluster must not be empty',
      'Stores.MySQL.Clusters["a/b"]: the name of a cluster must not contain "/": it is one segment of the path of a check',
      'Stores.MySQL.Clusters["a\\nb"]: the name of a cluster must not contain control characters',
      `Stores.MySQL.Clusters.${'x'.repeat(129)}: the name of a cluster must have at most 128 characters`,
    ]);
  });

  it('refuses what is no address, no URL and no query that it runs', () => {
    const path = 'Stores.MySQL.Clusters.c';
    const address = 'must be HOST, HOST:PORT or [IPV6]:PORT';
    const document = withCluster(
      {
        MetricQuery: 'drop table t',
        HAProxySettings: { Addresses: 'h1:1, ftp://h2' },
        VitessSettings: { API: 'vtctld:15000' },
        StaticHostsSettings: { Hosts: ['db1', 'db2:70000'] },
      },
      { MetricQuery: 'select 1', ProxySQLAddresses: ['u:p@h'], Collation: 'klingon_ci' },
    );
    expect(
      problemsOf({ ...document, RaftBind: '<this.ip>', BackendMySQLHost: 'h:3306' }),
    ).to.have.members([
      `RaftBind: ${address}`,
      'BackendMySQLHost: must be a host name or IP address, without port',
      `Stores.MySQL.ProxySQLAddresses[0]: ${address}`,
      'Stores.MySQL.Collation: must be a collation that the client library knows, like utf8mb4_general_ci',
      `${path}.MetricQuery: must begin with "select", "with" or "show global", or be empty (replication lag)`,
      `${path}.HAProxySettings.Addresses: must be comma-separated HOST, HOST:PORT or http(s) URLs`,
      `${path}.VitessSettings.API: must be a URL that begins with http:// or https://`,
      `${path}.StaticHostsSettings.Hosts[1]: ${address}`,
    ]);
  });

  it('tells everything wrong at once, but nothing that only follows from it', () => {
    const document = {
      RaftDataDir: 5,
      ListenPort: 0,
      RaftHeartbeatMillis: 'x',
      RaftElectionMillis: 100,
      RaftNodes: ['10.0.0.1:1', 7],
      Stores: { MySQL: { Clusters: { c: { TLS: { CertFile: 'x', KeyFile: 3 } } }, x: 1 } },
    };
    expect(problemsOf(document)).to.have.members([
      'RaftDataDir: must be a string, is a number',
      'ListenPort: must be at least 1, is 0',
      'RaftHeartbeatMillis: must be a whole number, is a string',
      'RaftNodes[1]: must be a string, is a number',
      'Stores.MySQL.Clusters.c.TLS.KeyFile: must be a string, is a number',
      'Stores.MySQL.x: unknown key; the nearest known key is TLS',
    ]);
  });

  it('tells what breaks a rule beside what breaks the schema', () => {
    const document = { ListenPort: 'x', RaftNodes: ['a:1', 2], RaftElectionMillis: 100 };
    expect(problemsOf(document)).to.have.members([
      'ListenPort: must be a whole number, is a string',
      'RaftNodes[1]: must be a string, is a number',
      'RaftDataDir: either RaftDataDir or BackendMySQLHost must be set',
      'RaftElectionMillis: must be at least 3 times RaftHeartbeatMillis (50), is 100',
    ]);
  });

  it('tells at most a hundred problems', () => {
    const clusters = Object.fromEntries(
      Array.from({ length: 500 }, (_, n) => [`c${n}`, { Port: -1 }]),
    );
    const problems = problemsOf({ ...MINIMAL, Stores: { MySQL: { Clusters: clusters } } });
    expect(problems).to.have.length(101);
    expect(problems[100]).to.equal('and 400 more');
  });

  it('never tells a password, whatever is wrong with it', () => {
    const secret = 81_549_300_721;
    for (const password of [secret, [`${secret}`], { [`${secret}`]: 1 }, `${secret}`]) {
      const document = {
        BackendMySQLPassword: password,
        Stores: {
          MySQL: {
            Password: password,
            ProxySQLPassword: password,
            Clusters: {
              c: {
                Password: password,
                ProxySQLSettings: { Password: password },
                HAProxySettings: { Addresses: `ftp://u:${secret}@h` },
              },
            },
          },
        },
      };
      const { problems, warnings } = check(document);
      expect(problems).to.not.be.empty;
      expect([...problems, ...warnings].join('\n')).to.not.contain(`${secret}`);
    }
  });
});
