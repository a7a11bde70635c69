/**
 * A process with an unresponsive HTTP worker: it gives up leadership and exits with a failure that
 * a supervisor sees.
 */
import { join } from 'node:path';
import { expect } from 'chai';
import { FrenoProcess } from '../../src/demo/freno-process.js';
import { freePorts, TemporaryDirectory } from '../../src/demo/temporary.js';
import type { HangPoint } from '../http/hang-preload.js';

const PRELOAD = new URL('../http/hang-preload.js', import.meta.url).href;

describe('a process with an unresponsive HTTP worker', () => {
  let directory: TemporaryDirectory;
  /** Both hang at the same time, in different places: it takes long until a hang is detected. */
  let serving: FrenoProcess;
  let starting: FrenoProcess;

  before(async () => {
    directory = new TemporaryDirectory();
    const ports = await freePorts(2);
    serving = start(ports[0]!, 'apply');
    starting = start(ports[1]!, 'load');
  });

  after(async () => {
    for (const freno of [serving, starting]) {
      freno.signal('SIGKILL');
      await freno.exited;
    }
    directory.remove();
  });

  function start(port: number, point: HangPoint): FrenoProcess {
    const configuration = {
      ListenPort: port,
      HttpWorkers: 2,
      RaftDataDir: join(directory.path, point),
      RaftBind: `127.0.0.1:${port}`,
      Stores: { MySQL: {} },
    };
    const through = ['env', `FRENO_TEST_HANG=${point}`];
    return new FrenoProcess(configuration, directory.path, {
      node: ['--import', PRELOAD],
      through,
    });
  }

  it('ends in time on SIGTERM although a worker hangs while it starts', async () => {
    await serving.waitFor('/leader-check', 200);
    // The command reaches every worker, whichever receives the request; the one hangs on it.
    void serving.status('/throttle-app/app');
    await starting.waitFor('/lb-check', 200);
    const signalledAtMs = performance.now();
    starting.signal('SIGTERM');
    await starting.exited;
    // With room for a busy machine; without the bound the watchdog would end it after 30 s.
    expect(performance.now() - signalledAtMs).to.be.below(20_000);
  });

  it('kills itself and logs which thread is unresponsive', async () => {
    // The first command may have been dropped before a worker read it.
    while (serving.running) await serving.status('/throttle-app/app');
    expect(await serving.exited).to.deep.equal({ code: null, signal: 'SIGKILL' });
    expect(serving.log)
      .to.include('an HTTP worker is unresponsive')
      .and.match(/freno: http-0: unresponsive/);
  });
});
