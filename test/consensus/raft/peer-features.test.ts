/** What may be written to the log, by what the members listed when they connected. */
import { expect } from 'chai';
import { ownFeatures } from '../../../src/consensus/raft/codec/features.js';
import { PeerFeatures, unreadableText } from '../../../src/consensus/raft/peer-features.js';
import type { Command } from '../../../src/throttle/commands.js';
import type { FeatureLevel } from '../../../src/throttle/feature-level.js';

const BEFORE = ['crc32c', 'command:identifyCluster'];
const throttle: Command = { kind: 'throttleApp', atMs: 1, key: 'a' };
const exempt: Command = { kind: 'exemptApp', atMs: 1, key: 'a', expireAtMs: 2 };

describe('the features of peers', () => {
  let level: FeatureLevel;
  let features: PeerFeatures;

  beforeEach(() => {
    level = 0;
    features = new PeerFeatures(['b:1', 'c:1'], () => level);
  });

  it('keep back a new command until every member has listed it', () => {
    expect(features.unreadableAt(exempt)).to.deep.equal({ older: [], unknown: ['b:1', 'c:1'] });
    features.greeted('b:1', BEFORE);
    features.greeted('c:1', ownFeatures);
    expect(features.unreadableAt(exempt)).to.deep.equal({ older: ['b:1'], unknown: [] });
    features.greeted('b:1', ownFeatures);
    expect(features.unreadableAt(exempt)).to.equal(null);
  });

  it('never keep back what the first releases read', () => {
    features.greeted('b:1', []);
    expect(features.unreadableAt(throttle)).to.equal(null);
  });

  it('keep nothing back that the state already holds, while a member is down', () => {
    level = 1;
    expect(features.unreadableAt(exempt)).to.equal(null);
    const identity: Command = { kind: 'identifyCluster', atMs: 1, clusterId: 'c' };
    expect(features.unreadableAt(identity)).to.not.equal(null);
  });

  it('keep nothing back from a node alone', () => {
    expect(new PeerFeatures([], () => 0).unreadableAt(exempt)).to.equal(null);
  });

  it('name each member that keeps a command back, and why', () => {
    expect(unreadableText({ older: ['b:1', 'd:1'], unknown: ['c:1'] })).to.equal(
      'not every node of the cluster can read this command (b:1, d:1: an earlier release that ' +
        'does not know it; c:1: not connected yet, its release unknown)',
    );
  });
});
