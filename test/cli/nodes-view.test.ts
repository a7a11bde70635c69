/** The table of the nodes of a cluster. */
import { expect } from 'chai';
import { nodeLines } from '../../src/cli/views/nodes.js';

describe('the table of nodes', () => {
  const plain = { paint: (_meaning: unknown, text: string): string => text };
  const lineOf = (node: object): string =>
    nodeLines(plain, { Nodes: [{ Node: 'a:1', Role: 'Follower', Error: '', ...node }] })[1]!;

  it('says that a connection in the name of a node was refused', () => {
    expect(lineOf({})).not.to.contain('refused');
    const refused = lineOf({ Refused: '10.0.0.9: it has no certificate' });
    expect(refused).to.contain('Follower');
    expect(refused).to.contain('refused in its name: 10.0.0.9: it has no certificate');
  });

  it('says first why a node is not reached', () => {
    const line = lineOf({ Error: 'handshake timed out', Refused: '10.0.0.9: why' });
    expect(line).to.contain('handshake timed out').and.not.to.contain('10.0.0.9');
  });
});
