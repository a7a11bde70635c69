/**
 * HTTP workers that hang: they cannot be terminated, so the pool fails. A pause of all threads is
 * not a hang.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import type { HttpEngine } from '../../src/contracts/http.js';
import { fetchOnce } from '../support/http-client.js';
import { ENGINES } from '../support/http-front.js';
import { until } from '../support/until.js';
import type { HangPoint } from './hang-preload.js';

const PRELOAD = new URL('./hang-preload.js', import.meta.url).href;

/**
 * A worker counts as hung after twenty ticks: a busy machine may delay it for a second. It has more
 * time to start.
 */
const TICK_MS = 100;
const FIRST_TICKS_MAX = 100;

interface HangReport {
  readonly port?: number;
  readonly refused?: string;
  readonly failed?: string;
  readonly applied?: boolean;
}

describe('hung HTTP workers', () => {
  let child: ChildProcess;
  let reports: HangReport[];

  function start(engine: HttpEngine, point: HangPoint | '', firstTicksMax = FIRST_TICKS_MAX): void {
    reports = [];
    const limits = [TICK_MS, firstTicksMax].map(String);
    child = fork(new URL('./pool-driver.js', import.meta.url), [engine, ...limits], {
      execArgv: ['--import', PRELOAD],
      env: { ...process.env, FRENO_TEST_HANG: point },
    });
    child.on('message', (message: HangReport) => reports.push(message));
  }

  /** Resolves with the next report of that kind. */
  async function reported<Kind extends keyof HangReport>(
    kind: Kind,
  ): Promise<NonNullable<HangReport[Kind]>> {
    const isOfKind = (message: HangReport): boolean => message[kind] !== undefined;
    await until(() => reports.some(isOfKind));
    return reports.splice(0, reports.findIndex(isOfKind) + 1).at(-1)![kind]!;
  }

  afterEach(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  });

  for (const point of ['load', 'serve'] as const) {
    it(`fails the start of the pool when a worker hangs in it (${point})`, async () => {
      start('uws', point, point === 'load' ? 10 : FIRST_TICKS_MAX);
      expect(await reported('refused')).to.match(/^THREAD_HUNG http-0: unresponsive/);
    });
  }

  for (const engine of ENGINES) {
    it(`fails the pool when a worker hangs later, on the ${engine} engine`, async () => {
      start(engine, 'apply');
      const port = await reported('port');
      expect(await reported('failed')).to.match(/^THREAD_HUNG http-0: unresponsive/);
      if (engine === 'node') return;
      // The kernel gives some of the connections to the other worker.
      await until(async () => {
        const response = await fetchOnce(port, '/lb-check', { timeoutMs: 200 }).catch(() => null);
        return response?.status === 200;
      });
    });
  }

  it('kills the process when main hangs', async () => {
    start('uws', '');
    await reported('port');
    const exited = once(child, 'exit');
    child.send('hang');
    expect(await exited).to.deep.equal([null, 'SIGKILL']);
  });

  it('does not take a pause of the whole process for a hang', async () => {
    start('uws', '');
    await reported('port');
    let failed = '';
    child.on('message', (message: HangReport) => {
      failed ||= message.failed ?? '';
    });
    child.kill('SIGSTOP');
    await delay(TICK_MS * 25);
    child.kill('SIGCONT');
    // Long enough for a watchdog that would count the pause.
    await delay(TICK_MS * 22);
    reports = [];
    await reported('applied');
    expect(failed).to.equal('');
  });
});
