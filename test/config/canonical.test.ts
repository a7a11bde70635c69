/** Environment variables, keys in another case, numbers in quotes. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is how variables are written in
// the file
import { expect } from 'chai';
import { check, configOf, MINIMAL, problemsOf, withCluster } from './documents.js';

describe('environment variables', () => {
  it('replaces environment variables anywhere in every string, lists included', () => {
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

  it('replaces a variable that is not set by an empty string, with a warning', () => {
    const { config, warnings } = check({ ...MINIMAL, Domain: 'a${NOT_SET}b' });
    expect(config?.Domain).to.equal('ab');
    expect(warnings).to.deep.equal([
      'Domain: environment variable NOT_SET is not set, replaced by an empty string',
    ]);
  });

  it('replaces a variable that is set to an empty string without a warning', () => {
    const { config, warnings } = check({ ...MINIMAL, Domain: '${NOTHING}' }, { NOTHING: '' });
    expect(config?.Domain).to.equal('');
    expect(warnings).to.be.empty;
  });

  it('replaces only names of letters, digits and underscores; other text stays', () => {
    const domain = '$HOME ${} ${A-B} ${1A} ${A';
    expect(configOf({ Domain: domain }).Domain).to.equal(domain);
  });
});

describe('keys in another case', () => {
  it('accepts keys in another case at every depth, with a warning', () => {
    const { config, problems, warnings } = check({
      raftdatadir: '/d',
      STORES: { mysql: { clusters: { Prod: { throttlethreshold: 2 } } } },
    });
    expect(problems).to.be.empty;
    expect(config?.RaftDataDir).to.equal('/d');
    expect(config?.Stores.MySQL.Clusters).to.have.all.keys('Prod');
    expect(config?.Stores.MySQL.Clusters.Prod?.ThrottleThreshold).to.equal(2);
    expect(warnings.slice(0, 5)).to.deep.equal([
      'raftdatadir: unknown key, read as RaftDataDir; correct the case',
      'STORES: unknown key, read as Stores; correct the case',
      'Stores.mysql: unknown key, read as MySQL; correct the case',
      'Stores.MySQL.clusters: unknown key, read as Clusters; correct the case',
      'Stores.MySQL.Clusters.Prod.throttlethreshold: unknown key, read as ' +
        'ThrottleThreshold; correct the case',
    ]);
  });

  it('uses the last of two spellings of a key, with a warning', () => {
    const { config, warnings } = check({ ...MINIMAL, ListenPort: 1, listenport: 2 });
    expect(config?.ListenPort).to.equal(2);
    expect(warnings).to.include('ListenPort: set twice; the last one is used');
  });

  it('compares names of clusters case-sensitively', () => {
    const clusters = { a: { Port: 1 }, A: { Port: 2 } };
    const config = configOf({ Stores: { MySQL: { Clusters: clusters } } });
    expect(config.Stores.MySQL.Clusters).to.have.all.keys('a', 'A');
  });
});

describe('numbers in quotes', () => {
  it('accepts DefaultRaftPort as a string, with a warning', () => {
    const { config, warnings } = check({ ...MINIMAL, DefaultRaftPort: '9888' });
    expect(config?.DefaultRaftPort).to.equal(9888);
    expect(warnings).to.deep.equal([
      'DefaultRaftPort: a string, read as a number; remove the quotes',
    ]);
  });

  it('checks a DefaultRaftPort in quotes like the number', () => {
    expect(problemsOf({ ...MINIMAL, DefaultRaftPort: '98880' })).to.deep.equal([
      'DefaultRaftPort: must be at most 65535, got 98880',
    ]);
    expect(problemsOf({ ...MINIMAL, DefaultRaftPort: '9e3' })).to.deep.equal([
      'DefaultRaftPort: must be a whole number, got a string',
    ]);
  });

  it('refuses a number in quotes for every other key', () => {
    expect(problemsOf(withCluster({ Port: '3306' }))).to.have.length(1);
  });
});
