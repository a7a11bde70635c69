/** The commands for operators, as processes against a real node. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { userInfo } from 'node:os';
import { expect } from 'chai';
import { STORE, TestCluster } from '../support/cluster.js';
import { type ProgramOutcome, runCommand } from '../support/freno-command.js';
import { fetchJson } from '../support/http-client.js';

/** What a leader answers while a node of an earlier release is a member. */
const NOT_READ = '{"StatusCode":501,"Message":"b:1: an earlier release that does not know it"}';

interface EntryBody {
  readonly Ratio: number;
  readonly ExpireAt: string;
}

describe('the commands for operators', () => {
  let cluster: TestCluster;
  let url: string;

  before(async () => {
    cluster = await TestCluster.start(1);
    ({ url } = cluster.nodes[0]!);
  });

  after(() => cluster?.stop());

  /** Runs a command against the node, and requires that it succeeds. */
  async function run(...words: readonly string[]): Promise<ProgramOutcome> {
    const outcome = await runCommand(words, { FRENO_SERVER: url, SUDO_USER: '' });
    expect(outcome, words.join(' ')).to.deep.include({ code: 0, stderr: '' });
    return outcome;
  }

  const list = (path: string): Promise<unknown> => fetchJson(cluster.nodes[0]!.port, path);

  it('throttle, list and unthrottle an app', async () => {
    const { stdout } = await run('throttle', 'archiver', '--ttl', '2h', '--ratio', '0.8');
    expect(stdout).to.match(
      /^archiver throttled: ratio 0\.8, on every store, until .* \(in 2 h\)\n {2}app seen: no\n$/,
    );
    const { archiver } = (await list('/throttled-apps')) as Record<string, Record<string, unknown>>;
    expect(archiver).to.include({ Ratio: 0.8 });
    const minutes = (Date.parse(String(archiver!.ExpireAt)) - Date.now()) / 60_000;
    expect(minutes).to.be.within(118, 121);
    const { stdout: table } = await run('throttled');
    expect(table).to.match(/^APP +RATIO +ENDS +OWNER +REASON\narchiver +0\.8 +in 120 min /);
    expect((await run('unthrottle', 'archiver')).stdout).to.match(
      /^archiver no longer throttled\n/,
    );
    expect((await run('throttled')).stdout).to.equal('no app is throttled\n');
  });

  it('throttle an app wholly and for an hour, whatever its throttle was before', async () => {
    const entry = async (): Promise<{ readonly Ratio: number; readonly minutesLeft: number }> => {
      const { archiver } = (await list('/throttled-apps')) as Record<string, EntryBody>;
      const { Ratio, ExpireAt } = archiver!;
      return { Ratio, minutesLeft: Math.ceil((Date.parse(ExpireAt) - Date.now()) / 60_000) };
    };
    await list('/throttle-app/archiver/ttl/0/ratio/0.5');
    const { stdout } = await run('throttle', 'archiver', '--ttl', '30m');
    expect(stdout).to.match(/^archiver throttled: ratio 1, .* \(in 30 min\)\n/);
    expect(await entry()).to.deep.equal({ Ratio: 1, minutesLeft: 30 });
    await run('throttle', 'archiver', '--ratio', '0.5');
    expect(await entry()).to.deep.equal({ Ratio: 0.5, minutesLeft: 60 });
    await list('/unthrottle-app/archiver');
  });

  it('say that a time was rounded up to whole minutes, and send those', async () => {
    const words = ['skip', 'db7', '--ttl', '90s'];
    const { stdout, stderr } = await runCommand(words, { FRENO_SERVER: url });
    expect(stdout).to.match(/^db7 skipped until .*\(in 2 min\)\n/);
    expect(stderr).to.equal(
      'freno: --ttl 90s: rounded up to 2 minutes, as freno counts whole ones\n',
    );
    const { db7 } = (await list('/skipped-hosts')) as Record<string, EntryBody>;
    expect(Date.parse(db7!.ExpireAt) - Date.now()).to.be.within(100_000, 120_500);
    // The server takes no time for an hour, as the answer says.
    expect((await run('skip', 'db7', '--ttl', '0')).stdout).to.match(/ \(in 60 min\)\n/);
    await list('/recover-host/db7');
  });

  it('say that there was nothing to end', async () => {
    const nothing: ReadonlyArray<readonly [words: readonly string[], said: string]> = [
      [['unthrottle', 'typo'], 'typo was not throttled'],
      [['unthrottle', 'typo', '--store', STORE], `typo was not throttled on mysql/${STORE}`],
      [['unexempt', 'typo'], 'typo was not exempted'],
      [['recover', 'zzz'], 'zzz was not skipped'],
      [
        ['threshold', 'reset', STORE],
        `threshold of mysql/${STORE} was not set: it is as configured`,
      ],
    ];
    const outcomes = await Promise.all(nothing.map(([words]) => run(...words)));
    expect(outcomes.map(({ stdout }) => stdout)).to.deep.equal(
      nothing.map(([, said]) => `${said}, so nothing has changed\n`),
    );
  });

  it('throttle an app on one store, and without an end', async () => {
    const words = ['throttle', 'app with spaces', '--store', `mysql/${STORE}`, '--ttl', '0'];
    expect((await run(...words)).stdout).to.match(
      new RegExp(
        `^app with spaces throttled: ratio 1, on mysql/${STORE}, until it is lifted\n` +
          '.*\n {2}store configured: yes\n$',
      ),
    );
    const { stdout } = await run('throttled');
    expect(stdout).to.match(new RegExp(`\napp with spaces/${STORE} +1 +never `));
    await run('unthrottle', 'app with spaces', '--store', STORE);
    expect(await list('/throttled-apps')).to.deep.equal({});
  });

  it('skip, list and recover a host', async () => {
    expect((await run('skip', 'db7:3307', '--ttl', '5')).stdout).to.match(
      /^db7:3307 skipped until .* \(in 5 min\)\n/,
    );
    expect((await run('skipped')).stdout).to.match(/^HOST +ENDS .*\ndb7:3307 +in 5 min /);
    await run('recover', 'db7:3307');
    expect((await run('skipped')).stdout).to.equal('no host is skipped\n');
  });

  it('say that no store lists a skipped host, and which one may be meant', async () => {
    const { stdout } = await run('skip', '127.0.0.11');
    expect(stdout).to.match(/\n {2}no store lists this host: did you mean 127\.0\.0\.1\?\n$/);
    expect((await run('skip', 'elsewhere')).stdout).to.match(/\n {2}no store lists this host\n$/);
    for (const host of ['127.0.0.11', 'elsewhere']) await run('recover', host);
  });

  it('exempt an app, list and end its exemption', async () => {
    const note = ['--owner', 'ada', '--reason', 'restore first'];
    expect((await run('exempt', 'archiver', '--ttl', '2m', ...note)).stdout).to.match(
      /^archiver exempted: on every store, until .* \(in 2 min\)\n/,
    );
    expect((await run('exempted')).stdout).to.match(
      /^APP +ENDS +OWNER +REASON\narchiver +in (?:1[12]\d s|2 min) +ada +restore first\n$/,
    );
    expect((await run('unexempt', 'archiver')).stdout).to.include('entries: 1');
    expect((await run('exempted')).stdout).to.equal('no app is exempted\n');
  });

  it('set, list and reset a threshold', async () => {
    const set = await run('threshold', 'set', STORE, '2.5', '--ttl', '30', '--owner', 'ada');
    expect(set.stdout).to.match(
      new RegExp(`^threshold of mysql/${STORE} set to 2\\.5 until .* \\(in 30 min\\)\n`),
    );
    const { stdout } = await run('threshold', 'list');
    expect(stdout).to.match(new RegExp(`\nmysql/${STORE} +2\\.5 s +in 30 min +ada +-\n$`));
    expect((await run('status')).stdout).to.include(`mysql/${STORE}, threshold 2.5 s, ends in`);
    await run('threshold', 'reset', STORE);
    expect((await run('threshold', 'list')).stdout).to.equal('no threshold is set\n');
    const unknown = await runCommand(['threshold', 'set', 'nowhere', '1'], { FRENO_SERVER: url });
    expect(unknown.code).to.equal(4);
    expect(unknown.stderr).to.include('nowhere');
  });

  it('print the answer of the server with --json', async () => {
    const { stdout } = await run('throttle', 'archiver', '--json');
    expect(JSON.parse(stdout)).to.include({ StatusCode: 200, Message: 'OK' });
    expect(Object.keys(JSON.parse((await run('throttled', '--json')).stdout))).to.deep.equal([
      'archiver',
    ]);
    await run('unthrottle', 'archiver');
  });

  it('report what the server refuses, with its words, and exit with 2', async () => {
    const words = ['throttle', 'archiver', '--ratio', '2'];
    const { code, stdout, stderr } = await runCommand(words, { FRENO_SERVER: url });
    expect({ code, stdout }).to.deep.equal({ code: 2, stdout: '' });
    expect(stderr).to.match(/^freno: http:.*ratio.*\n$/i);
    expect(await list('/throttled-apps')).to.deep.equal({});
  });

  it('list the apps that checked recently, without their control characters', async () => {
    const app = `evil\x1b[2J`;
    await runCommand(['check', app, STORE], { FRENO_SERVER: url });
    const { stdout } = await run('recent');
    expect(stdout).to.include('evil\\x1b[2J ').and.not.include('\x1b');
    expect(stdout).to.match(/^APP +CLIENT +LAST CHECK +AGO\n/);
  });

  it('complete names that the node knows', async () => {
    expect((await run('names', 'stores')).stdout).to.equal(`${STORE}\n`);
    expect((await run('names', 'hosts')).stdout).to.equal(`${cluster.fleet.hosts[0]}\n`);
    expect((await run('names', 'apps')).stdout).to.include('evil');
  });

  describe('on another server', () => {
    const asked: Array<{ method: string; path: string }> = [];
    let server: Server;
    let base: string;
    let helpBody = '["/check/:app/:storeType/:storeName"]';

    before(async () => {
      server = createServer((request, response) => {
        asked.push({ method: request.method!, path: request.url! });
        if (request.url === '/help') response.end(helpBody);
        else if (/^\/recover.*owner=/.test(request.url!)) response.writeHead(501).end(NOT_READ);
        else if (/^\/(?:skip|recover)/.test(request.url!))
          response.end('{"StatusCode":200,"Message":"OK"}');
        else response.writeHead(404).end('404 page not found\n');
      });
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    });

    after(() => server?.close());

    it('say that an older freno does not have what is asked', async () => {
      for (const command of [['exempt', 'app'], ['threshold', 'list'], ['events']]) {
        const { code, stderr } = await runCommand(command, { FRENO_SERVER: base });
        expect(code, command[0]).to.equal(1);
        expect(stderr).to.match(/^freno: .* has no \/.*: its freno is older than this client\n$/);
      }
    });

    it('say that another program is no freno, although it has the same 404', async () => {
      helpBody = 'help yourself';
      const { code, stderr } = await runCommand(['exempt', 'app'], { FRENO_SERVER: base });
      expect(code).to.equal(6);
      expect(stderr).to.include('is no freno');
    });

    it('send reason and owner, by default the login name', async () => {
      const { username } = userInfo();
      for (const [environment, words, owner] of [
        [{ SUDO_USER: '' }, [], username],
        [{ SUDO_USER: 'ada' }, [], 'ada'],
        [{ SUDO_USER: 'ada' }, ['--owner', 'team & co'], 'team & co'],
      ] as const) {
        asked.length = 0;
        const command = ['skip', 'db7', '--reason', 'disk = full', ...words];
        await runCommand(command, { ...environment, FRENO_SERVER: base });
        const [request] = asked;
        expect(request!.method).to.equal('POST');
        const { searchParams } = new URL(request!.path, base);
        expect(Object.fromEntries(searchParams)).to.deep.equal({
          reason: 'disk = full',
          owner,
        });
      }
    });

    it('go without the login name where the cluster cannot keep an owner yet', async () => {
      asked.length = 0;
      const { code } = await runCommand(['recover', 'db7'], { FRENO_SERVER: base });
      expect(code).to.equal(0);
      expect(asked.map(({ path }) => path.includes('owner='))).to.deep.equal([true, false]);
      const words = ['recover', 'db7', '--owner', 'ada'];
      const { code: refused, stderr } = await runCommand(words, { FRENO_SERVER: base });
      expect(refused).to.equal(1);
      expect(stderr).to.include('an earlier release');
    });

    it('keep a path before theirs', async () => {
      asked.length = 0;
      await runCommand(['check', 'app', STORE, '--server', `${base}/behind/`], {});
      expect(asked[0]!.path).to.equal(`/behind/check/app/mysql/${STORE}`);
    });
  });
});
