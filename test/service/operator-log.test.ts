/** What an operator reads in the log of a node at the default level. */
import { join } from 'node:path';
import { expect } from 'chai';
import { Fleet } from '../../src/demo/fleet.js';
import { FrenoProcess } from '../../src/demo/freno-process.js';
import { freePorts, TemporaryDirectory } from '../../src/demo/temporary.js';
import { fetchOnce } from '../support/http-client.js';
import { until } from '../support/until.js';

type OperatorLogLine = Readonly<Record<string, unknown>>;

describe('the log at the default level', () => {
  let directory: TemporaryDirectory;
  let fleet: Fleet;
  let freno: FrenoProcess;

  before(async () => {
    directory = new TemporaryDirectory();
    fleet = await Fleet.start([{ value: 0.25 }, { value: 0.5 }]);
    const [port = 0, raftPort] = await freePorts(2);
    freno = new FrenoProcess(
      {
        ListenPort: port,
        HttpWorkers: 2,
        RaftDataDir: join(directory.path, 'raft'),
        RaftBind: `127.0.0.1:${raftPort}`,
        Stores: {
          MySQL: {
            MetricQuery: 'select lag from meta.heartbeat',
            ThrottleThreshold: 1,
            Clusters: { main: { StaticHostsSettings: { Hosts: fleet.hosts } } },
          },
        },
      },
      directory.path,
    );
    await freno.waitFor('/check/a/mysql/main', 200);
  });

  after(async () => {
    await freno?.stop();
    await fleet?.stop();
    directory.remove();
  });

  function linesOf(message: string): OperatorLogLine[] {
    return freno.logLines
      .map((line) => JSON.parse(line) as OperatorLogLine)
      .filter(({ msg }) => msg === message);
  }

  /** The only line of that message, once there is one, without what all lines have. */
  async function lineOf(message: string): Promise<OperatorLogLine> {
    await until(
      () => linesOf(message).length > 0,
      undefined,
      () => freno.log,
    );
    const lines = linesOf(message);
    expect(lines, freno.log).to.have.length(1);
    const { pid: _, time: __, thread: ___, msg: ____, ...line } = lines[0]!;
    return line;
  }

  it('has each crossing of a threshold, with the host that decides', async () => {
    await fleet.change([{ server: 1, value: 7 }]);
    await freno.waitFor('/check/a/mysql/main', 429);
    expect(await lineOf('threshold exceeded')).to.deep.equal({
      level: 'notice',
      store: 'main',
      value: 7,
      threshold: 1,
      host: fleet.hosts[1],
    });
    await fleet.change([{ server: 1, value: 0.75 }]);
    await freno.waitFor('/check/a/mysql/main', 200);
    expect(await lineOf('threshold no longer exceeded')).to.include({
      value: 0.75,
      host: fleet.hosts[1],
    });
  });

  it('has commands with the client, and until when they hold', async () => {
    const headers = { 'X-Forwarded-For': '192.0.2.7' };
    await fetchOnce(freno.port, '/throttle-app/archive/ttl/5/ratio/0.5', { headers });
    const { until: end, ...throttled } = await lineOf('app throttled');
    expect(throttled).to.deep.equal({
      ...{ audit: true, outcome: 'done', level: 'notice', command: 'throttleApp' },
      ...{ client: '192.0.2.7', node: throttled.node, app: 'archive', ratio: 0.5 },
    });
    expect(throttled.node).to.match(/^127\.0\.0\.1:\d+$/);
    const { body } = await fetchOnce(freno.port, '/throttled-apps');
    expect(Date.parse(String(end))).to.equal(Date.parse(JSON.parse(body).archive.ExpireAt));
    await fetchOnce(freno.port, '/unthrottle-app/archive');
    expect(await lineOf('app no longer throttled')).to.include({ client: '127.0.0.1' });
    await fetchOnce(freno.port, '/skip-host/db1', { headers });
    expect(await lineOf('host skipped')).to.include({ client: '192.0.2.7', host: 'db1' });
    await fetchOnce(freno.port, '/recover-host/db1', { headers });
    expect(await lineOf('host no longer skipped')).to.include({ host: 'db1' });
  });

  it('has commands that were refused, with the reason', async () => {
    await fetchOnce(freno.port, '/throttle-app/archive/ratio/2');
    const { node, ...refused } = await lineOf('command refused');
    expect(node).to.match(/^127\.0\.0\.1:\d+$/);
    expect(refused).to.deep.equal({
      ...{ audit: true, outcome: 'refused', level: 'warn' },
      client: '127.0.0.1',
      method: 'GET',
      path: '/throttle-app/archive/ratio/2',
      status: 400,
      error: 'ratio: a number from 0 to 1, got 2',
    });
  });

  it('has an unknown store once for all workers, with the nearest known name', async () => {
    for (let count = 0; count < 40; count++) {
      await fetchOnce(freno.port, '/check/archive/mysql/mian');
    }
    expect(await lineOf('check of a store that is not configured')).to.deep.equal({
      level: 'warn',
      store: 'mysql/mian',
      nearest: 'mysql/main',
      app: 'archive',
      client: '127.0.0.1',
    });
  });
});
