/** HTTP workers that hang: nobody can end them alone, so the pool says that it has failed; a pause of all threads is no hang. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import type { HttpEngine } from '../../src/wire/http.js';
import { fetchOnce } from '../support/http-client.js';
import { ENGINES } from '../support/http-front.js';
import { until } from '../support/until.js';
import type { HangPoint } from './hang-preload.js';

const PRELOAD = new URL('./hang-preload.js', import.meta.url).href;

/** A worker is silent for too long after ten of these. */
const TICK_MS = 150;

interface Said {
  readonly port?: number;
  readonly refused?: string;
  readonly failed?: string;
  readonly applied?: boolean;
}

describe('HTTP workers that hang', function () {
  this.timeout(20_000);
  let child: ChildProcess;

  function start(engine: HttpEngine, point: HangPoint | ''): void {
    child = fork(new URL('./pool-driver.js', import.meta.url), [engine, String(TICK_MS)], {
      execArgv: ['--import', PRELOAD],
      env: { ...process.env, FRENO_TEST_HANG: point },
    });
  }

  /** Resolves with the first thing said of that kind. */
  async function said<Kind extends keyof Said>(kind: Kind): Promise<NonNullable<Said[Kind]>> {
    for (;;) {
      const [message] = (await once(child, 'message')) as [Said];
      const found = message[kind];
      if (found !== undefined) return found;
    }
  }

  afterEach(async () => {
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  });

  for (const point of ['load', 'serve'] as const) {
    it(`make the start fail when they hang in it (${point})`, async () => {
      start('uws', point);
      expect(await said('refused')).to.match(/^THREAD_HUNG http-0: no sign of life/);
    });
  }

  for (const engine of ENGINES) {
    it(`make the pool fail when they hang later, on the ${engine} engine`, async () => {
      start(engine, 'apply');
      const port = await said('port');
      expect(await said('failed')).to.match(/^THREAD_HUNG http-0: no sign of life/);
      if (engine === 'node') return;
      // The kernel gives some of the connections to the worker that lives.
      await until(async () => {
        const answer = await fetchOnce(port, '/lb-check', { timeoutMs: 200 }).catch(() => null);
        return answer?.status === 200;
      });
    });
  }

  it('are told from workers of a process that was paused', async () => {
    start('uws', '');
    await said('port');
    let failed = '';
    child.on('message', (message: Said) => {
      failed ||= message.failed ?? '';
    });
    child.kill('SIGSTOP');
    await delay(TICK_MS * 15);
    child.kill('SIGCONT');
    // Long enough that a worker which is taken for silent would be found out.
    await delay(TICK_MS * 12);
    await said('applied');
    expect(failed).to.equal('');
  });
});
