/** Threads that measure themselves, and main that collects it. */
import { readFileSync, rmSync, statSync } from 'node:fs';
import { expect } from 'chai';
import { DiagnosticsHub } from '../../src/publish/main/diagnostics-hub.js';
import {
  serveDiagnostics,
  ThreadDiagnostics,
} from '../../src/publish/shared/thread-diagnostics.js';
import { eventLoopTurns } from '../support/event-loop.js';
import { failureOf } from '../support/failure.js';

function block(milliseconds: number): void {
  const untilMs = performance.now() + milliseconds;
  while (performance.now() < untilMs);
}

function turnOf(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

describe('ThreadDiagnostics', () => {
  it('measures how late the event loop was', async () => {
    const diagnostics = new ThreadDiagnostics();
    // The first sample is what the second one is compared with.
    await turnOf(300);
    block(400);
    await turnOf(50);
    const { loopDelayMaxSeconds, loopActiveSeconds } = diagnostics.vitals();
    expect(loopDelayMaxSeconds).to.be.at.least(0.1);
    expect(loopActiveSeconds).to.be.at.least(0.15);
    diagnostics.stop();
  });
});

describe('DiagnosticsHub', () => {
  let hub: DiagnosticsHub;

  beforeEach(() => {
    hub = new DiagnosticsHub();
  });

  afterEach(() => hub.stop());

  it('collects the vitals of the threads that respond, by name', async () => {
    const lively = hub.open('http-3');
    hub.open('probe-1');
    serveDiagnostics(lively);
    expect([...(await hub.vitals()).keys()]).to.have.members(['main', 'http-3']);
    lively.close();
    await eventLoopTurns();
    const error = await failureOf(hub.take({ thread: 'http', seconds: 1 }));
    expect(error).to.include({ code: 'BAD_REQUEST' });
  });

  it('writes a profile to a file that only this user may read', async () => {
    serveDiagnostics(hub.open('http-0'));
    const taken = hub.take({ thread: 'http', seconds: 1 });
    expect([hub.isProfiled('http-0'), hub.isProfiled('http-1')]).to.deep.equal([true, false]);
    const path = await taken;
    expect(hub.isProfiled('http-0')).to.equal(false);
    expect(path).to.match(/\.cpuprofile$/);
    expect(JSON.parse(readFileSync(path, 'utf8'))).to.include.keys('nodes', 'samples');
    expect(statSync(path).mode & 0o777).to.equal(0o600);
    rmSync(path);
  });
});
