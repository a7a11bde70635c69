/** The operators' commands in tables that the original has made. */
import { expect } from 'chai';
import { NO_EXPIRY } from '../../../src/throttle/commands.js';
import { failureOf } from '../../support/failure.js';
import { Backend } from './backend.js';
import type { BackendTestNode } from './node.js';

describe('the state in tables of the original', () => {
  const backend = new Backend();

  before(function () {
    return backend.create(this);
  });
  after(() => backend.remove());

  it('works where an expiry may not be NULL and names are case-insensitive', async () => {
    await backend.reset();
    await backend.server.run(
      `CREATE TABLE throttled_apps (app_name varchar(128) NOT NULL,
        throttled_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
        expires_at TIMESTAMP NOT NULL, ratio DOUBLE, PRIMARY KEY (app_name)
      ) CHARACTER SET latin1 COLLATE latin1_swedish_ci`,
    );
    const [node] = (await backend.nodes(['a:1'])) as [BackendTestNode];
    const atMs = Date.now();
    await node.consensus.submit({ kind: 'throttleApp', atMs, key: 'X', expireAtMs: NO_EXPIRY });
    expect(node.apps()).to.deep.equal({ X: { ttl: null, ratio: 1 } });
    await node.consensus.submit({ kind: 'throttleApp', atMs, key: 'x', ratio: 0.5 });
    expect(node.apps()).to.deep.equal({ x: { ttl: null, ratio: 0.5 } });
    const japanese = node.consensus.submit({ kind: 'throttleApp', atMs, key: '日本' });
    expect((await failureOf(japanese)).code).to.equal('BAD_REQUEST');
  });
});
