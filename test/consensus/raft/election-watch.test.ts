/** The lines that say why there is no leader. */
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

  const noMajority = (seconds: number) =>
    `raft: no majority, no leader for ${seconds} s: 2 of 3 nodes needed, reached: 1 (with this ` +
    'node); cannot reach b:1 (connect ECONNREFUSED), c:1 (it closed the connection)';

  it('says at once that there is no majority, and each minute', () => {
    lookFor(1);
    expect(log.warnings()).to.deep.equal([noMajority(1)]);
    lookFor(59);
    expect(log.warnings()).to.have.length(1);
    lookFor(1);
    expect(log.warnings()).to.deep.equal([noMajority(1), noMajority(61)]);
  });

  it('says that there is a majority again, before and after an election', () => {
    lookFor(1);
    faults.set('b:1', null);
    lookFor(3);
    leader = 'b:1';
    lookFor(3);
    const again = 'raft: majority again: 2 of 3 nodes needed, reached: 2';
    expect(log.warnings()).to.deep.equal([noMajority(1), again]);
    leader = null;
    faults.set('b:1', 'it closed the connection');
    lookFor(10);
    expect(log.warnings()).to.have.length(3);
    leader = 'c:1';
    faults.set('c:1', null);
    lookFor(1);
    expect(log.warnings().at(-1)).to.equal(again);
  });

  it('bounds the lines about a connection that comes and goes', () => {
    for (let second = 0; second < 60; second++) {
      faults.set('b:1', second % 2 === 0 ? 'timed out' : null);
      lookFor(1);
    }
    const lost = log.warnings().filter((line) => line.startsWith('raft: no majority'));
    expect(lost).to.have.length(6);
  });

  it('says after ten seconds that none of a majority is elected, and each minute', () => {
    faults.set('b:1', null);
    lookFor(9);
    expect(log.warnings()).to.deep.equal([]);
    lookFor(60);
    const line =
      'raft: no leader for 10 s: this node reaches 2 of 3 nodes with itself, and none of them is ' +
      'elected; reaches b:1; cannot reach c:1 (it closed the connection); ' +
      'this node is candidate in term 8';
    expect(log.warnings()).to.deep.equal([line]);
    lookFor(1);
    expect(log.warnings()).to.have.length(2);
  });

  it('says nothing while there is a leader', () => {
    leader = 'b:1';
    lookFor(100);
    expect(log.warnings()).to.deep.equal([]);
  });
});
