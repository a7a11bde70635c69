/** The hash of a configuration: what counts in it, and what does not. */
import { expect } from 'chai';
import { configHash } from '../../src/config/hash.js';
import type { ConfigInput } from '../../src/config/schema.js';
import { configOf, withCluster } from './documents.js';

const hashOf = (document: ConfigInput) => configHash(configOf(document));

describe('the hash of a configuration', () => {
  const Clusters = { a: { ThrottleThreshold: 1 }, 10: {}, b: { Port: 1 } };

  it('is a whole number that a double holds', () => {
    expect(Number.isSafeInteger(hashOf({}))).to.equal(true);
  });

  it('changes with a value, and with the name of a cluster', () => {
    const hash = hashOf(withCluster({ ThrottleThreshold: 1 }));
    expect(hashOf(withCluster({ ThrottleThreshold: 2 }))).not.to.equal(hash);
    expect(
      hashOf({ Stores: { MySQL: { Clusters: { d: { ThrottleThreshold: 1 } } } } }),
    ).not.to.equal(hash);
    expect(hashOf({ RaftNodes: ['127.0.0.1:10008', 'b:1'] })).not.to.equal(hashOf({}));
  });

  it('is the same in any order of keys, and with the defaults written', () => {
    const reversed = Object.fromEntries(Object.entries(Clusters).reverse());
    expect(hashOf({ Stores: { MySQL: { Clusters: reversed, Port: 3306 } } })).to.equal(
      hashOf({ Stores: { MySQL: { Clusters } } }),
    );
  });

  it('leaves out secrets', () => {
    const secrets = (secret: string) =>
      hashOf({
        ...withCluster(
          {
            Password: secret,
            ProxySQLSettings: { Password: secret },
            HAProxySettings: { PoolName: 'p', Addresses: `http://u:${secret}@h:1` },
          },
          { Password: secret, ProxySQLPassword: secret },
        ),
        BackendMySQLPassword: secret,
      });
    expect(secrets('one')).to.equal(secrets('two'));
  });

  it('leaves out what may differ between nodes', () => {
    expect(
      hashOf({
        ListenPort: 1,
        HttpWorkers: 1,
        ProbeWorkers: 1,
        RaftDataDir: '/x',
        RaftBind: 'x:1',
        RaftAdvertise: 'y:1',
      }),
    ).to.equal(hashOf({}));
  });
});
