/** The line that says why there is no leader. */
import { expect } from 'chai';
import type { SoftState } from '../../../src/consensus/raft/core/types.js';
import { ElectionWatch } from '../../../src/consensus/raft/election-watch.js';
import { LogRecorder } from './support/log-recorder.js';

describe('ElectionWatch', () => {
  let nowMs: number;
  let leader: string | null;
  let faults: Map<string, string | null>;
  let log: LogRecorder;
  let watch: ElectionWatch;

  beforeEach(() => {
    nowMs = 1_000_000;
    leader = null;
    log = new LogRecorder();
    faults = new Map([
      ['b:1', 'connect ECONNREFUSED'],
      ['c:1', 'it closed the connection'],
    ]);
    watch = new ElectionWatch({
      soft: (): SoftState => ({
        role: 'candidate',
        term: 8,
        leader,
        leaseRound: 0,
        leaseLockoutMs: 0,
        transferTo: null,
        loss: null,
      }),
      peerFaults: () => faults,
      log: log.logger,
      nowMs: () => nowMs,
    });
  });

  function lookFor(seconds: number): void {
    for (let second = 0; second < seconds; second++) {
      nowMs += 1000;
      watch.look();
    }
  }

  it('says why there is no leader, once a minute', () => {
    lookFor(9);
    expect(log.warnings()).to.deep.equal([]);
    lookFor(60);
    const line =
      'raft: no leader for 10 s: a majority of 3 nodes is 2, and this node reaches 1 with ' +
      'itself; does not reach b:1 (connect ECONNREFUSED), c:1 (it closed the connection); ' +
      'this node is candidate in term 8';
    expect(log.warnings()).to.deep.equal([line]);
    lookFor(1);
    expect(log.warnings()).to.have.length(2);
  });

  it('names the nodes that it reaches when there are enough for a majority', () => {
    faults.set('b:1', null);
    lookFor(10);
    expect(log.warnings()[0]).to.contain(
      'this node reaches 2 of 3 nodes with itself, and none of them is elected; reaches b:1; ' +
        'does not reach c:1',
    );
  });

  it('says nothing while there is a leader', () => {
    leader = 'b:1';
    lookFor(100);
    leader = null;
    lookFor(9);
    expect(log.warnings()).to.deep.equal([]);
  });
});
