/** Environment variables, and keys in other case. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is how variables are written in
// the file
import { expect } from 'chai';
import { check, configOf, MINIMAL, problemsOf, withCluster } from './documents.js';

describe('environment variables', () => {
  it('are replaced anywhere in every string, lists included', () => {
    const { config, warnings } = check(
      {
        RaftDataDir: '/data/${NODE}/freno-${NODE}',
        MemcacheServers: ['${CACHE}:11211'],
        Stores: { MySQL: { Password: '${SECRET}', Clusters: { '${NODE}': { User: 'u${NODE}' } } } },
      },
      { NODE: 'n1', CACHE: 'cache1', SECRET: '${NODE}$' },
    );
    expect(warnings.filter((line) => line.includes('environment'))).to.be.empty;
    expect(config?.RaftDataDir).to.equal('/data/n1/freno-n1');
    expect(config?.MemcacheServers).to.deep.equal(['cache1:11211']);
    expect(config?.Stores.MySQL.Password, 'a value is not searched again').to.equal('${NODE}$');
    expect(config?.Stores.MySQL.Clusters['${NODE}']?.User, 'names are no values').to.equal('un1');
  });

  it('that are not set count as empty, with a warning', () => {
    const { config, warnings } = check({ ...MINIMAL, Domain: 'a${NOT_SET}b' });
    expect(config?.Domain).to.equal('ab');
    expect(warnings).to.deep.equal([
      'Domain: the environment variable NOT_SET is not set; taken as empty',
    ]);
  });

  it('that are set to nothing are empty without a warning', () => {
    const { config, warnings } = check({ ...MINIMAL, Domain: '${NOTHING}' }, { NOTHING: '' });
    expect(config?.Domain).to.equal('');
    expect(warnings).to.be.empty;
  });

  it('have names of letters, digits and underscores; other text stays', () => {
    const domain = '$HOME ${} ${A-B} ${1A} ${A';
    expect(configOf({ Domain: domain }).Domain).to.equal(domain);
  });
});

describe('keys in other case', () => {
  it('are accepted with a warning, at every depth', () => {
    const { config, problems, warnings } = check({
      raftdatadir: '/d',
      STORES: { mysql: { clusters: { Prod: { throttlethreshold: 2 } } } },
    });
    expect(problems).to.be.empty;
    expect(config?.RaftDataDir).to.equal('/d');
    expect(config?.Stores.MySQL.Clusters).to.have.all.keys('Prod');
    expect(config?.Stores.MySQL.Clusters.Prod?.ThrottleThreshold).to.equal(2);
    expect(warnings.slice(0, 5)).to.deep.equal([
      'raftdatadir: taken as RaftDataDir; write it so',
      'STORES: taken as Stores; write it so',
      'Stores.mysql: taken as MySQL; write it so',
      'Stores.MySQL.clusters: taken as Clusters; write it so',
      'Stores.MySQL.Clusters.Prod.throttlethreshold: taken as ThrottleThreshold; write it so',
    ]);
  });

  it('beside the key itself: the later one counts, with a warning', () => {
    const { config, warnings } = check({ ...MINIMAL, ListenPort: 1, listenport: 2 });
    expect(config?.ListenPort).to.equal(2);
    expect(warnings).to.include('ListenPort: given twice; the later one counts');
  });

  it('are not sought among the names of clusters', () => {
    const clusters = { a: { Port: 1 }, A: { Port: 2 } };
    const config = configOf({ Stores: { MySQL: { Clusters: clusters } } });
    expect(config.Stores.MySQL.Clusters).to.have.all.keys('a', 'A');
  });
});

describe('numbers in quotes', () => {
  it('are accepted for DefaultRaftPort, with a warning', () => {
    const { config, warnings } = check({ ...MINIMAL, DefaultRaftPort: '9888' });
    expect(config?.DefaultRaftPort).to.equal(9888);
    expect(warnings).to.deep.equal([
      'DefaultRaftPort: a string, taken as a number; write it without quotes',
    ]);
  });

  it('are checked like the number', () => {
    expect(problemsOf({ ...MINIMAL, DefaultRaftPort: '98880' })).to.deep.equal([
      'DefaultRaftPort: must be at most 65535, is 98880',
    ]);
    expect(problemsOf({ ...MINIMAL, DefaultRaftPort: '9e3' })).to.deep.equal([
      'DefaultRaftPort: must be a whole number, is a string',
    ]);
  });

  it('are refused for every other key', () => {
    expect(problemsOf(withCluster({ Port: '3306' }))).to.have.length(1);
  });
});
