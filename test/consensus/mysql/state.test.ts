/** The operators' commands in the tables of a real database, shared with the original. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import {
  type CommandEffect,
  NO_EXPIRY,
  type OperatorCommand,
  type ThrottleApp,
} from '../../../src/throttle/commands.js';
import { ThrottleState } from '../../../src/throttle/state.js';
import { failureOf } from '../../support/failure.js';
import { SeededRandom } from '../../support/random.js';
import { Backend, SHORT_TIMEOUTS } from './backend.js';
import { type BackendTestNode, liveApps } from './node.js';
import { randomCommand } from './random-command.js';

const MINUTE_MS = 60_000;

interface StoredAppRow {
  readonly app_name: string;
  readonly ttl: number | null;
  readonly ratio: number | null;
}

describe('the state in the MySQL backend', () => {
  const backend = new Backend();
  let node: BackendTestNode;

  before(function () {
    return backend.create(this);
  });
  beforeEach(async () => {
    await backend.reset();
    node = backend.node('a:1');
    await node.consensus.start();
  });
  afterEach(() => backend.stopNodes());
  after(() => backend.remove());

  const submit = (command: Omit<ThrottleApp, 'kind' | 'atMs'>): Promise<CommandEffect> =>
    node.consensus.submit({ kind: 'throttleApp', atMs: Date.now(), ...command });
  const unthrottle = (key: string, everyStore: boolean): Promise<CommandEffect> =>
    node.consensus.submit({ kind: 'unthrottleApp', atMs: Date.now(), key, everyStore });
  const inMinutes = (minutes: number): number => Date.now() + minutes * MINUTE_MS;
  const rows = (): Promise<StoredAppRow[]> =>
    backend.server.run<StoredAppRow>(
      `SELECT app_name, timestampdiff(second, now(), expires_at) AS ttl, ratio
        FROM throttled_apps ORDER BY app_name`,
    );
  /** Writes a row as a node of the original, or an operator, does. */
  const write = (name: string, expiry: string, ratio: string): Promise<unknown> =>
    backend.server.run(
      `REPLACE INTO throttled_apps (app_name, throttled_at, expires_at, ratio)
        VALUES ('${name}', now(), ${expiry}, ${ratio})`,
    );

  it('keeps the ratio when only a TTL is given, and the TTL when only a ratio is', async () => {
    await submit({ key: 'x' });
    expect(node.apps().x!.ttl).to.be.within(3_590, 3_600);
    expect(node.apps().x!.ratio).to.equal(1);
    await submit({ key: 'x', ratio: 0.3 });
    await submit({ key: 'x', expireAtMs: inMinutes(10) });
    expect(node.apps().x!.ratio).to.equal(0.3);
    expect(node.apps().x!.ttl).to.be.within(590, 600);
    await submit({ key: 'x', ratio: 0.7 });
    expect(node.apps().x!.ttl).to.be.within(590, 600);
    const [row] = await rows();
    expect(row!.ratio).to.equal(0.7);
  });

  it('stores a TTL of 0 as no expiry, which a ratio alone keeps', async () => {
    await submit({ key: 'x', expireAtMs: NO_EXPIRY });
    await submit({ key: 'x', ratio: 0.5 });
    expect(node.apps()).to.deep.equal({ x: { ttl: null, ratio: 0.5 } });
    expect(await rows()).to.deep.equal([{ app_name: 'x', ttl: null, ratio: 0.5 }]);
  });

  it('treats a lifted or expired entry as new', async () => {
    await submit({ key: 'x', expireAtMs: inMinutes(10), ratio: 0.2 });
    await unthrottle('x', false);
    expect(node.apps()).to.deep.equal({});
    await submit({ key: 'x', expireAtMs: inMinutes(5) });
    expect(node.apps().x!.ratio).to.equal(1);
    await unthrottle('x', false);
    await submit({ key: 'x', ratio: 0.4 });
    expect(node.apps().x!.ttl).to.be.within(3_590, 3_600);
  });

  it('lifts an entry by expiring its row, which a node of the original still finds', async () => {
    await submit({ key: 'x' });
    await submit({ key: 'x/main1' });
    await submit({ key: 'xy/main1' });
    await unthrottle('x', true);
    expect(Object.keys(node.apps())).to.deep.equal(['xy/main1']);
    const stored = await rows();
    expect(stored.map(({ app_name }) => app_name)).to.deep.equal(['x', 'x/main1', 'xy/main1']);
    expect(stored.map(({ ttl }) => ttl! <= 0)).to.deep.equal([true, true, false]);
  });

  it('lifts an entry that this node has not read yet', async () => {
    await write('go-app', 'now() + INTERVAL 60 MINUTE', '1');
    await write('go-app/main1', 'now() + INTERVAL 60 MINUTE', '1');
    await unthrottle('go-app', true);
    expect(node.apps()).to.deep.equal({});
    expect((await rows()).every(({ ttl }) => ttl! <= 0)).to.equal(true);
  });

  it('treats %, _ and | in names literally', async () => {
    const names = ['a%', 'a%/s', 'a_', 'a_/s', 'a|', 'a|/s', 'axy/s', "a'; --", 'a\\', 'a\\/s'];
    for (const key of names) await submit({ key });
    expect(Object.keys(node.apps())).to.deep.equal([...names].sort());
    for (const key of ['a%', 'a_', 'a|', 'a\\']) await unthrottle(key, true);
    expect(Object.keys(node.apps())).to.deep.equal(["a'; --", 'axy/s']);
  });

  it('reads rows without a ratio, as the original writes them, as ratio 1', async () => {
    await write('null', 'now() + INTERVAL 60 MINUTE', 'NULL');
    await write('minus', 'now() + INTERVAL 60 MINUTE', '-1');
    await node.consensus.readBarrier();
    expect(Object.values(node.apps()).map(({ ratio }) => ratio)).to.deep.equal([1, 1]);
    await submit({ key: 'minus', expireAtMs: inMinutes(1) });
    await submit({ key: 'null', expireAtMs: inMinutes(1) });
    expect((await rows()).map(({ ratio }) => ratio)).to.deep.equal([1, 1]);
  });

  it('leaves out a row that no node writes, and reads the others', async () => {
    await write('', 'now() + INTERVAL 60 MINUTE', '1');
    await write('batch', 'now() + INTERVAL 60 MINUTE', '1');
    await node.consensus.readBarrier();
    expect(Object.keys(node.apps())).to.deep.equal(['batch']);
  });

  it('treats a row as expired in the second of its expiry', async () => {
    await backend.server.run(
      'SET @second = now()',
      `INSERT INTO throttled_apps (app_name, throttled_at, expires_at, ratio)
        VALUES ('x', @second, @second, 0.1)`,
    );
    await node.consensus.readBarrier();
    expect(node.apps()).to.deep.equal({});
    await submit({ key: 'x', ratio: 0.5 });
    expect(node.apps().x!.ttl).to.be.within(3_590, 3_600);
  });

  it('drops an entry when it expires by the clock of the database', async () => {
    await write('x', 'now() + INTERVAL 3 SECOND', '1');
    await node.until(() => 'x' in node.apps());
    const { restores } = node;
    await node.until(() => node.restores > restores);
    expect(node.apps()).to.deep.equal({});
  });

  it('stores a negative TTL as an expired entry', async () => {
    await submit({ key: 'x', expireAtMs: Date.now() - MINUTE_MS });
    expect(node.apps()).to.deep.equal({});
    const [row] = await rows();
    expect(row!.ttl).to.be.within(-30, 0);
  });

  it('stores a TTL beyond the range of the column as no expiry', async () => {
    await submit({ key: 'x', expireAtMs: inMinutes(60 * 24 * 365 * 500) });
    expect(node.apps().x!.ttl).to.equal(null);
  });

  it('skips a host until its expiry, and recovers it by expiring its row', async () => {
    const atMs = Date.now();
    await node.consensus.submit({
      kind: 'skipHost',
      atMs,
      host: 'h1',
      expireAtMs: atMs + MINUTE_MS,
    });
    expect(node.hosts()).to.deep.equal(['h1']);
    await node.consensus.submit({ kind: 'recoverHost', atMs: Date.now(), host: 'h1' });
    expect(node.hosts()).to.deep.equal([]);
    const left = await backend.server.run('SELECT host_name FROM skipped_hosts');
    expect(left).to.deep.equal([{ host_name: 'h1' }]);
  });

  it('treats host names that differ in case as one', async () => {
    const atMs = Date.now();
    const expireAtMs = atMs + MINUTE_MS;
    await node.consensus.submit({ kind: 'skipHost', atMs, host: 'DB1', expireAtMs });
    await node.consensus.submit({ kind: 'skipHost', atMs, host: 'Db1', expireAtMs });
    expect(node.hosts()).to.deep.equal(['Db1']);
    await node.consensus.submit({ kind: 'recoverHost', atMs: Date.now(), host: 'db1' });
    expect(node.hosts()).to.deep.equal([]);
  });

  it('takes commands at any node, and the leader reads them', async () => {
    const follower = backend.node('b:1');
    await follower.consensus.start();
    const atMs = Date.now();
    await follower.consensus.submit({ kind: 'throttleApp', atMs, key: 'x', ratio: 0.5 });
    await follower.consensus.submit({
      kind: 'skipHost',
      atMs,
      host: 'h1',
      expireAtMs: atMs + MINUTE_MS,
    });
    expect(follower.apps().x!.ratio).to.equal(0.5);
    await node.until(() => 'x' in node.apps() && node.hosts().includes('h1'));
    await follower.consensus.submit({ kind: 'throttleApp', atMs, key: 'y' });
    await node.consensus.readBarrier();
    expect(Object.keys(node.apps())).to.deep.equal(['x', 'y']);
  });

  it('reads entries that the original writes and lifts', async () => {
    await write('go', 'now() + INTERVAL 10 MINUTE', '0.25');
    await node.until(() => node.apps().go?.ratio === 0.25);
    await backend.server.run("UPDATE throttled_apps SET expires_at = now() WHERE app_name = 'go'");
    await node.until(() => !('go' in node.apps()));
  });

  it('updates the threads only when something has changed', async () => {
    await submit({ key: 'x' });
    const { restores } = node;
    await sleep(5 * SHORT_TIMEOUTS.stateIntervalMs);
    await node.consensus.readBarrier();
    expect(node.restores).to.equal(restores);
  });

  it('applies random commands like the replicated state', async () => {
    const model = new ThrottleState();
    const random = new SeededRandom(20_240_607);
    for (let step = 0; step < 150; step++) {
      const command = randomCommand(random);
      model.apply(command);
      await node.consensus.submit(command);
      const expected = liveApps(model);
      expect(Object.keys(node.apps()), describeStep(step, command)).to.deep.equal(
        Object.keys(expected),
      );
      for (const [key, { ttl, ratio }] of Object.entries(node.apps())) {
        expect(ratio, describeStep(step, command)).to.equal(expected[key]!.ratio);
        if (ttl === null) expect(expected[key]!.ttl, describeStep(step, command)).to.equal(null);
        else expect(ttl, describeStep(step, command)).to.be.closeTo(expected[key]!.ttl!, 2);
      }
      expect(node.hosts()).to.deep.equal(model.skippedHosts(Date.now()).map(([host]) => host));
    }
  });

  it('keeps expiries correct when the clock of the node is wrong or is set', async () => {
    const realNow = Date.now;
    try {
      Date.now = () => realNow() - 7 * 3_600_000;
      const skewed = backend.node('b:1');
      await skewed.consensus.start();
      await skewed.consensus.submit({ kind: 'throttleApp', atMs: Date.now(), key: 'x' });
      expect(skewed.apps().x!.ttl).to.be.within(3_590, 3_600);
      expect((await rows())[0]!.ttl).to.be.within(3_590, 3_600);
      Date.now = realNow;
      await skewed.until(() => skewed.apps().x?.ttl !== undefined && skewed.apps().x!.ttl! > 3_500);
      await node.consensus.readBarrier();
      expect(node.apps().x!.ttl).to.be.within(3_590, 3_600);
    } finally {
      Date.now = realNow;
    }
  });

  it('refuses a name that is too long, and changes nothing', async () => {
    const failure = await failureOf(submit({ key: 'x'.repeat(129) }));
    expect(failure.code).to.equal('BAD_REQUEST');
    expect(await rows()).to.deep.equal([]);
  });

  /** Replaces the node with one that leads and has short time-outs. */
  async function startWithShortTimeouts(): Promise<void> {
    await node.consensus.stop();
    node = backend.node('a:1', { times: SHORT_TIMEOUTS });
    await node.consensus.start();
  }

  it('reports an unknown outcome when the backend is frozen, then no change', async () => {
    await startWithShortTimeouts();
    await backend.server.freeze();
    try {
      const hung = await failureOf(submit({ key: 'x' }));
      expect(hung.code).to.equal('OUTCOME_UNKNOWN');
      expect(hung.message).to.match(/^MySQL backend: .*the outcome is unknown/);
      const gone = await failureOf(submit({ key: 'y' }));
      expect(gone.code).to.equal('NO_LEADER');
      expect(gone.message).to.match(/^MySQL backend: .*nothing was changed/);
    } finally {
      backend.server.thaw();
    }
    await node.until(() => node.acts);
  });

  it('keeps leading while the table throttled_apps is locked', async () => {
    await startWithShortTimeouts();
    await backend.server.run('LOCK TABLES throttled_apps WRITE');
    const locked = await failureOf(submit({ key: 'x' }));
    expect(locked.code).to.equal('OUTCOME_UNKNOWN');
    const { leaseUntilMs } = node;
    await node.until(() => node.leaseUntilMs > leaseUntilMs + 1_000);
    await backend.server.run('UNLOCK TABLES');
    expect(node.promotions.length).to.equal(1);
  });

  it('refuses a command that has waited too long, and one beyond the queue', async () => {
    await backend.server.run('LOCK TABLES throttled_apps WRITE');
    // Each statement waits a second for the lock, one after the other.
    const refusals = Array.from({ length: 1_002 }, () => failureOf(submit({ key: 'x' })));
    expect(await refusals.at(-1)).to.include({
      code: 'OVERLOADED',
      message: 'MySQL backend: too many requests wait',
    });
    expect(await refusals.at(-2)).to.include({
      code: 'OVERLOADED',
      message: 'MySQL backend: too slow; nothing was changed',
    });
    await backend.server.run('UNLOCK TABLES');
  });

  it('updates the threads again when an update failed', async () => {
    const replace = node.replace.bind(node);
    node.replace = () => Promise.reject(new Error('a thread is gone'));
    expect(await failureOf(submit({ key: 'x' }))).to.include({ code: 'OUTCOME_UNKNOWN' });
    node.replace = replace;
    await node.consensus.readBarrier();
    expect(Object.keys(node.apps())).to.deep.equal(['x']);
  });

  it('rejects a read barrier when the node lost leadership meanwhile', async () => {
    await backend.server.run('LOCK TABLES throttled_apps WRITE');
    const read = failureOf(node.consensus.readBarrier());
    const stopped = node.consensus.stop();
    await backend.server.run('UNLOCK TABLES');
    expect(await read).to.include({ code: 'NO_LEADER', message: 'this node lost leadership' });
    await stopped;
  });

  it('deletes only rows that expired over a week ago', async () => {
    await node.consensus.stop();
    await write('old', 'now() - INTERVAL 8 DAY', '1');
    await write('lifted', 'now() - INTERVAL 6 DAY', '1');
    await write('live', 'now() + INTERVAL 1 DAY', '1');
    await write('endless', 'NULL', '1');
    await backend.server.run(
      `INSERT INTO skipped_hosts VALUES ('old', now(), now() - INTERVAL 8 DAY),
        ('lifted', now(), now() - INTERVAL 6 DAY)`,
      `INSERT INTO service_health VALUES ('old:1', 'd', '', now() - INTERVAL 8 DAY)`,
      `INSERT INTO service_election VALUES ('old', '', 'old:1', now() - INTERVAL 8 DAY)`,
    );
    const next = backend.node('b:1');
    await next.consensus.start();
    await next.consensus.stop();
    expect((await rows()).map(({ app_name }) => app_name)).to.deep.equal([
      'endless',
      'lifted',
      'live',
    ]);
    expect(await backend.server.run('SELECT host_name FROM skipped_hosts')).to.have.length(1);
    expect(await backend.server.run('SELECT service_id FROM service_health')).to.deep.equal([]);
    expect(await backend.server.run('SELECT domain FROM service_election')).to.have.length(2);
  });
});

function describeStep(step: number, command: OperatorCommand): string {
  return `step ${step}: ${JSON.stringify(command)}`;
}
