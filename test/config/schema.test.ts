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

  it('treats null as not set, except for a cluster', () => {
    expect(configOf({ ListenPort: null, Stores: null } as never).ListenPort).to.equal(8087);
    expect(problemsOf({ ...MINIMAL, Stores: { MySQL: { Clusters: { c: null } } } })).to.deep.equal([
      'Stores.MySQL.Clusters.c: must be an object, got null',
    ]);
  });

  describe('refuses a wrong type, with its path, the expected type and the given one', () => {
    const cases: ReadonlyArray<readonly [document: object, problem: string]> = [
      [{ ListenPort: '8087' }, 'ListenPort: must be a whole number, got a string'],
      [{ ListenPort: 80.5 }, 'ListenPort: must be a whole number, got 80.5'],
      [{ ListenPort: true }, 'ListenPort: must be a whole number, got true'],
      [{ RaftDataDir: 7 }, 'RaftDataDir: must be a string, got a number'],
      [{ RaftNodes: 'a:1' }, 'RaftNodes: must be a list, got a string'],
      [{ RaftNodes: ['a:1', {}] }, 'RaftNodes[1]: must be a string, got an object'],
      [{ MemcacheServers: [null] }, 'MemcacheServers[0]: must be a string, got null'],
      [{ EnableProfiling: 'yes' }, 'EnableProfiling: must be true or false, got a string'],
      [{ HttpEngine: 'fast' }, 'HttpEngine: must be one of "auto", "uws", "node"'],
      [{ Stores: [] }, 'Stores: must be an object, got a list'],
      [{ Stores: { MySQL: 'x' } }, 'Stores.MySQL: must be an object, got a string'],
      [
        { Stores: { MySQL: { Clusters: [] } } },
        'Stores.MySQL.Clusters: must be an object, got a list',
      ],
      [
        { Stores: { MySQL: { ThrottleThreshold: Number.POSITIVE_INFINITY } } },
        'Stores.MySQL.ThrottleThreshold: must be a number, got too large a number',
      ],
    ];
    for (const [document, problem] of cases) {
      it(problem, () => {
        expect(problemsOf({ ...MINIMAL, ...document })).to.deep.equal([problem]);
      });
    }

    it('refuses a wrong type in a cluster', () => {
      expect(problemsOf(withCluster({ ThrottleThreshold: '0.8' }))).to.deep.equal([
        'Stores.MySQL.Clusters.c.ThrottleThreshold: must be a number, got a string',
      ]);
    });

    it('quotes the name of a cluster that is no plain word in a path', () => {
      expect(
        problemsOf({ ...MINIMAL, Stores: { MySQL: { Clusters: { 'a.b c': { Port: '1' } } } } }),
      ).to.deep.equal([
        'Stores.MySQL.Clusters["a.b c"].Port: must be a whole number, got a string',
      ]);
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
      it(`checks the bounds of ${key}: not ${refused}`, () => {
        expect(problemsOf({ ...MINIMAL, [key]: refused })[0]).to.match(
          new RegExp(`^${key}: must be at (?:least|most) \\d+, got ${refused}$`),
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
      it(`checks the bounds of ${key} of a cluster and of all: not ${refused}`, () => {
        expect(problemsOf(withCluster({}, { [key]: refused }))[0]).to.match(
          new RegExp(`^Stores\\.MySQL\\.${key}: must be at (?:least|most) .*, got ${refused}$`),
        );
        expect(problemsOf(withCluster({ [key]: refused }))[0]).to.match(
          new RegExp(`^Stores\\.MySQL\\.Clusters\\.c\\.${key}: must be at (?:least|most) `),
        );
        for (const value of taken) {
          expect(problemsOf(withCluster({ [key]: value }, { [key]: value }))).to.be.empty;
        }
      });
    }

    it('checks the bounds of the sources of hosts', () => {
      const refused = {
        ProxySQLSettings: { HostgroupID: -1, IgnoreServerTTLSecs: -1 },
        VitessSettings: { TimeoutSecs: -1 },
        HAProxySettings: { Port: 65536 },
      };
      const path = 'Stores.MySQL.Clusters.c';
      expect(problemsOf(withCluster(refused))).to.have.members([
        `${path}.ProxySQLSettings.HostgroupID: must be at least 0, got -1`,
        `${path}.ProxySQLSettings.IgnoreServerTTLSecs: must be at least 0, got -1`,
        `${path}.VitessSettings.TimeoutSecs: must be at least 0, got -1`,
        `${path}.HAProxySettings.Port: must be at most 65535, got 65536`,
      ]);
    });

    it('checks the length of lists', () => {
      const nodes = Array.from({ length: 64 }, (_, n) => `n${n}:1`);
      expect(problemsOf({ ...MINIMAL, RaftNodes: nodes })).to.deep.equal([
        'RaftNodes: must have at most 63 items',
      ]);
    });

    it('checks the number of clusters', () => {
      const clusters = (count: number) =>
        Object.fromEntries(Array.from({ length: count }, (_, n) => [`c${n}`, {}]));
      const document = (count: number) => ({
        ...MINIMAL,
        Stores: { MySQL: { Clusters: clusters(count) } },
      });
      expect(problemsOf(document(4_096))).to.be.empty;
      expect(problemsOf(document(4_097))).to.deep.equal([
        'Stores.MySQL.Clusters: must have at most 4096 clusters, got 4097',
      ]);
    });
  });

  describe('refuses an unknown key', () => {
    const cases: ReadonlyArray<readonly [document: object, problem: string]> = [
      [{ ListnPort: 1 }, 'ListnPort: unknown key; did you mean ListenPort?'],
      [
        { Stores: { MySQL: { Clustres: {} } } },
        'Stores.MySQL.Clustres: unknown key; did you mean Clusters?',
      ],
      [
        withCluster({ StaticHostSettings: {} }),
        'Stores.MySQL.Clusters.c.StaticHostSettings: unknown key; did you mean ' +
          'StaticHostsSettings?',
      ],
      [
        withCluster({ StaticHostsSettings: { Host: ['a'] } }),
        'Stores.MySQL.Clusters.c.StaticHostsSettings.Host: unknown key here; move it to ' +
          'Stores.MySQL.Clusters.<name>.HAProxySettings',
      ],
      [
        { ThrottleThreshold: 1 },
        'ThrottleThreshold: unknown key here; move it to Stores.MySQL or ' +
          'Stores.MySQL.Clusters.<name>',
      ],
      [
        withCluster({ ListenPort: 1 }),
        'Stores.MySQL.Clusters.c.ListenPort: unknown key here; move it to the top level',
      ],
      [{ constructor: 1 }, 'constructor: unknown key'],
      [withCluster({ Foo: 1 }), 'Stores.MySQL.Clusters.c.Foo: unknown key'],
    ];
    for (const [document, problem] of cases) {
      it(problem, () => {
        expect(problemsOf({ ...MINIMAL, ...document })).to.deep.equal([problem]);
      });
    }
  });

  it('refuses names of clusters that no check can refer to', () => {
    const clusters = { '': {}, 'a/b': {}, 'a\nb': {}, ['x'.repeat(129)]: {}, 'a b': {}, é: {} };
    expect(problemsOf({ ...MINIMAL, Stores: { MySQL: { Clusters: clusters } } })).to.deep.equal([
      'Stores.MySQL.Clusters[""]: the name of a cluster must not be empty',
      'Stores.MySQL.Clusters["a/b"]: the name of a cluster must not contain "/": it is a ' +
        'segment of the path of a check',
      'Stores.MySQL.Clusters["a\\nb"]: the name of a cluster must not contain control characters',
      `Stores.MySQL.Clusters.${'x'.repeat(129)}: the name of a cluster must have at most ` +
        '128 characters',
    ]);
  });

  it('refuses malformed addresses, URLs and queries', () => {
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
      'Stores.MySQL.Collation: must be a collation that the client library knows, such as ' +
        'utf8mb4_general_ci',
      `${path}.MetricQuery: must begin with "select", "with" or "show global"; empty ` +
        'measures replication lag',
      `${path}.HAProxySettings.Addresses: must be a comma-separated list of HOST, ` +
        'HOST:PORT or http(s) URLs',
      `${path}.VitessSettings.API: must be a URL that begins with http:// or https://`,
      `${path}.StaticHostsSettings.Hosts[1]: ${address}`,
    ]);
  });

  it('reports all mistakes at once, but none that only follows from another', () => {
    const document = {
      RaftDataDir: 5,
      ListenPort: 0,
      RaftHeartbeatMillis: 'x',
      RaftElectionMillis: 100,
      RaftNodes: ['10.0.0.1:1', 7],
      Stores: { MySQL: { Clusters: { c: { TLS: { CertFile: 'x', KeyFile: 3 } } }, x: 1 } },
    };
    expect(problemsOf(document)).to.have.members([
      'RaftDataDir: must be a string, got a number',
      'ListenPort: must be at least 1, got 0',
      'RaftHeartbeatMillis: must be a whole number, got a string',
      'RaftNodes[1]: must be a string, got a number',
      'Stores.MySQL.Clusters.c.TLS.KeyFile: must be a string, got a number',
      'Stores.MySQL.x: unknown key',
    ]);
  });

  it('reports broken rules beside what the schema refuses', () => {
    const document = { ListenPort: 'x', RaftNodes: ['a:1', 2], RaftElectionMillis: 100 };
    expect(problemsOf(document)).to.have.members([
      'ListenPort: must be a whole number, got a string',
      'RaftNodes[1]: must be a string, got a number',
      'RaftDataDir: must be set, unless BackendMySQLHost is set',
      'RaftElectionMillis: must be at least 3 times RaftHeartbeatMillis (50), got 100',
    ]);
  });

  it('reports at most a hundred mistakes', () => {
    const clusters = Object.fromEntries(
      Array.from({ length: 500 }, (_, n) => [`c${n}`, { Port: -1 }]),
    );
    const problems = problemsOf({ ...MINIMAL, Stores: { MySQL: { Clusters: clusters } } });
    expect(problems).to.have.length(101);
    expect(problems[100]).to.equal('and 400 more');
  });

  it('never shows a password, whatever is wrong with it', () => {
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
