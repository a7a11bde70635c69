/** A node that is paused as a whole, with checks in flight. */
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'chai';
import { Fleet } from '../../src/demo/fleet.js';
import { FrenoProcess } from '../../src/demo/freno-process.js';
import { freePorts, TemporaryDirectory } from '../../src/demo/temporary.js';
import { untilStopped } from '../support/child.js';
import { fetchOnce } from '../support/http-client.js';

const CHECK = '/check/a/mysql/main';
const PAUSE_MS = 2_000;

describe('a node that was paused', () => {
  let directory: TemporaryDirectory;
  let fleet: Fleet;
  let freno: FrenoProcess;

  before(async () => {
    directory = new TemporaryDirectory();
    fleet = await Fleet.start([{ value: 0.5 }]);
    const [port = 0] = await freePorts(1);
    const MySQL = {
      MetricQuery: 'select lag from meta.heartbeat',
      ThrottleThreshold: 1,
      Clusters: { main: { StaticHostsSettings: { Hosts: fleet.hosts } } },
    };
    const keys = { ListenPort: port, HttpWorkers: 2, RaftDataDir: join(directory.path, 'raft') };
    freno = new FrenoProcess({ ...keys, Stores: { MySQL } }, directory.path);
    await freno.waitFor(CHECK, 200);
  });

  after(async () => {
    await freno?.stop();
    await fleet?.stop();
    directory.remove();
  });

  it('answers no waiting check by a value from before the pause', async () => {
    freno.signal('SIGSTOP');
    await untilStopped(freno.pid);
    const pausing = pause(PAUSE_MS);
    await fleet.change([{ server: 0, value: 9 }]);
    const checks = Array.from({ length: 40 }, () => fetchOnce(freno.port, CHECK));
    await pausing;
    freno.signal('SIGCONT');
    const statuses = new Set((await Promise.all(checks)).map(({ status }) => status));
    expect([...statuses]).to.not.include(200);
    await freno.waitFor(CHECK, 429);
  });
});
