/** A node that is paused as a whole, with checks in flight. */
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'chai';
import type { Fleet } from '../../src/demo/fleet.js';
import type { FrenoProcess } from '../../src/demo/freno-process.js';
import { untilStopped } from '../support/child.js';
import { fetchOnce } from '../support/http-client.js';
import { CHECK_PATH, OneNode } from '../support/one-node.js';

const PAUSE_MS = 2_000;

describe('a node that was paused', () => {
  let node: OneNode;
  let fleet: Fleet;
  let freno: FrenoProcess;

  before(async () => {
    node = await OneNode.start();
    ({ freno, fleet } = node);
  });

  after(() => node?.stop());

  it('answers no waiting check by a value from before the pause', async () => {
    freno.signal('SIGSTOP');
    await untilStopped(freno.pid);
    const pausing = pause(PAUSE_MS);
    await fleet.change([{ server: 0, value: 9 }]);
    const checks = Array.from({ length: 40 }, () => fetchOnce(freno.port, CHECK_PATH));
    await pausing;
    freno.signal('SIGCONT');
    const statuses = new Set((await Promise.all(checks)).map(({ status }) => status));
    expect([...statuses]).to.not.include(200);
    await freno.waitFor(CHECK_PATH, 429);
  });
});
