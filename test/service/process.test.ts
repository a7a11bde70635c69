/** The process as an operator sees it: command line, refusals, signals. */
import { once } from 'node:events';
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import { FrenoProcess } from '../../src/demo/freno-process.js';
import { freePorts, TemporaryDirectory } from '../../src/demo/temporary.js';
import { statusOf } from '../support/cluster.js';
import { type ProgramOutcome, runCommand } from '../support/freno-command.js';
import { until } from '../support/until.js';

/** Runs freno to its end. */
const run = (...flags: string[]): Promise<ProgramOutcome> => runCommand(flags);

describe('the process', () => {
  let directory: TemporaryDirectory;
  let port: number;

  beforeEach(async () => {
    directory = new TemporaryDirectory();
    [port = 0] = await freePorts(1);
  });

  afterEach(() => directory.remove());

  function writeConfig(changes: object): string {
    const file = join(directory.path, 'freno.conf.json');
    writeFileSync(file, JSON.stringify({ ...minimal(), ...changes }));
    return file;
  }

  function minimal() {
    return {
      ListenPort: port,
      RaftDataDir: join(directory.path, 'raft'),
      RaftBind: `127.0.0.1:${port}`,
      Stores: {
        MySQL: {
          MetricQuery: 'select 1',
          Password: 'secret-of-the-store',
          ThrottleThreshold: 1,
          Clusters: { main: { StaticHostsSettings: { Hosts: ['127.0.0.1:1'] } } },
        },
      },
    };
  }

  it('prints its usage without flags, and with --help and -help', async () => {
    for (const flags of [[], ['--help'], ['-help']]) {
      const { code, stdout, stderr } = await run(...flags);
      expect({ code, stderr }, flags.join()).to.deep.equal({ code: 0, stderr: '' });
      expect(stdout)
        .to.match(/^Usage: freno/)
        .and.include('--raft-nodes');
    }
  });

  it('refuses flags without an action, and names --http', async () => {
    const file = writeConfig({});
    for (const flags of [['--config', file], ['--config', file, '--http=false'], ['--debug']]) {
      const { code, stdout, stderr } = await run(...flags);
      expect({ code, stdout }, flags.join(' ')).to.deep.equal({ code: 2, stdout: '' });
      expect(stderr, flags.join(' ')).to.match(/^freno: .*--http.*runs the service.*\n$/);
    }
  });

  it('prints its version, commit, runtime and HTTP engine', async () => {
    expect(await run('--version')).to.deep.include({ code: 0, stderr: '' });
    const [first, ...more] = (await run('-version')).stdout.trimEnd().split('\n');
    expect(first).to.match(/^freno \d+\.\d+\.\d+$/);
    expect(more).to.have.length(3);
    expect(more[0]).to.match(/^commit: (?:unknown|[0-9a-f]{40})$/);
    expect(more[1]).to.match(/^runtime: Node\.js \d+\.\d+\.\d+ \(\w+ \w+\)$/);
    expect(more[2]).to.match(/^HTTP engine: (?:uws|node) \(.+\)$/);
  });

  it('refuses an unknown flag in one line', async () => {
    const { code, stderr } = await run('--http', '--confg', 'x');
    expect(code).to.equal(2);
    expect(stderr).to.match(/^freno: .*--confg.*--config.*\n$/);
  });

  it('refuses a wrong configuration by the path of its key, without a password', async () => {
    const stores = minimal().Stores;
    const bad = { MySQL: { ...stores.MySQL, ThrottleThreshold: 'high', Clusterz: {} } };
    const { code, stderr } = await run('--http', '--config', writeConfig({ Stores: bad }));
    expect(code).to.equal(2);
    expect(stderr)
      .to.include('Stores.MySQL.ThrottleThreshold')
      .and.include('Stores.MySQL.Clusterz');
    expect(stderr).not.to.match(/^ {4}at /m);
    expect(stderr).not.to.include('secret-of-the-store');
  });

  it('refuses a missing configuration file and names it', async () => {
    const { code, stderr } = await run('--http', '--config', '/nowhere/freno.json');
    expect(code).to.equal(2);
    expect(stderr).to.match(/^freno: .*\/nowhere\/freno\.json.*\n$/);
  });

  it('refuses a port that is in use, names its key, and exits at once', async () => {
    const holder = createServer().listen(port, '127.0.0.1');
    await new Promise((resolve) => holder.once('listening', resolve));
    const { RaftBind, ...config } = minimal();
    const [raftPort] = await freePorts(1);
    const file = writeConfig({ ...config, RaftBind: `127.0.0.1:${raftPort}` });
    const { code, stderr } = await run('--http', '--config', file, '--quiet');
    await new Promise((resolve) => holder.close(resolve));
    expect(code).to.equal(1);
    expect(stderr).to.match(new RegExp(`^freno: .*ListenPort.*${port}.*\n$`));
  });

  it('ends with exit code 0 on SIGTERM and on SIGINT', async () => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      const serving = new FrenoProcess(minimal(), directory.path);
      await serving.waitFor('/lb-check', 200);
      serving.signal(signal);
      expect(await serving.exited, `serving, ${signal}`).to.deep.equal({ code: 0, signal: null });
    }
  });

  it('warns of open access unless only this machine reaches commands', async () => {
    const [adminPort] = await freePorts(1);
    for (const [keys, warns] of [
      [{}, true],
      [{ ListenAddress: '127.0.0.1' }, false],
      [{ AdminListen: `127.0.0.1:${adminPort}` }, false],
    ] as const) {
      const flags = { freno: ['--verbose'] };
      const serving = new FrenoProcess({ ...minimal(), ...keys }, directory.path, flags);
      await until(() => serving.log.includes('"serving"'), 20_000);
      expect(serving.log.includes('every client that reaches'), String(warns)).to.equal(warns);
      await serving.stop();
    }
  });

  it('opens no debugger on SIGUSR1, and goes on', async () => {
    const serving = new FrenoProcess(minimal(), directory.path);
    await serving.waitFor('/lb-check', 200);
    serving.signal('SIGUSR1');
    await serving.waitFor('/lb-check', 200);
    await serving.stop();
    expect(serving.log).not.to.include('Debugger listening');
  });

  it('writes files that only its user may read', async () => {
    const config = minimal();
    const serving = new FrenoProcess(config, directory.path);
    await serving.waitFor('/leader-check', 200);
    for (const name of readdirSync(config.RaftDataDir)) {
      const { mode } = statSync(join(config.RaftDataDir, name));
      expect((mode & 0o077).toString(8), name).to.equal('0');
    }
    await serving.stop();
  });

  it('acts as forced leader without a majority, but commands still need one', async () => {
    const [first = 0, ...others] = await freePorts(3);
    const RaftNodes = [first, ...others].map((peer) => `127.0.0.1:${peer}`);
    const config = { ...minimal(), RaftBind: RaftNodes[0], RaftNodes };
    const flags = { freno: ['--force-leadership'] };
    const freno = new FrenoProcess(config, directory.path, flags);
    await freno.waitFor('/leader-check', 200);
    await freno.waitFor('/check/app/mysql/main', 500);
    expect(await statusOf(freno, '/throttle-app/app')).to.equal(503);
    expect(freno.log).to.match(/"level":"warn".*--force-leadership/);
    await freno.stop();
  });

  it('goes on alone from the data of a cluster only with --force-new-cluster', async () => {
    const RaftNodes = (await freePorts(3)).map((peer) => `127.0.0.1:${peer}`);
    const config = { ...minimal(), RaftBind: RaftNodes[0], RaftNodes };
    const member = new FrenoProcess(config, directory.path);
    await member.waitFor('/lb-check', 200);
    await member.stop();
    const alone = { ...config, RaftNodes: [] };
    for (const [settings, flags] of [
      [alone, []],
      [config, ['--raft-nodes=']],
    ] as const) {
      const refused = new FrenoProcess(settings, directory.path, { freno: [...flags] });
      expect((await refused.exited).code).to.equal(1);
      expect(refused.log).to.contain('it was used with other nodes').and.contain('RaftNodes');
      expect(refused.log).to.contain('--force-new-cluster');
    }
    const flags = ['--raft-nodes=', '--force-new-cluster'];
    const forced = new FrenoProcess(config, directory.path, { freno: flags });
    await forced.waitFor('/leader-check', 200);
    await forced.stop();
    const again = new FrenoProcess(alone, directory.path);
    await again.waitFor('/leader-check', 200);
    await again.stop();
  });

  it('exits with code 0 in time although sources of hosts are unresponsive', async () => {
    const hanging = createServer().listen(0, '127.0.0.1');
    await once(hanging, 'listening');
    const address = `127.0.0.1:${(hanging.address() as AddressInfo).port}`;
    const shard = { Keyspace: 'main', Shard: '0', TimeoutSecs: 60 };
    const { MySQL } = minimal().Stores;
    const Clusters = {
      haproxy: { HAProxySettings: { Addresses: address, PoolName: 'main' } },
      proxysql: { ProxySQLSettings: { Addresses: [address, address], HostgroupID: 1 } },
      vitess: { VitessSettings: { API: `http://${address}`, ...shard } },
    };
    const stores = { MySQL: { ...MySQL, Clusters } };
    const freno = new FrenoProcess({ ...minimal(), Stores: stores }, directory.path);
    await freno.waitFor('/leader-check', 200);
    freno.signal('SIGTERM');
    const exit = await freno.exited;
    hanging.close();
    expect(exit, freno.log).to.deep.equal({ code: 0, signal: null });
  });

  it('exits with code 1 and logs the stack on an uncaught exception', async () => {
    const preload = join(directory.path, 'defect.cjs');
    const plant = "process.on('SIGUSR2', () => { throw new Error('planted'); });";
    writeFileSync(preload, `if (require('node:worker_threads').isMainThread) ${plant}`);
    const freno = new FrenoProcess(minimal(), directory.path, { node: ['--require', preload] });
    await freno.waitFor('/leader-check', 200);
    freno.signal('SIGUSR2');
    expect(await freno.exited).to.deep.equal({ code: 1, signal: null });
    expect(freno.log).to.include('uncaught exception; shutting down').and.include('Error: planted');
  });

  it('never logs a password, even with --debug', async () => {
    const freno = new FrenoProcess(minimal(), directory.path, { freno: ['--debug'] });
    await freno.waitFor('/leader-check', 200);
    await freno.stop();
    expect(freno.log).to.include('serving');
    expect(freno.log).not.to.include('secret-of-the-store');
  });
});
