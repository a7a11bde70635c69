/** A process one of whose HTTP workers hangs: it gives up leadership and ends, with a failure that a supervisor sees. */
import { join } from 'node:path';
import { expect } from 'chai';
import { FrenoProcess } from '../../src/demo/freno-process.js';
import { freePorts, TemporaryDirectory } from '../../src/demo/temporary.js';
import type { HangPoint } from '../http/hang-preload.js';

const PRELOAD = new URL('../http/hang-preload.js', import.meta.url).href;

describe('a process with an HTTP worker that hangs', function () {
  this.timeout(40_000);
  let directory: TemporaryDirectory;
  let freno: FrenoProcess;

  beforeEach(() => {
    directory = new TemporaryDirectory();
  });

  afterEach(async () => {
    freno.signal('SIGKILL');
    await freno.exited;
    directory.remove();
  });

  async function start(point: HangPoint): Promise<void> {
    const [port = 0] = await freePorts(1);
    const configuration = {
      ListenPort: port,
      HttpWorkers: 2,
      RaftDataDir: join(directory.path, 'raft'),
      RaftBind: `127.0.0.1:${port}`,
      Stores: { MySQL: {} },
    };
    const through = ['env', `FRENO_TEST_HANG=${point}`];
    const node = ['--import', PRELOAD];
    freno = new FrenoProcess(configuration, directory.path, { node, through });
  }

  it('hands over leadership, says which it is, and ends by a signal', async () => {
    await start('apply');
    await freno.waitFor('/leader-check', 200, 10_000);
    // Whichever worker gets it: the command is told to the one that hangs over it.
    const asked = freno.status('/throttle-app/app');
    const exit = await freno.exited;
    await asked;
    expect(exit).to.deep.equal({ code: null, signal: 'SIGKILL' });
    expect(freno.log)
      .to.include('an HTTP worker gives no sign of life')
      .and.match(/freno: http-0: no sign of life/);
  });

  it('ends on SIGTERM within 5 s though it hangs in the start', async () => {
    await start('load');
    await freno.waitFor('/lb-check', 200, 10_000);
    const toldAtMs = performance.now();
    freno.signal('SIGTERM');
    await freno.exited;
    expect(performance.now() - toldAtMs).to.be.below(5_000);
  });
});
