/**
 * HTTP workers that hang: nobody can end them alone, so the pool says that it has failed; a pause
 * of all threads is no hang.
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
 * A worker is silent for too long after twenty of these: a busy machine may hold one up for a
 * second. It has more time to start.
 */
const TICK_MS = 100;
const FIRST_TICKS_MAX = 100;

interface HangReport {
  readonly port?: number;
  readonly refused?: string;
  readonly failed?: string;
  readonly applied?: boolean;
}

describe('HTTP workers that hang', () => {
  let child: ChildProcess;
  let heard: HangReport[];

  function start(engine: HttpEngine, point: HangPoint | '', firstTicksMax = FIRST_TICKS_MAX): void {
    heard = [];
    const limits = [TICK_MS, firstTicksMax].map(String);
    child = fork(new URL('./pool-driver.js', import.meta.url), [engine, ...limits], {
      execArgv: ['--import', PRELOAD],
      env: { ...process.env, FRENO_TEST_HANG: point },
    });
    child.on('message', (message: HangReport) => heard.push(message));
  }

  /** Resolves with the first thing of that kind that has been said and not been asked for. */
  async function said<Kind extends keyof HangReport>(
    kind: Kind,
  ): Promise<NonNullable<HangReport[Kind]>> {
    const isOfKind = (message: HangReport): boolean => message[kind] !== undefined;
    await until(() => heard.some(isOfKind));
    return heard.splice(0, heard.findIndex(isOfKind) + 1).at(-1)![kind]!;
  }

  afterEach(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  });

  for (const point of ['load', 'serve'] as const) {
    it(`make the start fail when they hang in it (${point})`, async () => {
      start('uws', point, point === 'load' ? 10 : FIRST_TICKS_MAX);
      expect(await said('refused')).to.match(/^THREAD_HUNG http-0: unresponsive/);
    });
  }

  for (const engine of ENGINES) {
    it(`make the pool fail when they hang later, on the ${engine} engine`, async () => {
      start(engine, 'apply');
      const port = await said('port');
      expect(await said('failed')).to.match(/^THREAD_HUNG http-0: unresponsive/);
      if (engine === 'node') return;
      // The kernel gives some of the connections to the worker that lives.
      await until(async () => {
        const answer = await fetchOnce(port, '/lb-check', { timeoutMs: 200 }).catch(() => null);
        return answer?.status === 200;
      });
    });
  }

  it('end the process when it is main that hangs', async () => {
    start('uws', '');
    await said('port');
    const exited = once(child, 'exit');
    child.send('hang');
    expect(await exited).to.deep.equal([null, 'SIGKILL']);
  });

  it('are told from workers of a process that was paused', async () => {
    start('uws', '');
    await said('port');
    let failed = '';
    child.on('message', (message: HangReport) => {
      failed ||= message.failed ?? '';
    });
    child.kill('SIGSTOP');
    await delay(TICK_MS * 25);
    child.kill('SIGCONT');
    // Long enough that a worker which is taken for silent would be found out.
    await delay(TICK_MS * 22);
    heard = [];
    await said('applied');
    expect(failed).to.equal('');
  });
});
