/** Exemptions, set thresholds, reasons and past commands in the MySQL backend. */
import { expect } from 'chai';
import { OWN_TABLE_DEFINITIONS } from '../../../src/consensus/mysql/own-tables.js';
import { TABLE_DEFINITIONS } from '../../../src/consensus/mysql/tables.js';
import type { CommandEffect, OperatorCommand } from '../../../src/throttle/commands.js';
import { type StateImage, ThrottleState } from '../../../src/throttle/state.js';
import { failureOf } from '../../support/failure.js';
import { SeededRandom } from '../../support/random.js';
import { Backend, PASSWORD } from './backend.js';
import type { BackendTestNode } from './node.js';

const HOUR_MS = 3_600_000;
const SAID = { reason: 'läuft 🐢', owner: 'dba', client: '10.0.0.1' };

/** Entries by name, without their times. */
function entriesOf(image: StateImage): Record<string, unknown> {
  const untimed = (rows: StateImage['throttledApps' | 'exemptedApps' | 'thresholds']) =>
    rows.map(([name, { expireAtMs: _, note, ...rest }]) => {
      return [name, rest, note === undefined ? null : [note.reason, note.owner]];
    });
  const sorted = (rows: unknown[][]) => rows.sort(([a], [b]) => (String(a) < String(b) ? -1 : 1));
  return {
    throttledApps: sorted(untimed(image.throttledApps)),
    skippedHosts: sorted(untimed(image.skippedHosts)),
    exemptedApps: sorted(untimed(image.exemptedApps)),
    thresholds: sorted(untimed(image.thresholds)),
  };
}

describe('the own tables of the MySQL backend', () => {
  const backend = new Backend();

  before(function () {
    return backend.create(this);
  });
  beforeEach(() => backend.reset());
  afterEach(() => backend.stopNodes());
  after(() => backend.remove());

  const submit = (node: BackendTestNode, command: object): Promise<CommandEffect> => {
    const atMs = Date.now();
    const expireAtMs = atMs + HOUR_MS;
    return node.consensus.submit({ atMs, expireAtMs, ...command } as OperatorCommand);
  };

  it('hold exemptions and thresholds until their time, for all nodes', async () => {
    const [leader, other] = (await backend.nodes(['a:1', 'b:1'])) as [
      BackendTestNode,
      BackendTestNode,
    ];
    await submit(other, { kind: 'exemptApp', key: 'etl/main', ...SAID });
    await submit(other, { kind: 'setThreshold', key: 'mysql/main/lag', value: 0.5 });
    await submit(other, { kind: 'setThreshold', key: 'mysql/main', value: 2, expireAtMs: 1 });
    await leader.consensus.readBarrier();
    const nowMs = Date.now();
    for (const { throttles } of [leader, other]) {
      const exempted = throttles.exemptedApp('etl/main', nowMs)!;
      expect(exempted.expireAtMs - nowMs).to.be.closeTo(HOUR_MS, 5_000);
      expect(exempted.note).to.include({ reason: SAID.reason, owner: SAID.owner });
      expect(throttles.thresholds(nowMs).map(([key, { value }]) => [key, value])).to.deep.equal([
        ['mysql/main/lag', 0.5],
      ]);
    }
  });

  it('count what a command has lifted', async () => {
    const [node] = (await backend.nodes(['a:1'])) as [BackendTestNode];
    for (const key of ['etl', 'etl/main', 'etl_', 'archive']) {
      await submit(node, { kind: 'exemptApp', key });
      await submit(node, { kind: 'throttleApp', key });
    }
    await submit(node, { kind: 'setThreshold', key: 'mysql/main', value: 1 });
    await submit(node, { kind: 'skipHost', host: 'db1:1' });
    const lifts: ReadonlyArray<readonly [command: object, lifted: number]> = [
      [{ kind: 'unexemptApp', key: 'etl', everyStore: true }, 2],
      [{ kind: 'unexemptApp', key: 'etl', everyStore: true }, 0],
      [{ kind: 'unthrottleApp', key: 'etl', everyStore: true }, 2],
      [{ kind: 'unthrottleApp', key: 'archive', everyStore: false }, 1],
      [{ kind: 'recoverHost', host: 'DB1' }, 1],
      [{ kind: 'resetThreshold', key: 'mysql/main' }, 1],
      [{ kind: 'resetThreshold', key: 'mysql/main' }, 0],
    ];
    for (const [command, lifted] of lifts) {
      expect(await submit(node, command), JSON.stringify(command)).to.deep.equal({ lifted });
    }
  });

  it('apply random commands like the replicated state', async () => {
    const [node] = (await backend.nodes(['a:1'])) as [BackendTestNode];
    const model = new ThrottleState();
    const random = new SeededRandom(20_270_101);
    for (let step = 0; step < 80; step++) {
      const command = randomCommand(random);
      const expected = model.apply(command);
      const text = `step ${step}: ${JSON.stringify(command)}`;
      expect(await node.consensus.submit(command), text).to.deep.equal(expected);
      expect(entriesOf(node.image()), text).to.deep.equal(entriesOf(model.image()));
    }
    const withoutTimes = (commands: OperatorCommand[]): object[] =>
      commands.map(({ atMs: _, ...command }) => ({ ...command, expireAtMs: 0 }));
    expect(withoutTimes(node.throttles.recentCommands())).to.deep.equal(
      withoutTimes(model.recentCommands()),
    );
  });

  it('end a note when a node of the original writes its entry again', async () => {
    const [node] = (await backend.nodes(['a:1'])) as [BackendTestNode];
    await submit(node, { kind: 'throttleApp', key: 'a', ...SAID });
    expect(node.throttles.throttledApp('a', Date.now())?.note).to.include({ owner: 'dba' });
    await backend.server.run(
      `REPLACE INTO throttled_apps (app_name, throttled_at, expires_at, ratio)
        VALUES ('a', now() + INTERVAL 1 SECOND, now() + INTERVAL 60 MINUTE, 1)`,
    );
    await node.consensus.readBarrier();
    expect(node.throttles.throttledApp('a', Date.now())).to.not.have.property('note');
  });

  it('are pruned: notes without their entry, and all but the last commands', async () => {
    const [node] = (await backend.nodes(['a:1'])) as [BackendTestNode];
    await submit(node, { kind: 'skipHost', host: 'DB1', ...SAID });
    await node.consensus.stop();
    await backend.server.run(
      `INSERT INTO freno_notes VALUES ('app', 'gone', now(), 'r', NULL)`,
      `INSERT INTO freno_commands (kind, name)
        SELECT 'recoverHost', CONCAT('h', seq) FROM seq_1_to_1500`,
      `INSERT INTO freno_commands (kind, name) VALUES ('newKind', 'x')`,
    );
    const next = backend.node('b:1');
    await next.consensus.start();
    await next.consensus.stop();
    const notes = await backend.server.run<{ name: string }>('SELECT name FROM freno_notes');
    expect(notes.map(({ name }) => name)).to.deep.equal(['db1']);
    const [{ rows }] = (await backend.server.run<{ rows: number }>(
      'SELECT COUNT(*) AS `rows` FROM freno_commands',
    )) as [{ rows: number }];
    expect(rows).to.equal(1_000);
    const recent = next.throttles.recentCommands();
    expect(recent).to.have.length(999);
    expect(recent.at(-1)).to.include({ kind: 'recoverHost', host: 'h1500' });
  });

  it('are read again from the start after an operator has emptied one', async () => {
    const [node] = (await backend.nodes(['a:1'])) as [BackendTestNode];
    for (let count = 0; count < 3; count++) await submit(node, { kind: 'skipHost', host: 'h' });
    await backend.server.run('TRUNCATE freno_commands');
    await submit(node, { kind: 'skipHost', host: 'other' });
    expect(node.throttles.recentCommands()).to.have.length(1);
  });

  describe('for a user who may not create them', () => {
    let node: BackendTestNode;

    beforeEach(async () => {
      await backend.server.run(
        ...[...TABLE_DEFINITIONS, ...OWN_TABLE_DEFINITIONS],
        `CREATE OR REPLACE USER plain@'%' IDENTIFIED BY '${PASSWORD}'`,
        "GRANT SELECT, INSERT, UPDATE, DELETE ON freno.* TO plain@'%'",
      );
      node = backend.node('a:1', { settings: { ...backend.settings, user: 'plain' } });
      await node.consensus.start();
    });

    it('are used when an operator has created them', async () => {
      await submit(node, { kind: 'exemptApp', key: 'etl' });
      expect(node.throttles.exemptedApps(Date.now())).to.have.length(1);
      await submit(node, { kind: 'skipHost', host: 'h', owner: 'dba' });
      expect(node.throttles.skippedHost('H', Date.now())?.note).to.include({ owner: 'dba' });
    });

    it('are not needed to lead: without one, its commands are refused by its name', async () => {
      await submit(node, { kind: 'exemptApp', key: 'etl' });
      const tables = ['freno_exempted_apps', 'freno_thresholds', 'freno_notes', 'freno_commands'];
      await backend.server.run(...tables.map((table) => `DROP TABLE freno.${table}`));
      await submit(node, { kind: 'throttleApp', key: 'a' });
      expect(node.acts).to.equal(true);
      expect(node.throttles.exemptedApps(Date.now())).to.deep.equal([]);
      const refused: ReadonlyArray<readonly [table: string, command: object]> = [
        ['freno_exempted_apps', { kind: 'exemptApp', key: 'etl' }],
        ['freno_exempted_apps', { kind: 'unexemptApp', key: 'etl', everyStore: false }],
        ['freno_thresholds', { kind: 'setThreshold', key: 'mysql/main', value: 1 }],
        ['freno_thresholds', { kind: 'resetThreshold', key: 'mysql/main' }],
        ['freno_notes', { kind: 'throttleApp', key: 'b', owner: 'dba' }],
        ['freno_notes', { kind: 'skipHost', host: 'h', reason: 'r' }],
      ];
      for (const [table, command] of refused) {
        const failure = await failureOf(submit(node, command));
        expect(failure.code, JSON.stringify(command)).to.equal('UNSUPPORTED');
        expect(failure.message).to.contain(`table ${table} cannot be used`);
        expect(failure.message).to.match(/grant CREATE .* to BackendMySQLUser/);
      }
      expect(Object.keys(node.apps())).to.deep.equal(['a']);
      expect(node.hosts()).to.deep.equal([]);
      await submit(node, { kind: 'unthrottleApp', key: 'a', everyStore: true, reason: 'r' });
      await backend.server.run(...OWN_TABLE_DEFINITIONS);
      for (const [, command] of refused) await submit(node, command);
      expect(node.throttles.throttledApp('b', Date.now())?.note).to.include({ owner: 'dba' });
    });
  });

  it('refuse a reason that the database cannot take, and change nothing', async () => {
    const [node] = (await backend.nodes(['a:1'])) as [BackendTestNode];
    const long = { kind: 'exemptApp', key: 'a', reason: 'r'.repeat(201) };
    expect((await failureOf(submit(node, long))).code).to.equal('BAD_REQUEST');
    expect(node.throttles.exemptedApps(Date.now())).to.deep.equal([]);
  });
});

function randomCommand(random: SeededRandom): OperatorCommand {
  const atMs = Date.now();
  const key = random.pick(['a', 'a/s', 'ab', 'a_/s', 'a%']);
  const host = random.pick(['h', 'H', 'h:1', 'hx']);
  const expireAtMs = atMs + (1 + random.below(100)) * 60_000;
  const origin = {
    ...{ atMs, client: '10.0.0.1' },
    ...(random.chance(0.4) && { caller: 'token dba', node: 'db-tools:8087' }),
    ...(random.chance(0.4) && { reason: `r${random.below(3)}` }),
    ...(random.chance(0.4) && { owner: 'dba' }),
  };
  switch (random.below(8)) {
    case 0:
      return { kind: 'throttleApp', ...origin, key, expireAtMs, ratio: 0.5 };
    case 1:
      return { kind: 'unthrottleApp', ...origin, key, everyStore: random.chance(0.5) };
    case 2:
      return { kind: 'skipHost', ...origin, host, expireAtMs };
    case 3:
      return { kind: 'recoverHost', ...origin, host };
    case 4:
      return { kind: 'unexemptApp', ...origin, key, everyStore: random.chance(0.5) };
    case 5:
      return { kind: 'setThreshold', ...origin, key, value: random.below(5), expireAtMs };
    case 6:
      return { kind: 'resetThreshold', ...origin, key };
    default:
      return { kind: 'exemptApp', ...origin, key, expireAtMs };
  }
}
