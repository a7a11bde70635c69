/** The log lines about commands and unknown stores, at the default level. */
import { expect } from 'chai';
import { CommandLog } from '../../src/http/main/command-log.js';
import { UnknownStoreLog } from '../../src/http/main/unknown-stores.js';
import { NO_EFFECT, NO_EXPIRY, type OperatorCommand } from '../../src/throttle/commands.js';
import { ThrottleState } from '../../src/throttle/state.js';
import { ignoreEvents } from '../support/ignore-events.js';
import { logLines } from '../support/log-lines.js';

const HOUR_MS = 3_600_000;

const DONE = { audit: true, outcome: 'done', level: 'notice', client: '192.0.2.7', node: 'a:1' };

describe('the log of commands', () => {
  function setUp() {
    const { log, lines } = logLines();
    const state = new ThrottleState();
    const commands = new CommandLog(
      log,
      ignoreEvents,
      (key, nowMs) => state.throttledApp(key, nowMs),
      () => 'a:1',
    );
    const apply = (command: OperatorCommand): void => {
      state.apply(command);
      commands.applied({ ...command, client: '192.0.2.7' }, { lifted: 1 });
    };
    return { commands, lines, apply };
  }

  it('has who throttled which app, by how much and until when', () => {
    const { lines, apply } = setUp();
    const atMs = Date.now();
    const expireAtMs = atMs + HOUR_MS;
    const until = new Date(expireAtMs).toISOString();
    const throttle = { kind: 'throttleApp', atMs, key: 'archive/main' } as const;
    apply({ ...throttle, expireAtMs, ratio: 0.5 });
    apply({ ...throttle, ratio: 0.25 });
    apply({ ...throttle, expireAtMs: NO_EXPIRY });
    const line = { ...DONE, command: 'throttleApp', app: 'archive/main' };
    expect(lines).to.deep.equal([
      { ...line, ratio: 0.5, until, msg: 'app throttled' },
      { ...line, ratio: 0.25, until, msg: 'app throttled' },
      { ...line, ratio: 0.25, until: 'removed', msg: 'app throttled' },
    ]);
  });

  it('has who removed an entry, skipped a host and recovered it', () => {
    const { lines, apply } = setUp();
    const atMs = Date.now();
    const expireAtMs = atMs + HOUR_MS;
    apply({ kind: 'unthrottleApp', atMs, key: 'archive', everyStore: true });
    apply({ kind: 'skipHost', atMs, host: 'db1', expireAtMs });
    apply({ kind: 'recoverHost', atMs, host: 'db1' });
    const line = DONE;
    const until = new Date(expireAtMs).toISOString();
    expect(lines).to.deep.equal([
      {
        ...line,
        command: 'unthrottleApp',
        app: 'archive',
        lifted: 1,
        msg: 'app no longer throttled',
      },
      { ...line, command: 'skipHost', host: 'db1', until, msg: 'host skipped' },
      { ...line, command: 'recoverHost', host: 'db1', lifted: 1, msg: 'host no longer skipped' },
    ]);
  });

  it('has who exempted an app or set a threshold, until when, and what was said of it', () => {
    const { lines, apply } = setUp();
    const atMs = Date.now();
    const expireAtMs = atMs + HOUR_MS;
    const until = new Date(expireAtMs).toISOString();
    const said = { owner: 'dba', reason: 'incident 7' };
    apply({ kind: 'exemptApp', atMs, key: 'archive', expireAtMs, ...said });
    apply({ kind: 'unexemptApp', atMs, key: 'archive', everyStore: true });
    apply({ kind: 'setThreshold', atMs, key: 'mysql/main', value: 5, expireAtMs, owner: 'dba' });
    apply({ kind: 'resetThreshold', atMs, key: 'mysql/main', reason: 'over' });
    const line = DONE;
    const metric = 'mysql/main';
    expect(lines).to.deep.equal([
      { ...line, ...said, command: 'exemptApp', app: 'archive', until, msg: 'app exempted' },
      { ...line, command: 'unexemptApp', app: 'archive', lifted: 1, msg: 'app no longer exempted' },
      {
        ...line,
        command: 'setThreshold',
        owner: 'dba',
        metric,
        threshold: 5,
        until,
        msg: 'threshold set',
      },
      {
        ...line,
        command: 'resetThreshold',
        metric,
        lifted: 1,
        reason: 'over',
        msg: 'threshold reset',
      },
    ]);
  });

  it('has of a command that failed who asked for what, until when', () => {
    const { commands, lines } = setUp();
    const atMs = Date.now();
    const who = { client: '192.0.2.7', owner: 'dba' };
    const expireAtMs = atMs + HOUR_MS;
    const asked = {
      kind: 'exemptApp',
      atMs,
      key: 'a',
      expireAtMs,
      ...who,
      reason: 'mine',
    } as const;
    commands.failed(asked, 501, 'an earlier release');
    expect(lines).to.deep.equal([
      {
        ...{ audit: true, outcome: 'failed', level: 'warn', ...who, node: 'a:1' },
        ...{ command: 'exemptApp', app: 'a', reason: 'mine' },
        ...{ until: new Date(expireAtMs).toISOString(), status: 501 },
        ...{ error: 'an earlier release', msg: 'command failed' },
      },
    ]);
  });

  it('has commands that were refused or failed', () => {
    const { commands, lines } = setUp();
    const client = '192.0.2.7';
    const refusal = { client, method: 'GET', path: '/skip-host/a', status: 403, error: 'why' };
    commands.refused(refusal);
    commands.failed({ kind: 'recoverHost', atMs: 0, host: 'db1', client }, 503, 'no leader');
    const failed = { command: 'recoverHost', host: 'db1', status: 503, error: 'no leader' };
    const line = { audit: true, level: 'warn', node: 'a:1' };
    expect(lines).to.deep.equal([
      { ...line, outcome: 'refused', ...refusal, msg: 'command refused' },
      { ...line, outcome: 'failed', client, ...failed, msg: 'command failed' },
    ]);
  });

  it('has each command of a caller with a name, and says that an outcome is unknown', () => {
    const { commands, lines } = setUp();
    const command = { kind: 'recoverHost', atMs: 0, host: 'db1', caller: 'token ci' } as const;
    for (let count = 0; count < 1_100; count++) commands.applied(command, NO_EFFECT);
    expect(lines).to.have.length(1_100);
    commands.failed(command, 504, 'not known in time');
    expect(lines.at(-1)).to.include({ audit: true, outcome: 'unknown', caller: 'token ci' });
  });

  it('is bounded when a client sends commands in a loop', () => {
    const { lines, apply } = setUp();
    for (let count = 0; count < 1_500; count++) {
      apply({ kind: 'recoverHost', atMs: 0, host: 'db1' });
    }
    expect(lines).to.have.length(1_000);
  });
});

describe('the log of unknown stores', () => {
  const check = { storeType: 'mysql', storeName: 'mian', app: 'archive', client: '192.0.2.7' };

  it('has each of them once, with the nearest known name', () => {
    const { log, lines } = logLines();
    const unknown = new UnknownStoreLog(log);
    for (let count = 0; count < 3; count++) unknown.checked(check, ['other', 'main']);
    unknown.checked({ ...check, storeType: 'mysql8', storeName: 'main' }, ['other', 'main']);
    unknown.checked({ ...check, storeName: 'mian2' }, []);
    const line = {
      level: 'warn',
      app: 'archive',
      client: '192.0.2.7',
      msg: 'check of a store that is not configured',
    };
    expect(lines).to.deep.equal([
      { ...line, store: 'mysql/mian', nearest: 'mysql/main' },
      { ...line, store: 'mysql8/main', nearest: 'mysql/main' },
      { ...line, store: 'mysql/mian2' },
    ]);
  });

  it('is bounded, and says so', () => {
    const { log, lines } = logLines();
    const unknown = new UnknownStoreLog(log);
    for (let count = 0; count < 500; count++) {
      unknown.checked({ ...check, storeName: `store${count}` }, ['main']);
    }
    expect(lines).to.have.length(101);
    expect(lines.at(-1)).to.include({ level: 'warn', logged: 100 });
  });
});
