/** The sessions of a node with its backend: the server's defaults, and privileges granted late. */
import { expect } from 'chai';
import type { CommandEffect } from '../../../src/throttle/commands.js';
import { failureOf } from '../../support/failure.js';
import { Backend, PASSWORD } from './backend.js';
import type { BackendTestNode } from './node.js';

describe('the session with a MySQL backend', () => {
  const backend = new Backend();

  before(function () {
    return backend.create(this, [
      "--init-connect=SET autocommit=0, tx_read_only=1, tx_isolation='READ-COMMITTED'",
      '--log-bin=binlog',
      '--server-id=1',
      '--binlog-format=STATEMENT',
    ]);
  });
  beforeEach(() => backend.reset());
  afterEach(() => backend.stopNodes());
  after(() => backend.remove());

  const throttle = (node: BackendTestNode): Promise<CommandEffect> =>
    node.consensus.submit({ kind: 'throttleApp', atMs: Date.now(), key: 'archive' });

  it('works on a server whose defaults are read-only and without autocommit', async () => {
    const nodes = await backend.nodes(['a:1', 'b:1']);
    const [leader, other] = nodes as [BackendTestNode, BackendTestNode];
    expect(leader.acts).to.equal(true);
    await throttle(other);
    await leader.until(() => leader.apps().archive !== undefined);
    const open = await backend.server.run('SELECT * FROM information_schema.innodb_trx');
    expect(open).to.deep.equal([]);
  });

  it('uses a privilege that is granted after the login', async () => {
    const tables = ['service_election', 'service_health', 'skipped_hosts'];
    await backend.nodes(['a:1']);
    await backend.server.run(
      `CREATE OR REPLACE USER late@'%' IDENTIFIED BY '${PASSWORD}'`,
      "GRANT SELECT ON freno.* TO late@'%'",
      ...tables.map((table) => `GRANT ALL ON freno.${table} TO late@'%'`),
    );
    const late = backend.node('b:1', { settings: { ...backend.settings, user: 'late' } });
    await late.consensus.start();
    const { message } = await failureOf(throttle(late));
    expect(message).to.match(/denied.*; nothing was changed$/);
    await backend.server.run("GRANT INSERT, UPDATE ON freno.* TO late@'%'");
    await throttle(late);
    expect(late.apps()).to.have.property('archive');
  });
});
