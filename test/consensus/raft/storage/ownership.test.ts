/** The log on disk: the list of nodes that it was used with. */
import { expect } from 'chai';
import { failureOf } from '../../../support/failure.js';
import { entriesOf, identity, StoredLog, write } from '../support/stored-log.js';

const { node } = identity;
const three = [node, 'b:2', 'c:3'];

describe('the log on disk of a cluster', () => {
  let log: StoredLog;

  beforeEach(async () => {
    log = await StoredLog.create();
    const opened = await log.open({ nodes: three });
    await write(opened, { hardState: { term: 2, vote: node }, entries: entriesOf(1, 3, 2) });
    await log.close();
  });

  afterEach(() => log.end());

  it('is refused to a node that would go on alone, with the flag named', async () => {
    for (let attempt = 0; attempt < 2; attempt++) {
      const { code, message } = await failureOf(log.open({ nodes: [node] }));
      expect(code).to.equal('RESOURCE');
      expect(message)
        .to.contain(`${log.path} cannot be used: it was used with other nodes (b:2, c:3)`)
        .and.contain('RaftNodes')
        .and.contain('--force-new-cluster');
    }
  });

  it('opens to a node alone that is forced to, and is its own from then on', async () => {
    const { initial } = await log.open({ nodes: [node] }, { forceNewCluster: true });
    expect(initial.entries).to.have.length(3);
    await log.close();
    await log.open({ nodes: [node] });
    await log.close();
    await log.open({ nodes: three });
    expect(log.warnings).to.deep.equal([]);
    await log.close();
    await failureOf(log.open({ nodes: [node] }));
  });

  it('opens to lists that change by one node at a time, without a word', async () => {
    for (const nodes of [
      [...three, 'd:4'],
      [node, 'b:2', 'd:4'],
      ['d:4', 'b:2', node],
      [node, 'd:4'],
    ]) {
      await log.open({ nodes });
      await log.close();
    }
    expect(log.warnings).to.deep.equal([]);
  });

  it('opens to a list that differs by more than one node, with a warning', async () => {
    await log.open({ nodes: [node, 'b:2', 'd:4'] });
    expect(log.warnings).to.have.length(1);
    expect(log.warnings[0]).to.contain('RaftNodes differs by more than one node');
  });
});
