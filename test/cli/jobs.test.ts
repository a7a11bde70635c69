/** The commands for jobs, as processes against a cluster of real nodes. */
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import { freePorts, TemporaryDirectory } from '../../src/demo/temporary.js';
import { STORE, statusOf, TestCluster, VALUE } from '../support/cluster.js';
import { type RunningCommand, runCommand, startCommand } from '../support/freno-command.js';
import { until } from '../support/until.js';

const ABOVE = 5;

describe('the commands for jobs', () => {
  let cluster: TestCluster;
  let directory: TemporaryDirectory;

  before(async () => {
    cluster = await TestCluster.start(3);
  });

  after(() => cluster?.stop());

  beforeEach(() => {
    directory = new TemporaryDirectory();
  });

  afterEach(async () => {
    directory.remove();
    await cluster.heal();
    await settled(200);
  });

  /** `FRENO_SERVER` for all nodes, the leader last. */
  async function servers(): Promise<string> {
    const leader = await cluster.leader();
    return [...cluster.others(leader), leader].map(({ url }) => url).join(',');
  }

  async function environment(): Promise<Record<string, string>> {
    return { FRENO_SERVER: await servers(), FRENO_APP: 'archiver' };
  }

  /** Resolves when the leader answers checks with that status. */
  async function settled(status: number): Promise<void> {
    const leader = await cluster.leader();
    await until(async () => (await statusOf(leader, `/check/app/mysql/${STORE}`)) === status);
  }

  async function exceed(): Promise<void> {
    await cluster.fleet.change([{ server: 0, value: ABOVE }]);
    await settled(429);
  }

  describe('check', () => {
    it('exits with 0 on 200, from the leader among several servers', async () => {
      const { code, stdout, stderr } = await runCommand(['check', STORE], await environment());
      expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
      expect(stdout).to.equal(`mysql/${STORE}: go on (200): value ${VALUE}, threshold 1\n`);
    });

    it('prints the body of the answer with --json', async () => {
      const words = ['check', 'archiver', `mysql/${STORE}`, '--json', '--threshold', '0.1'];
      const { code, stdout } = await runCommand(words, await environment());
      expect(code).to.equal(3);
      expect(JSON.parse(stdout)).to.deep.equal({
        StatusCode: 429,
        Value: VALUE,
        Threshold: 0.1,
        Message: 'Threshold exceeded',
        Server: (await cluster.leader()).url,
      });
    });

    it('exits with 3 above the threshold, and for a throttled app', async () => {
      await exceed();
      const exceeded = await runCommand(['check', STORE], await environment());
      expect(exceeded.code).to.equal(3);
      expect(exceeded.stdout).to.include('wait (429): Threshold exceeded, value 5, threshold 1');
      const leader = await cluster.leader();
      await statusOf(leader, '/throttle-app/denied');
      const denied = await runCommand(['check', 'denied', STORE], await environment());
      await statusOf(leader, '/unthrottle-app/denied');
      expect(denied.code).to.equal(3);
      expect(denied.stdout).to.match(
        /: wait \(417\): App denied: denied is throttled until \d{4}-.*Z\n$/,
      );
    });

    it('exits with 4 for an unknown store', async () => {
      const { code, stdout, stderr } = await runCommand(['check', 'nowhere'], await environment());
      expect({ code, stdout }).to.deep.equal({ code: 4, stdout: '' });
      expect(stderr).to.match(/^freno: http:\S+: no such store: mysql\/nowhere\n$/);
      const why = await runCommand(['why', 'nowhere'], await environment());
      expect(why).to.include({ code: 4, stdout: 'no such store: mysql/nowhere\n' });
    });

    it('exits with 4 for an unknown metric, and says which there are', async () => {
      const words = ['check', STORE, '--metric', 'threads'];
      const { code, stderr } = await runCommand(words, await environment());
      expect(code).to.equal(4);
      expect(stderr).to.match(/: mysql\/main has no metric threads; it has lag\n$/);
    });

    it('says to low priority which others go first, as freno explains it', async () => {
      await exceed();
      const leader = await cluster.leader();
      let outcome = { code: null as number | null, stdout: '' };
      await until(async () => {
        // Holds low priority back for a second.
        await statusOf(leader, `/check/app/mysql/${STORE}`);
        outcome = await runCommand(['check', STORE, '--low'], await environment());
        return outcome.stdout.includes('(417)');
      });
      expect(outcome.code).to.equal(3);
      expect(outcome.stdout).to.match(
        /^mysql\/main: wait \(417\): App denied: low priority waits while other apps wait /,
      );
    });

    it('exits with 1 on a follower, which does not know', async () => {
      const [follower] = cluster.others(await cluster.leader());
      const words = ['check', 'app', STORE, '--server', follower!.url];
      const { code, stdout } = await runCommand(words);
      expect(code).to.equal(1);
      expect(stdout).to.include('wait (404): Not the leader');
    });

    it('exits with 5 when no server responds, and names each', async () => {
      const [first, second] = await freePorts(2);
      const words = ['check', 'app', STORE, '--server', `127.0.0.1:${first},127.0.0.1:${second}`];
      const { code, stdout, stderr } = await runCommand(words);
      expect({ code, stdout }).to.deep.equal({ code: 5, stdout: '' });
      expect(stderr)
        .to.match(new RegExp(`http://127.0.0.1:${first}: .*ECONNREFUSED`))
        .and.match(new RegExp(`http://127.0.0.1:${second}: .*ECONNREFUSED`));
    });

    it('exits with 2 for a wrong command line, and says what is wrong', async () => {
      const wrong: ReadonlyArray<readonly [words: readonly string[], message: RegExp]> = [
        [['chekc', 'app', STORE], /unknown command 'chekc'[\s\S]*check/],
        [['check', 'app', STORE, 'more'], /unexpected argument "more"/],
        [['check', STORE], /no app: .*FRENO_APP/],
        [['check', 'a/b', STORE], /"a\/b" is no name of an app/],
        [['check', '..', STORE], /"\.\." is no name of an app/],
        [['check', 'app', 'a/b/c'], /is no store/],
        [['check', 'app', STORE, '--threshold', 'high'], /--threshold: must be a number/],
        [['check', 'app', STORE, '--server', 'ftp://x'], /--server: "ftp:\/\/x" is no server/],
        [['check', 'app', STORE, '--servers', 'x'], /unknown option '--servers'/],
        [['wait', 'app', STORE, '--timeout', '30d'], /--timeout: at most 24d/],
        [['wait', 'app', STORE, '--timeout', 'soon'], /--timeout: must be a duration/],
      ];
      for (const [words, message] of wrong) {
        const { code, stdout, stderr } = await runCommand(words);
        expect({ code, stdout }, words.join(' ')).to.deep.equal({ code: 2, stdout: '' });
        expect(stderr, words.join(' '))
          .to.match(/^freno: /)
          .and.match(message);
      }
    });
  });

  describe('a server that is no freno', () => {
    let server: Server;
    let url: string;
    let body = '';
    let status = 200;

    before(async () => {
      server = createServer((_, response) => response.writeHead(status).end(body));
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    });

    after(() => server?.close());

    const answers: ReadonlyArray<readonly [status: number, body: string]> = [
      [200, 'hello'],
      [200, '{}'],
      [200, '{"StatusCode":200,"Message":"OK"}'],
      [200, '{"StatusCode":429,"Value":0,"Threshold":1,"Message":""}'],
      [404, '404 page not found\n'],
      [204, ''],
    ];
    for (const command of ['check', 'wait', 'run']) {
      it(`is named by ${command}, and never counts as a yes`, async () => {
        for ([status, body] of answers) {
          const file = join(directory.path, 'was-run');
          const words = [command, 'app', STORE, '--server', url, '--', 'touch', file];
          const own = command === 'run' ? words : words.slice(0, 5);
          const { code, stderr } = await runCommand(own);
          expect(code, body).to.equal(command === 'run' ? 125 : 6);
          expect(stderr, body).to.include(`${url} is no freno`);
          expect(existsSync(file), body).to.equal(false);
        }
      });
    }
  });

  describe('wait', () => {
    it('ends with 0 as soon as the answer is 200', async () => {
      await exceed();
      const waiting = startCommand(['wait', STORE], await environment());
      await asked(waiting);
      await cluster.fleet.change([{ server: 0, value: VALUE }]);
      const { code, stdout } = await waiting.ended;
      expect(code).to.equal(0);
      expect(stdout).to.include('go on (200)');
    });

    it('ends with the last answer after --timeout', async () => {
      await exceed();
      const words = ['wait', STORE, '--timeout', '700ms'];
      const { code, stdout, stderr } = await runCommand(words, await environment());
      expect({ code, stdout }).to.deep.equal({ code: 3, stdout: '' });
      expect(stderr).to.match(
        /may not write to mysql\/main within 0\.7 s: waits: lag on \S+ is 5 s, above 1 s/,
      );
    });

    it('ends for an unknown store', async () => {
      const { code } = await runCommand(['wait', 'nowhere'], await environment());
      expect(code).to.equal(4);
    });

    it('goes on through kill -9 of the leader, and ends with a yes alone', async () => {
      await exceed();
      const waiting = startCommand(['wait', STORE], await environment());
      await asked(waiting);
      const leader = await cluster.leader();
      leader.process.signal('SIGKILL');
      const next = await cluster.leader(cluster.others(leader));
      await until(async () => (await statusOf(next, `/check/app/mysql/${STORE}`)) === 429);
      await asked(waiting);
      expect(waiting.child.exitCode, waiting.stdout).to.equal(null);
      await cluster.fleet.change([{ server: 0, value: VALUE }]);
      const { code, stdout } = await waiting.ended;
      expect(code).to.equal(0);
      expect(stdout).to.include('go on (200)');
    });
  });

  describe('why', () => {
    it('says in a sentence why the app must wait, with the exit code of the check', async () => {
      await exceed();
      const { code, stdout } = await runCommand(['why', STORE], await environment());
      expect(code, stdout).to.equal(3);
      const [sentence, , titles, own] = stdout.split('\n');
      expect(sentence).to.match(new RegExp(`^mysql/${STORE}: waits: lag .*is 5 s`));
      expect(titles).to.match(/^METRIC +STATUS +VALUE +THRESHOLD +HOST +AGE +MODE$/);
      expect(own).to.match(/^lag +429 +5 s +1 s +\S+ +[\d.]+ s +enforce$/);
      const { stdout: json } = await runCommand(['why', STORE, '--json'], await environment());
      expect(JSON.parse(json)).to.include({ StatusCode: 429, Message: 'Threshold exceeded' });
    });
  });

  describe('run', () => {
    it('runs the command after a 200, with its exit code and its output', async () => {
      const words = ['run', STORE, '--', 'sh', '-c', 'echo "$0"; exit 7', '--', '--json'];
      const { code, stdout, stderr } = await runCommand(words, await environment());
      expect({ code, stdout, stderr }).to.deep.equal({ code: 7, stdout: '--\n', stderr: '' });
    });

    it('says why a command cannot be executed, also when the system says so at once', async () => {
      const words = ['run', STORE, '--', join(directory.path, 'no', 'such')];
      expect(await runCommand(words, await environment())).to.include({ code: 127 });
      const file = join(directory.path, 'file');
      writeFileSync(file, '');
      const outcome = await runCommand(['run', STORE, '--', join(file, 'x')], await environment());
      const stderr = `freno: ${file}/x: cannot be executed: not a directory\n`;
      expect(outcome).to.deep.equal({ code: 126, stdout: '', stderr });
    });

    it('gives the command its own environment, unchanged', async () => {
      const words = ['run', STORE, '--', 'sh', '-c', 'echo "[$UV_THREADPOOL_SIZE$RES_OPTIONS]"'];
      const { stdout } = await runCommand(words, await environment());
      expect(stdout).to.equal('[]\n');
    });

    it('does not run the command without a 200', async () => {
      const file = join(directory.path, 'was-run');
      await exceed();
      const late = ['run', STORE, '--timeout', '300ms', '--', 'touch', file];
      const denied = await runCommand(late, await environment());
      expect(denied.code).to.equal(124);
      expect(denied.stderr).to.include(
        'not run: archiver may not write to mysql/main within 0.3 s',
      );
      const unknown = await runCommand(
        ['run', 'nowhere', '--', 'touch', file],
        await environment(),
      );
      expect(unknown.code).to.equal(125);
      expect(existsSync(file)).to.equal(false);
    });

    it('reports a command that cannot be run, or is missing', async () => {
      const file = join(directory.path, 'no-program');
      writeFileSync(file, '');
      const given = await environment();
      expect((await runCommand(['run', STORE, '--', file], given)).code).to.equal(126);
      expect((await runCommand(['run', STORE, '--', `${file}-2`], given)).code).to.equal(127);
      const missing = await runCommand(['run', STORE], given);
      expect(missing.code).to.equal(125);
      expect(missing.stderr).to.include('no command: write it after --');
    });

    it('repeats the command until it prints nothing', async () => {
      const file = join(directory.path, 'batches');
      writeFileSync(file, '1\n2\n3\n');
      const batch = `head -n 1 ${file}; sed -i 1d ${file}`;
      const words = ['run', STORE, '--repeat', '--', 'sh', '-c', batch];
      const { code, stdout } = await runCommand(words, await environment());
      expect({ code, stdout }).to.deep.equal({ code: 0, stdout: '1\n2\n3\n' });
    });

    it('repeats the command until it fails, and exits with its code', async () => {
      const file = join(directory.path, 'runs');
      const batch = `echo run | tee -a ${file}; test $(wc -l < ${file}) -lt 3`;
      const words = ['run', STORE, '--repeat', '--pause', '10ms', '--', 'sh', '-c', batch];
      const { code } = await runCommand(words, await environment());
      expect(code).to.equal(1);
      expect(readFileSync(file, 'utf8')).to.equal('run\nrun\nrun\n');
    });

    for (const [signal, number] of [
      ['SIGTERM', 15],
      ['SIGINT', 2],
    ] as const) {
      it(`passes ${signal} to the command, waits for its end, and repeats it no more`, async () => {
        const name = signal.slice(3);
        const batch = `trap 'echo ending' ${name}; echo running; sleep 0.2 & wait; wait; exit 0`;
        const words = ['run', STORE, '--repeat', '--', 'sh', '-c', batch];
        const running = startCommand(words, await environment());
        await until(() => running.stdout.includes('running'));
        running.child.kill(signal);
        const { code, stdout } = await running.ended;
        expect(stdout).to.match(/running\nending\n$/);
        expect(code).to.equal(128 + number);
      });
    }

    it('ends on SIGTERM while it waits, and runs nothing', async () => {
      const file = join(directory.path, 'was-run');
      await exceed();
      const running = startCommand(['run', STORE, '--', 'touch', file], await environment());
      await asked(running);
      running.child.kill('SIGTERM');
      expect((await running.ended).code).to.equal(143);
      expect(existsSync(file)).to.equal(false);
    });

    it('goes on after kill -9 of the leader', async () => {
      const file = join(directory.path, 'stop');
      const batch = `test -e ${file} || echo batch`;
      const words = ['run', STORE, '--repeat', '--pause', '10ms', '--', 'sh', '-c', batch];
      const running = startCommand(words, await environment());
      await until(() => running.stdout.includes('batch'));
      const leader = await cluster.leader();
      leader.process.signal('SIGKILL');
      await leader.process.exited;
      const before = running.stdout.length;
      // At most the batch that was allowed before.
      await until(() => running.stdout.length > before + 2 * 'batch\n'.length);
      writeFileSync(file, '');
      expect((await running.ended).code).to.equal(0);
    });
  });

  /** Resolves when the waiting command has been answered at least once more by the leader. */
  async function asked(waiting: RunningCommand): Promise<void> {
    const leader = await cluster.leader();
    const count = async (): Promise<number> => checksOf(leader.port);
    const before = await count();
    await until(async () => (await count()) > before || waiting.child.exitCode !== null);
  }
});

/** How often the archiver has checked at this node. */
async function checksOf(port: number): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${port}/debug/vars`);
  const counts = (await response.json()) as Record<string, number>;
  return counts['check.archiver.total'] ?? 0;
}
