/** The log of the crossings of a threshold. */
import { expect } from 'chai';
import { ThresholdLog } from '../../src/stores/prober/threshold-log.js';
import { logLines } from '../support/log-lines.js';

const CROSSING = { value: 2, threshold: 1, host: 'db1:3306' };
const LINE = { level: 'notice', store: 'main', ...CROSSING };
const EXCEEDED = { ...LINE, msg: 'threshold exceeded' };
const OVER = { ...LINE, msg: 'threshold no longer exceeded' };

describe('the log of a threshold', () => {
  function setUp() {
    const { log, lines } = logLines();
    const threshold = new ThresholdLog('main', log);
    const observe = (exceeds: boolean, nowMs: number): void =>
      threshold.observe(exceeds, nowMs, () => CROSSING);
    return { threshold, lines, observe };
  }

  it('has one line for each crossing', () => {
    const { lines, observe } = setUp();
    for (const [exceeds, nowMs] of [
      [false, 0],
      [true, 10],
      [true, 20],
      [false, 30],
      [false, 40],
      [true, 50],
    ] as const) {
      observe(exceeds, nowMs);
    }
    expect(lines).to.deep.equal([EXCEEDED, OVER, EXCEEDED]);
  });

  it('is bounded while the value swings, and ends with the state that lasts', () => {
    const { lines, observe } = setUp();
    for (let nowMs = 0; nowMs < 30_000; nowMs += 50) observe(nowMs % 100 === 0, nowMs);
    expect(lines).to.have.length(6);
    for (let nowMs = 30_000; nowMs <= 60_000; nowMs += 50) observe(true, nowMs);
    expect(lines).to.have.length(7);
    // 600 crossings and the last: 7 have a line.
    expect(lines.at(-1)).to.deep.equal({ ...EXCEEDED, notLogged: 594 });
  });

  it('starts again with a new term', () => {
    const { threshold, lines, observe } = setUp();
    observe(true, 0);
    threshold.reset();
    observe(false, 10);
    observe(true, 20);
    expect(lines).to.deep.equal([EXCEEDED, EXCEEDED]);
  });
});
