/** HTTP workers that crash under load are replaced, and commands still reach all. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { expect } from 'chai';
import { fetchOnce } from '../support/http-client.js';
import { ENGINES } from '../support/http-front.js';

const CRASHES = 5;
const CLIENTS = 4;
const PRELOAD = new URL('./crash-preload.js', import.meta.url).href;

/** A client may see of a crash that its connection ends, or that no worker listens. */
const CONNECTION_ERRORS = ['ECONNRESET', 'ECONNREFUSED', 'EPIPE'];

interface CrashReport {
  readonly port?: number;
  readonly logged?: { readonly msg: string; readonly reason: string };
  readonly applied?: boolean;
}

async function load(port: number, isOver: () => boolean, seen: Map<string, number>): Promise<void> {
  while (!isOver()) {
    const outcome = await fetchOnce(port, '/check/app/mysql/main1').then(
      ({ status }) => String(status),
      (error: NodeJS.ErrnoException) => error.code ?? error.message,
    );
    seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
  }
}

for (const engine of ENGINES) {
  describe(`crashing HTTP workers on the ${engine} engine`, () => {
    let child: ChildProcess;
    let isOver = false;
    const reasons: string[] = [];
    let applied = 0;

    it('replaces crashed workers under load, and commands still reach all', async () => {
      child = fork(new URL('./pool-driver.js', import.meta.url), [engine], {
        execArgv: ['--import', PRELOAD],
      });
      const crashed = new Promise<void>((resolve) => {
        child.on('message', (report: CrashReport) => {
          if (report.applied === true) applied++;
          if (report.logged !== undefined) reasons.push(report.logged.reason);
          if (reasons.length === CRASHES) resolve();
        });
      });
      const [{ port }] = (await once(child, 'message')) as [Required<CrashReport>];
      const seen = new Map<string, number>();
      const clients = Array.from({ length: CLIENTS }, () => load(port, () => isOver, seen));
      await crashed;
      isOver = true;
      await Promise.all(clients);
      await untilServed(port, child);

      expect(new Set(reasons)).to.deep.equal(
        new Set([
          'planted: thrown from a timer',
          'planted: rejected',
          'planted: thrown from a message',
        ]),
      );
      expect([...seen.keys()].filter((key) => !CONNECTION_ERRORS.includes(key))).to.deep.equal([
        '200',
      ]);
      const appliedThen = applied;
      while (applied === appliedThen) await once(child, 'message');
    });

    it('acknowledges all commands and stops with exit code 0 after crashes', async () => {
      child.send('stop');
      const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
      expect({ code, signal }).to.deep.equal({ code: 0, signal: null });
    });

    after(() => {
      isOver = true;
      if (child.exitCode === null) child.kill('SIGKILL');
    });
  });
}

/** Resolves when a check gets its response; the last replacement may still be starting. */
async function untilServed(port: number, child: ChildProcess): Promise<void> {
  while (child.exitCode === null) {
    const response = await fetchOnce(port, '/check/app/mysql/main1').catch(() => undefined);
    if (response?.status === 200) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error('the process ended');
}
