/** The client of resources/clients/python: its own tests, with three real nodes. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { Fleet } from '../../src/demo/fleet.js';
import { endingWithUs } from '../support/child.js';
import { STORE, TestCluster } from '../support/cluster.js';
import { needPrograms, programPath } from '../support/needs.js';

const ROOT = new URL('../../../', import.meta.url);
const CLIENT = fileURLToPath(new URL('resources/clients/python', ROOT));
const TESTS = fileURLToPath(new URL('test/client/python', ROOT));
const TOO_HIGH = 5;

describe('freno_client.py', () => {
  let cluster: TestCluster;
  let busy: Fleet;

  before(async function () {
    needPrograms(this, 'python3');
    busy = await Fleet.start([{ value: TOO_HIGH }]);
    const clusters = { busy: { StaticHostsSettings: { Hosts: busy.hosts } } };
    cluster = await TestCluster.start(3, {}, { clusters });
    const leader = await cluster.leader();
    await leader.process.waitFor(`/check/test/mysql/${STORE}`, 200);
    await leader.process.waitFor('/check/test/mysql/busy', 429);
  });

  after(async () => {
    await cluster?.stop();
    await busy?.stop();
  });

  /** Runs classes of tests; resolves when all passed. */
  async function run(...classes: readonly string[]): Promise<void> {
    const nodes = cluster.nodes.map(({ url, process: { pid } }) => ({ url, pid }));
    const names = classes.map((name) => `test_freno_client.${name}`);
    const child = endingWithUs(
      spawn(programPath('python3'), ['-W', 'error', '-m', 'unittest', ...names], {
        cwd: TESTS,
        env: {
          PATH: process.env.PATH,
          PYTHONPATH: CLIENT,
          PYTHONDONTWRITEBYTECODE: '1',
          FRENO_NODES: JSON.stringify(nodes),
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      }),
    );
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    }
    const [code] = await once(child, 'close');
    expect(code, output).to.equal(0);
    expect(output).to.match(/Ran [1-9]\d* tests? in .*\n\nOK\n$/);
    // Such as those of resources that were not closed.
    expect(output).not.to.include('Exception ignored');
  }

  it('reads answers, and takes no yes from another service', () =>
    run('Answers', 'HostileServers'));

  it('waits, by itself and for many threads', () => run('Waiting', 'Sharing'));

  it('finds the leader of real nodes, and invents no yes through kill -9', () => run('RealNodes'));
});
