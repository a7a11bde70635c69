/** The order of reloads: one at a time; a failed one changes nothing. */
import { expect } from 'chai';
import { pino } from 'pino';
import type { FrenoConfig } from '../../src/config/schema.js';
import { ConfigState } from '../../src/service/config-state.js';
import { Reloader } from '../../src/service/reload.js';
import { configOf } from '../config/documents.js';

/** A reloader of a file whose memcache path the test writes, and the outcomes of its reloads. */
function setUp() {
  const file = { path: 'first', port: 8087, fails: false };
  const applied: string[] = [];
  const lines: string[] = [];
  let release = (): void => undefined;
  const held = { until: Promise.resolve() };
  const config = configOf({ MemcachePath: file.path });
  const state = new ConfigState(config);
  const reloader = new Reloader({
    config,
    state,
    load: async () => ({
      config: configOf({ MemcachePath: file.path, ListenPort: file.port }),
      files: [],
      warnings: [],
    }),
    apply: async ({ MemcachePath }: FrenoConfig) => {
      applied.push(MemcachePath);
      await held.until;
      if (file.fails) throw new Error('no room');
    },
    log: pino(
      { level: 'warn' },
      { write: (line) => void lines.push((JSON.parse(line) as { msg: string }).msg) },
    ),
  });
  return {
    applied,
    lines,
    file,
    report: () => state.report(),
    write: (path: string, fails = false) => Object.assign(file, { path, fails }),
    hold: () => {
      held.until = new Promise((resolve) => {
        release = resolve;
      });
    },
    release: () => release(),
    reload: () => reloader.reload(),
  };
}

describe('a reload', () => {
  it('logs what changed since the reload before', async () => {
    const { write, reload, lines } = setUp();
    write('second');
    await reload();
    write('third');
    await reload();
    await reload();
    expect(lines.filter((line) => line.includes('->'))).to.deep.equal([
      'MemcachePath: "first" -> "second"',
      'MemcachePath: "second" -> "third"',
    ]);
  });

  it('compares with the running configuration after a reload that failed', async () => {
    const { write, reload, lines } = setUp();
    write('second', true);
    await reload();
    expect(lines).to.deep.equal(['configuration not reloaded, nothing changed: no room']);
    write('second');
    await reload();
    expect(lines).to.include('MemcachePath: "first" -> "second"');
  });

  it('reloads once more after a reload, however many were requested during it', async () => {
    const { write, hold, release, reload, applied } = setUp();
    hold();
    const reloads = [reload()];
    await new Promise(setImmediate);
    write('second');
    reloads.push(reload(), reload());
    await new Promise(setImmediate);
    expect(applied).to.deep.equal(['first']);
    release();
    await Promise.all(reloads);
    expect(applied).to.deep.equal(['first', 'second']);
  });

  it('reports whether it succeeded, and the hash of what is in force', async () => {
    const { write, reload, report } = setUp();
    const first = report();
    expect(first).to.include({ isReloadSuccessful: true, pendingKeys: 0 });
    write('second', true);
    await reload();
    expect(report()).to.deep.equal({ ...first, isReloadSuccessful: false, failedReloads: 1 });
    write('second');
    await reload();
    expect(report().isReloadSuccessful).to.equal(true);
    expect(report().hash).not.to.equal(first.hash);
    expect(report().loadedAtUnixMs).to.be.at.least(first.loadedAtUnixMs);
    write('first');
    await reload();
    expect(report().hash).to.equal(first.hash);
  });

  it('counts the keys that need a restart until they are in force', async () => {
    const { file, reload, report } = setUp();
    file.port = 1;
    await reload();
    await reload();
    expect(report().pendingKeys).to.equal(1);
    file.port = 8087;
    await reload();
    expect(report().pendingKeys).to.equal(0);
  });
});
