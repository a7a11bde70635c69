/**
 * A process one of whose HTTP workers hangs: it gives up leadership and ends, with a failure that a
 * supervisor sees.
 */
import { join } from 'node:path';
import { expect } from 'chai';
import { FrenoProcess } from '../../src/demo/freno-process.js';
import { freePorts, TemporaryDirectory } from '../../src/demo/temporary.js';
import type { HangPoint } from '../http/hang-preload.js';

const PRELOAD = new URL('../http/hang-preload.js', import.meta.url).href;

describe('a process with an HTTP worker that hangs', () => {
  let directory: TemporaryDirectory;
  /**
   * Each hangs elsewhere, and both at the same time: it takes long until a worker counts as
   * hanging.
   */
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

  it('ends on SIGTERM within 5 s though it hangs in the start', async () => {
    await serving.waitFor('/leader-check', 200);
    // Whichever worker gets it: the command is told to the one that hangs over it.
    void serving.status('/throttle-app/app');
    await starting.waitFor('/lb-check', 200);
    const toldAtMs = performance.now();
    starting.signal('SIGTERM');
    await starting.exited;
    // With room for a busy machine: without that bound it would be ended as hanging, after 30 s.
    expect(performance.now() - toldAtMs).to.be.below(20_000);
  });

  it('ends by itself, by a signal, and says which thread it is', async () => {
    // The command before may have been given up before it was read.
    while (serving.running) await serving.status('/throttle-app/app');
    expect(await serving.exited).to.deep.equal({ code: null, signal: 'SIGKILL' });
    expect(serving.log)
      .to.include('an HTTP worker is unresponsive')
      .and.match(/freno: http-0: unresponsive/);
  });
});
