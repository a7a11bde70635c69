/** The sample files, of the original and of this project. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is how variables are written in
// the file
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { clusterSettings } from '../../src/config/clusters.js';
import { loadConfig } from '../../src/config/load.js';
import { serviceSettings } from '../../src/config/settings.js';
import { check } from './documents.js';

/** The stores of both sample files of the original, key by key and type by type. */
const STORES = {
  MySQL: {
    User: '${sample_user_variable}',
    Password: '${sample_password_variable}',
    MetricQuery: 'select age from meta.pulse order by age desc limit 1',
    ThrottleThreshold: 1.0,
    Clusters: {
      prod4: {
        ThrottleThreshold: 0.8,
        HAProxySettings: { Host: 'haproxy.example.com', Port: 1001, PoolName: 'prod4_pool' },
      },
      local: {
        User: 'sandbox',
        Password: 'sandbox',
        StaticHostsSettings: { Hosts: ['127.0.0.1:3307', '127.0.0.1:3308', '127.0.0.1:3309'] },
      },
    },
  },
};

const ENVIRONMENT = { sample_user_variable: 'u', sample_password_variable: 'p' };

describe('the sample files of the original freno', () => {
  it('loads the sample with Raft: a port in quotes, addresses without port', () => {
    const document = {
      ListenPort: 9777,
      DefaultRaftPort: '9888',
      RaftDataDir: '/var/lib/freno',
      RaftBind: '10.0.0.1',
      RaftNodes: ['10.0.0.1', '10.0.0.2', '10.0.0.3'],
      Stores: STORES,
    };
    const { config, problems, warnings } = check(document, ENVIRONMENT);
    expect(problems).to.deep.equal([]);
    expect(warnings).to.deep.equal([
      'DefaultRaftPort: a string, read as a number; remove the quotes',
    ]);
    expect(serviceSettings(config!, 2).consensus).to.deep.include({
      kind: 'raft',
      advertise: '10.0.0.1:9888',
      nodes: ['10.0.0.1:9888', '10.0.0.2:9888', '10.0.0.3:9888'],
    });
    const [prod4, local] = clusterSettings(config!).map(({ metrics }) => metrics[0]);
    expect(prod4).to.deep.include({
      user: 'u',
      password: 'p',
      threshold: 0.8,
      hosts: {
        kind: 'haproxy',
        caFile: '',
        addresses: ['haproxy.example.com:1001'],
        poolName: 'prod4_pool',
      },
    });
    expect(local).to.include({ user: 'sandbox', password: 'sandbox', threshold: 1 });
  });

  it('loads the sample with a MySQL backend', () => {
    const document = {
      ListenPort: 9777,
      DefaultRaftPort: 9888,
      RaftDataDir: '',
      BackendMySQLHost: 'mysql.example.com',
      BackendMySQLPort: 3306,
      BackendMySQLSchema: 'backend',
      BackendMySQLUser: 'daemon',
      BackendMySQLPassword: 'x',
      Domain: 'us-east-1/production',
      ShareDomain: 'production',
      MemcacheServers: [],
      Stores: STORES,
    };
    const { config, problems, warnings } = check(document, ENVIRONMENT);
    expect({ problems, warnings }).to.deep.equal({ problems: [], warnings: [] });
    expect(serviceSettings(config!, 2)).to.deep.include({
      domain: 'us-east-1/production',
      shareDomain: 'production',
    });
    expect(serviceSettings(config!, 2).consensus).to.include({
      kind: 'backend',
      host: 'mysql.example.com',
      schema: 'backend',
    });
  });
});

const RESERVED = 'an address reserved for documentation, as in the samples; replace it by your own';

describe('the sample files of this project', () => {
  const environment = {
    FRENO_MYSQL_USER: 'u',
    FRENO_MYSQL_PASSWORD: 'p',
    FRENO_BACKEND_PASSWORD: 'b',
  };
  const load = (name: string) => {
    const url = new URL(`../../../resources/${name}`, import.meta.url);
    return loadConfig({ configFile: fileURLToPath(url), overrides: {}, environment });
  };

  const placeholders: Readonly<Record<string, readonly string[]>> = {
    'freno.conf.sample.json': ['RaftBind', 'RaftNodes'],
    'freno.conf.sample.mysql-backend.json': ['BackendMySQLHost'],
  };
  for (const [name, keys] of Object.entries(placeholders)) {
    it(`${name} loads with a warning for each placeholder, and no other`, async () => {
      const { config, warnings } = await load(name);
      const haproxy = 'Stores.MySQL.Clusters.orders.HAProxySettings.Host';
      // The checkout may be readable by all, and one sample holds the password of a sandbox. A
      // sample cannot name a file that is not there.
      const ofKeys = warnings.filter(
        (line) => !/every user of this machine|peers need not prove anything/.test(line),
      );
      expect(ofKeys.map((line) => line.replace(/^.*?: /, ''))).to.deep.equal(
        [...keys, haproxy].map((key) => `${key}: ${RESERVED}`),
      );
      expect(clusterSettings(config).map(({ metrics }) => metrics[0].hosts.kind)).to.deep.equal([
        'haproxy',
        'static',
      ]);
    });
  }

  it('freno.conf.skeleton.json is refused until its addresses are filled in', async () => {
    const error: unknown = await load('freno.conf.skeleton.json').catch(
      (thrown: unknown) => thrown,
    );
    expect(error).to.be.instanceOf(Error);
    const paths = (error as Error).message.split('\n').map((line) => line.split(': ')[1]);
    expect(paths).to.deep.equal(['RaftBind', 'RaftNodes[0]', 'RaftNodes[1]', 'RaftNodes[2]']);
  });
});
