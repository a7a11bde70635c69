/** Tokens on real nodes: a follower judges the caller, and passes the caller on to the leader. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { FrenoNode } from '../../src/demo/freno-node.js';
import { TemporaryDirectory } from '../../src/demo/temporary.js';
import { STORE, TestCluster } from '../support/cluster.js';
import { runCommand } from '../support/freno-command.js';
import { fetchJson, fetchOnce } from '../support/http-client.js';
import { until } from '../support/until.js';

interface CreatedToken {
  readonly Token: string;
  readonly Entry: object;
}

async function createToken(name: string, ...options: readonly string[]): Promise<CreatedToken> {
  const { stdout } = await runCommand(['token', 'create', name, ...options, '--json']);
  return JSON.parse(stdout);
}

type AuditLine = Readonly<Record<string, unknown>>;

function auditOf(node: FrenoNode): AuditLine[] {
  return node.process.logLines
    .map((line) => JSON.parse(line) as AuditLine)
    .filter(({ audit }) => audit === true);
}

describe('a cluster with tokens', () => {
  const directory = new TemporaryDirectory();
  let cluster: TestCluster;
  let follower: FrenoNode;
  let leader: FrenoNode;
  let team: CreatedToken;
  let dba: CreatedToken;

  before(async () => {
    team = await createToken('team', '--role', 'check', 'control', '--app', 'archiver-*');
    dba = await createToken('dba', '--role', 'control', 'admin');
    const Tokens = [team.Entry, dba.Entry];
    cluster = await TestCluster.start(2, { Access: { Anonymous: ['read'], Tokens } });
    leader = await cluster.leader();
    [follower] = cluster.others(leader) as [FrenoNode];
    await cluster.joined(follower);
  });

  after(async () => {
    await cluster?.stop();
    directory.remove();
  });

  function ask(
    node: FrenoNode,
    path: string,
    { Token }: CreatedToken,
  ): ReturnType<typeof fetchOnce> {
    return fetchOnce(node.port, path, { headers: { Authorization: `Bearer ${Token}` } });
  }

  it('lets a team control and check its own apps alone, through any node', async () => {
    expect(
      (await ask(follower, '/throttle-app/archiver-1/ttl/5?reason=deploy', team)).status,
    ).to.equal(200);
    expect((await ask(leader, `/check/archiver-1/mysql/${STORE}`, team)).status).to.equal(417);
    expect((await ask(leader, `/check/archiver-2/mysql/${STORE}`, team)).status).to.equal(200);
    expect((await ask(leader, `/check/other/mysql/${STORE}`, team)).status).to.equal(403);
    expect((await ask(follower, '/throttle-app/other', team)).status).to.equal(403);
    expect((await fetchOnce(follower.port, '/throttle-app/archiver-1')).status).to.equal(401);
    expect((await fetchOnce(leader.port, `/check/a/mysql/${STORE}`)).status).to.equal(401);
  });

  it('has each control request in the audit log of the node that was asked', async () => {
    const through = follower.configuration.RaftBind;
    await until(() => auditOf(follower).length >= 3);
    const [done, forbidden, anonymous] = auditOf(follower);
    expect(done).to.include({
      ...{ msg: 'app throttled', outcome: 'done', caller: 'token team', client: '127.0.0.1' },
      ...{ node: through, command: 'throttleApp', app: 'archiver-1', reason: 'deploy' },
    });
    expect(Date.parse(String(done!.until)) - Date.parse(String(done!.time))).to.be.within(
      290_000,
      301_000,
    );
    const refused = { msg: 'command refused', outcome: 'refused', node: through };
    expect(forbidden).to.include({ ...refused, caller: 'token team', status: 403 });
    expect(anonymous).to.include({ ...refused, client: '127.0.0.1', status: 401 });
    expect(anonymous).to.not.have.property('caller');
    expect(auditOf(leader)).to.deep.equal([]);
  });

  it('has the caller and the node in the events of every node', async () => {
    for (const { port } of cluster.nodes) {
      const events = (await fetchJson(port, '/events')) as AuditLine[];
      expect(events.find(({ Text }) => String(Text).startsWith('app throttled'))).to.include({
        ...{ Kind: 'command', Caller: 'token team', Node: follower.configuration.RaftBind },
      });
    }
    const events = (await fetchJson(follower.port, '/events')) as AuditLine[];
    expect(
      events.filter(({ Kind }) => Kind === 'refused').map(({ Status }) => Status),
    ).to.include.members([403, 401]);
  });

  it('hands leadership over for an admin alone', async () => {
    expect((await ask(leader, '/raft/yield', team)).status).to.equal(403);
    expect((await ask(leader, '/raft/yield', dba)).status).to.equal(200);
    await until(() => auditOf(leader).some(({ msg }) => msg === 'leadership handed over'));
    expect(auditOf(leader).at(-1)).to.include({ caller: 'token dba', outcome: 'done' });
  });

  it('are asked by commands with the token of a file or of the environment', async () => {
    const file = join(directory.path, 'token');
    writeFileSync(file, `${team.Token}\n`, { mode: 0o600 });
    const server = ['--server', cluster.nodes.map(({ url }) => url).join()];
    const fromFile = [...server, '--token-file', file];
    const check = (app: string) => runCommand(['check', app, STORE, ...fromFile]);
    expect(await check('archiver-2')).to.include({ code: 0, stderr: '' });
    const forbidden = await check('other');
    expect(forbidden).to.include({ code: 1, stdout: '' });
    expect(forbidden.stderr).to.contain('token team does not have the role "check" for this app');
    const words = ['throttle', 'archiver-3', ...server];
    const throttled = await runCommand(words, { FRENO_TOKEN: team.Token });
    expect(throttled).to.include({ code: 0, stderr: '' });
    const anonymous = await runCommand(words);
    expect(anonymous.code).to.equal(1);
    expect(anonymous.stderr).to.contain('the role "control"');
    const malformed = await runCommand(words, { FRENO_TOKEN: 'two words' });
    expect(malformed).to.include({ code: 2 });
    expect(malformed.stderr).to.not.contain('two words');
  });

  it('names an unknown token by its client, and never shows a token', async () => {
    const wrong = { ...team, Token: `${team.Token}x` };
    expect((await ask(follower, '/throttle-app/archiver-1', wrong)).status).to.equal(401);
    await until(() => auditOf(follower).some(({ msg }) => msg === 'unknown token'));
    const shown = [cluster.log()];
    for (const { port } of cluster.nodes) {
      for (const path of ['/metrics', '/debug/vars', '/events', '/cluster', '/recent-apps']) {
        shown.push((await fetchOnce(port, path)).body);
      }
    }
    // Nor a part of one, with which the rest could be searched for.
    for (const { Token } of [team, dba])
      expect(shown.join('\n')).to.not.contain(Token.slice(6, 14));
  });
});
