/** The nearest known name to a mistyped one. */
import { expect } from 'chai';
import { editDistance, nearest } from '../../src/config/nearest.js';

describe('the nearest name', () => {
  it('counts insertions, deletions, replacements and swaps of neighbours', () => {
    expect(editDistance('', 'abc')).to.equal(3);
    expect(editDistance('abc', '')).to.equal(3);
    expect(editDistance('abc', 'abc')).to.equal(0);
    expect(editDistance('abc', 'abd')).to.equal(1);
    expect(editDistance('abc', 'acb')).to.equal(1);
    expect(editDistance('abc', 'xabc')).to.equal(1);
    expect(editDistance('kitten', 'sitting')).to.equal(3);
  });

  it('has the smallest edit distance, regardless of case', () => {
    expect(nearest('listenprot', ['RaftBind', 'ListenPort', 'Port'])).to.equal('ListenPort');
    expect(nearest('ThrotleTreshold', ['ThrottleThreshold', 'Throttle'])).to.equal(
      'ThrottleThreshold',
    );
  });

  it('is undefined when no name is near', () => {
    expect(nearest('Foo', ['Port', 'TLS'])).to.equal(undefined);
    expect(nearest('port', ['http'])).to.equal(undefined);
    expect(nearest('x', ['TLS'])).to.equal(undefined);
  });

  it('is the only name that contains a part of it', () => {
    expect(nearest('port', ['http', 'http-port', 'help'])).to.equal('http-port');
    expect(nearest('raft', ['raft-bind', 'raft-nodes'])).to.equal(undefined);
    expect(nearest('dir', ['raft-datadir'])).to.equal(undefined);
  });

  it('is undefined without candidates', () => {
    expect(nearest('x', [])).to.equal(undefined);
  });
});
