/** A probe thread that dies, or hangs, in the turn of certain hosts. */
import { GatedProbe } from '../../src/stores/prober/mysql/gated-probe.js';
import { ProbeQuery } from '../../src/stores/prober/mysql/probe-query.js';

export { probe } from '../../workers/probe.js';

/** The thread ends when it ticks a host of that address. */
export const DEADLY = '127.66.6.1';
/** It hangs when it ticks one of that address. */
export const HANGING = '127.66.6.2';

/** The thread ends at the answer to that query. */
export const DEADLY_QUERY = 'select 6661';

const { tick } = GatedProbe.prototype;
GatedProbe.prototype.tick = function tickOrDie(nowMs: number): void {
  if (this.address.startsWith(`${DEADLY}:`)) process.exit(3);
  if (this.address.startsWith(`${HANGING}:`)) for (;;);
  tick.call(this, nowMs);
};

const { finished } = ProbeQuery.prototype;
ProbeQuery.prototype.finished = function finishedOrDie(...result): void {
  if (this.statement === DEADLY_QUERY) process.exit(3);
  finished.apply(this, result);
};
