/** Passwords in the metrics of a cluster: neither shown nor hashed. */
import { expect } from 'chai';
import { changes } from '../../src/config/changes.js';
import { configHash } from '../../src/config/hash.js';
import { configOf, withCluster } from './documents.js';

const CLUSTER = 'Stores.MySQL.Clusters.c';
const X = { Query: 'select 1', Threshold: 1 };

describe('the secrets of metrics', () => {
  const Prometheus = (password: string) => ({ URL: `http://freno:${password}@p`, Query: 'up' });
  const config = (password: string, Threshold = 1) =>
    configOf(
      withCluster({
        Metrics: {
          x: { ...X, Password: password, Threshold },
          y: { Threshold: 1, Prometheus: Prometheus(password) },
        },
      }),
    );

  it('are not shown among the changes of a reload', () => {
    expect(changes(config('one'), config('two', 3)).map(({ line }) => line)).to.deep.equal([
      `${CLUSTER}.Metrics.x.Threshold: 1 -> 3`,
      `${CLUSTER}.Metrics.x.Password: (changed)`,
      `${CLUSTER}.Metrics.y.Prometheus.URL: "http://(hidden)@p" -> "http://(hidden)@p"`,
    ]);
  });

  it('do not count in the hash of the configuration; all else does', () => {
    expect(configHash(config('one'))).to.equal(configHash(config('two')));
    expect(configHash(config('one'))).to.not.equal(configHash(config('one', 2)));
  });
});
