/** The changes that a reload finds, and how they are logged. */
import { expect } from 'chai';
import { changes } from '../../src/config/changes.js';
import type { ConfigInput } from '../../src/config/schema.js';
import { configOf } from './documents.js';

function changed(before: ConfigInput, after: ConfigInput) {
  return changes(configOf(before), configOf(after)).map(
    ({ line, live }) => `${line}${live ? '' : ' (restart)'}`,
  );
}

function withClusters(clusters: Record<string, object>): ConfigInput {
  return { Stores: { MySQL: { Clusters: clusters } } };
}

describe('the changes between two configurations', () => {
  it('finds no change between equal configurations, defaults included', () => {
    expect(changed({}, { ListenPort: 8087, MemcacheServers: [] })).to.deep.equal([]);
  });

  it('lists each changed key with its old and new value, and whether it needs a restart', () => {
    const before = { ListenPort: 1, MemcacheServers: ['a'], ...withClusters({ c: {} }) };
    const after = {
      ListenPort: 2,
      MemcacheServers: ['a', 'b'],
      ...withClusters({ c: { ThrottleThreshold: 0.8, StaticHostsSettings: { Hosts: ['h'] } } }),
    };
    expect(changed(before, after)).to.deep.equal([
      'ListenPort: 1 -> 2 (restart)',
      'MemcacheServers: ["a"] -> ["a","b"]',
      'Stores.MySQL.Clusters.c.ThrottleThreshold: 0 -> 0.8',
      'Stores.MySQL.Clusters.c.StaticHostsSettings.Hosts: [] -> ["h"]',
    ]);
  });

  it('lists added and removed clusters without their contents', () => {
    expect(changed(withClusters({ a: {}, b: {} }), withClusters({ b: {}, d: {} }))).to.deep.equal([
      'Stores.MySQL.Clusters.a: removed',
      'Stores.MySQL.Clusters.d: added',
    ]);
  });

  it('shows optional values that are set or removed', () => {
    const group = (HostgroupID?: number) =>
      withClusters({ c: { ProxySQLSettings: HostgroupID === undefined ? {} : { HostgroupID } } });
    const path = 'Stores.MySQL.Clusters.c.ProxySQLSettings.HostgroupID';
    expect(changed(group(), group(0))).to.deep.equal([`${path}: (not given) -> 0`]);
    expect(changed(group(0), group())).to.deep.equal([`${path}: 0 -> (not given)`]);
  });

  it('shows no secret, not even one in a URL', () => {
    const secrets = (word: string): ConfigInput => ({
      BackendMySQLPassword: word,
      Stores: {
        MySQL: {
          Password: word,
          ProxySQLPassword: word,
          Clusters: {
            c: {
              Password: word,
              ProxySQLSettings: { Password: word },
              HAProxySettings: {
                Addresses: `http://u:${word}@h1/p, https://${word}@h2,u:${word}@h3`,
              },
              VitessSettings: { API: `http://u:x@${word}@v` },
            },
          },
        },
      },
    });
    const lines = changed(secrets('sesame'), secrets('mohnkorn'));
    expect(lines).to.have.length(7);
    expect(lines.join('\n')).to.not.match(/sesame|mohnkorn/);
    expect(lines[0]).to.equal('BackendMySQLPassword: (changed) (restart)');
    const hidden = '"http://(hidden)@h1/p, https://(hidden)@h2,(hidden)@h3"';
    const path = 'Stores.MySQL.Clusters.c.HAProxySettings.Addresses';
    expect(lines).to.include(`${path}: ${hidden} -> ${hidden}`);
  });

  it('cuts long values', () => {
    const query = `select ${'1 + '.repeat(100)}1`;
    const [line] = changed({}, { Stores: { MySQL: { MetricQuery: query } } });
    expect(line).to.have.length.below(140).and.match(/…$/);
  });
});
