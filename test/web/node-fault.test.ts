/** What the page says of a node. */
import { expect } from 'chai';
import { nodeFaultText } from '../../src/web/node-fault.js';
import type { NodeRow } from '../../src/web/topics.js';

const NODE: NodeRow = {
  ...{ Node: '10.0.0.2:10008', HTTP: '10.0.0.2:8087', Role: 'Follower', Version: '1.0.0' },
  ...{ Term: 1, CommitIndex: 2, AppliedIndex: 2, ConfigHash: 7, SameConfig: true },
  ...{ ClockDifferenceMillis: 0, LastContactMillis: 3, Error: '' },
};

const REFUSED = '10.0.0.9: it did not prove that it knows the secret';

describe('the fault of a node on the page', () => {
  it('is nothing where all is well', () => {
    expect(nodeFaultText(NODE)).to.equal('');
  });

  it('names a refused connection in the name of a node that is well', () => {
    expect(nodeFaultText({ ...NODE, Refused: REFUSED })).to.equal(
      `! refused a connection in its name, of ${REFUSED}`,
    );
  });

  it('has both where the node is not reached either', () => {
    expect(nodeFaultText({ ...NODE, Error: 'ECONNREFUSED', Refused: REFUSED })).to.equal(
      `ECONNREFUSED; ! refused a connection in its name, of ${REFUSED}`,
    );
  });
});
