/** SIGTERM while no name server answers: look-ups cannot be cancelled, and hold a process up. */
import { join } from 'node:path';
import { expect } from 'chai';
import { FrenoProcess } from '../../src/demo/freno-process.js';
import { freePorts, TemporaryDirectory } from '../../src/demo/temporary.js';
import { SilentResolver } from '../support/silent-resolver.js';
import { skipUnless } from '../support/skip.js';
import { until } from '../support/until.js';

/** Each is looked up on main. Four are at a time. */
const LISTS = 60;
const LOOKUPS_MAX = 4;

describe('a process whose names hang', () => {
  const directory = new TemporaryDirectory();
  let resolver: SilentResolver | undefined;
  let freno: FrenoProcess | undefined;

  before(async function () {
    resolver = await SilentResolver.start(directory.path);
    skipUnless(this, resolver !== undefined, 'this process may not replace /etc/resolv.conf');
    const [port, raftPort] = await freePorts(2);
    const Clusters = Object.fromEntries(
      Array.from({ length: LISTS }, (_, number) => [
        `c${number}`,
        { HAProxySettings: { Addresses: `list${number}.invalid`, PoolName: 'pool' } },
      ]),
    );
    const configuration = {
      ListenPort: port!,
      RaftDataDir: join(directory.path, 'data'),
      RaftBind: `127.0.0.1:${raftPort}`,
      Stores: { MySQL: { Clusters } },
    };
    freno = new FrenoProcess(configuration, directory.path, { through: resolver!.command });
  });

  after(() => {
    resolver?.stop();
    directory.remove();
  });

  it('ends with status 0 when those in progress have asked each server once', async () => {
    await until(() => resolver!.asked.size >= 2 * LOOKUPS_MAX);
    freno!.signal('SIGTERM');
    expect(await freno!.exited).to.deep.equal({ code: 0, signal: null });
    expect(resolver!.repeated).to.equal(0);
    expect(freno!.log).to.not.include('killing the process');
  });
});
