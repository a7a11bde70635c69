import { expect } from 'chai';
import { OwnPauses } from './own-pauses.js';

const HELD_MS = 200;

describe('the pauses of a process', () => {
  it('are the time in which it got no turn', () => {
    const pauses = new OwnPauses();
    try {
      const before = pauses.pausedMs;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, HELD_MS);
      expect(pauses.pausedMs - before).to.be.at.least(HELD_MS / 2);
      const after = pauses.pausedMs;
      expect(pauses.pausedMs - after, 'counted once').to.be.below(HELD_MS / 2);
    } finally {
      pauses.stop();
    }
  });
});
