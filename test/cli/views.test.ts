/** The commands that show what happens, in pipes and on a terminal. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { stripVTControlCharacters } from 'node:util';
import { expect } from 'chai';
import { endingWithUs } from '../support/child.js';
import { STORE, statusOf, TestCluster } from '../support/cluster.js';
import {
  LAUNCHER,
  type ProgramOutcome,
  runCommand,
  startCommand,
} from '../support/freno-command.js';
import { needPrograms } from '../support/needs.js';
import { until } from '../support/until.js';

const ENTER_SCREEN = '\x1b[?1049h';
const LEAVE_SCREEN = '\x1b[?1049l';

describe('the commands that show what happens', () => {
  let cluster: TestCluster;
  let servers: string;

  before(async () => {
    cluster = await TestCluster.start(3);
    servers = cluster.nodes.map(({ url }) => url).join(',');
  });

  after(() => cluster?.stop());

  async function run(...words: readonly string[]): Promise<ProgramOutcome> {
    const outcome = await runCommand(words, { FRENO_SERVER: servers });
    expect(outcome, words.join(' ')).to.deep.include({ code: 0, stderr: '' });
    return outcome;
  }

  describe('status', () => {
    it('has nodes, stores and what is in force', async () => {
      await run('throttle', 'archiver', '--reason', 'restore first', '--owner', 'ada');
      const { stdout } = await run('status');
      await run('unthrottle', 'archiver');
      expect(stdout).to.match(/^NODE +ROLE +TERM +APPLIED +HEARD +VERSION +CONFIG +CLOCK\n/);
      expect(stdout.match(/ Leader /g)).to.have.length(1);
      expect(stdout.match(/ Follower .* same /g)).to.have.length(2);
      const [host] = cluster.fleet.hosts;
      expect(stdout)
        .to.match(/\nSTORE +VALUE +THRESHOLD +HOST +HOSTS +STATE\n/)
        .and.match(new RegExp(`\nmysql/${STORE} +0.25 s +1 s +${host} +1 +within\n`));
      expect(stdout).to.match(
        /\nthrottled +archiver, ratio 1, ends in 60 min, ada, restore first\n/,
      );
    });

    it('is one object with --json', async () => {
      const { stdout } = await run('status', '--json');
      const picture = JSON.parse(stdout);
      expect(picture.Cluster.Nodes).to.have.length(3);
      expect(picture).to.deep.include({ ThrottledApps: {}, SkippedHosts: {} });
    });

    it('names a server that does not respond, and shows what the others know', async () => {
      const leader = await cluster.leader();
      const [gone] = cluster.others(leader);
      await gone!.stop();
      await until(async () => /ECONNREFUSED|closed/.test((await run('status')).stdout));
      const { stdout } = await run('status');
      expect(stdout)
        .to.include(`${gone!.url} does not respond: `)
        .and.match(new RegExp(`\nmysql/${STORE} +0.25 s +1 s .* within\n`));
      await cluster.heal();
    });
  });

  describe('yield', () => {
    it('lets another node lead, whichever server is asked', async () => {
      const before = await cluster.leader();
      const { stdout } = await run('yield', '--reason', 'maintenance');
      expect(stdout).to.match(/^leadership handed over\n {2}leader: 127\.0\.0\.1:\d+\n$/);
      expect(await cluster.leader()).not.to.equal(before);
      await until(() => /"maintenance".*"leadership handed over"/.test(before.process.log));
    });

    it('is refused by a follower that is asked alone, which names the leader', async () => {
      const [follower] = cluster.others(await cluster.leader());
      const outcome = await runCommand(['yield', '--server', follower!.url]);
      expect(outcome.code).to.equal(1);
      expect(outcome.stderr).to.match(/this node does not lead: the leader is 127/);
    });
  });

  it('end quietly when their reader has gone', async () => {
    // The lead was handed over before.
    await (await cluster.leader()).process.waitFor(`/check/freno/mysql/${STORE}`, 200);
    const command = `"${process.execPath}" "${LAUNCHER}" watch ${STORE} | head -n 1`;
    const shell = endingWithUs(
      spawn('bash', ['-c', `${command}; echo "\${PIPESTATUS[0]}"`], {
        env: { ...process.env, FRENO_SERVER: servers },
      }),
    );
    let output = '';
    for (const stream of [shell.stdout, shell.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    }
    await once(shell, 'close');
    expect(output).to.match(/^\d\d:\d\d:\d\d {2}go on \(200\): value 0\.25, threshold 1\n141\n$/);
  });

  it('top prints one screen in a pipe, with the apps that check meanwhile', async () => {
    const leader = await cluster.leader();
    const top = startCommand(['top'], { FRENO_SERVER: servers });
    await until(async () => {
      await statusOf(leader, `/check/archiver/mysql/${STORE}`);
      return top.child.exitCode !== null;
    });
    const { stdout } = await top.ended;
    expect(stdout)
      .to.match(new RegExp(`\nmysql/${STORE} +0.25 s +1 s .* within `))
      .and.match(/; apps 1, checks [\d.]+\/s\n/)
      .and.match(/\narchiver +[\d.]+ +0 %\n/);
  });

  it('watch ends for an unknown store', async () => {
    const { code } = await runCommand(['watch', 'nowhere'], { FRENO_SERVER: servers });
    expect(code).to.equal(4);
  });

  describe('on a terminal', () => {
    before(function () {
      needPrograms(this, 'script');
    });

    const terminals: Terminal[] = [];

    afterEach(() => {
      for (const terminal of terminals.splice(0)) terminal.kill();
    });

    /** A command on a pseudo-terminal of 24 rows and 80 columns. */
    class Terminal {
      output = '';
      readonly #child;
      readonly ended: Promise<unknown[]>;

      constructor(words: string) {
        const command = `stty rows 24 cols 80; "${process.execPath}" "${LAUNCHER}" ${words}`;
        this.#child = endingWithUs(
          spawn('script', ['-qec', command, '/dev/null'], {
            env: { ...process.env, FRENO_SERVER: servers, TERM: 'xterm', NO_COLOR: '' },
          }),
        );
        terminals.push(this);
        this.ended = once(this.#child, 'close');
        this.#child.stdout.setEncoding('utf8').on('data', (text: string) => {
          this.output += text;
        });
      }

      /** The frames that were drawn, without colours. */
      get frames(): string[] {
        return this.output.split('\x1b[H').slice(1).map(stripVTControlCharacters);
      }

      kill(): void {
        this.#child.kill();
      }

      type(keys: string): void {
        this.#child.stdin.write(keys);
      }
    }

    it('top draws stores and apps again and again, and leaves the terminal as it was', async () => {
      const terminal = new Terminal('top');
      const leader = await cluster.leader();
      await until(async () => {
        await statusOf(leader, `/check/archiver/mysql/${STORE}`);
        return terminal.frames.some((frame) => /\narchiver +[\d.]+ +0 %/.test(frame));
      });
      const last = terminal.frames.at(-1)!;
      expect(last.split('\n').every((line) => line.trimEnd().length <= 80)).to.equal(true);
      expect(last).to.match(new RegExp(`\nmysql/${STORE} +0.25 s +1 s .* within +[▁-█]{2,}`));
      expect(terminal.output).to.include(ENTER_SCREEN).and.include('\x1b[32mwithin');
      terminal.type('q');
      expect((await terminal.ended)[0]).to.equal(0);
      expect(terminal.output.trimEnd().endsWith(LEAVE_SCREEN)).to.equal(true);
    });

    it('watch says that it has no data while no server responds, and goes on after', async () => {
      const terminal = new Terminal(`watch ${STORE}`);
      await until(() => terminal.frames.some((frame) => frame.includes('go on (200)')));
      for (const node of cluster.nodes) node.process.signal('SIGKILL');
      const isWithoutData = (frame: string): boolean => frame.includes('no data now: ');
      await until(() => terminal.frames.filter(isWithoutData).length >= 4);
      await cluster.heal();
      await until(() => terminal.frames.at(-1)?.includes('go on (200)'));
      // The plot has a value on both sides of the gap some frames later, at the latest.
      await until(() => /█ +█/.test(terminal.frames.at(-1) ?? ''));
      terminal.type('\x03');
      expect((await terminal.ended)[0]).to.equal(0);
    });
  });
});
