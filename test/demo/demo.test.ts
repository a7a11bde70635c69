/** `npm run demo` as a process. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

const DEMO = fileURLToPath(new URL('../../src/demo/main.js', import.meta.url));

describe('npm run demo', () => {
  let temporary: string;
  let demo: ChildProcess;
  let output = '';
  let ended: Promise<number | null>;

  function start(...options: string[]): void {
    output = '';
    demo = spawn(process.execPath, [DEMO, ...options], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, TMPDIR: temporary },
    });
    for (const stream of [demo.stdout, demo.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    }
    ended = new Promise((resolve) => demo.once('close', resolve));
  }

  /** Resolves when the output so far has it; rejects when the demo ends without. */
  async function shows(text: RegExp): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      demo.stdout?.on('data', () => {
        if (text.test(output)) resolve();
      });
      ended.then(() => reject(new Error(output)));
    });
  }

  beforeEach(() => {
    temporary = mkdtempSync(join(tmpdir(), 'freno-test-'));
  });

  afterEach(() => {
    demo.kill('SIGKILL');
    rmSync(temporary, { recursive: true, force: true });
  });

  it('shows lag, responses and waits, ends by itself and leaves nothing behind', async () => {
    start('--seconds', '4');
    expect(await ended, output).to.equal(0);
    expect(output).to.match(/F=http:\/\/127\.0\.0\.1:\d+; curl -i \$F\/check\/demo\/mysql\/main/);
    expect(output).to.match(
      /lag [\d.]+ [\d.]+ [\d.]+ [\d.]+ s \| main [\d.]+ of 1\.00 \| without .* \| response 429/,
    );
    expect(output).to.match(/received .*\b\d+ x 200,.* \d+ x 429.*\nit wrote [\d,]+ rows/);
    expect(readdirSync(temporary)).to.deep.equal([]);
    expect(processesNaming(temporary)).to.deep.equal([]);
  });

  it('kills the leader and shows the next one', async () => {
    start('--kill-leader-every', '2.5');
    await shows(/freno (\d) was killed: freno (?!\1)\d became leader [\d.]+ s later/);
    demo.kill('SIGTERM');
    expect(await ended, output).to.equal(0);
    expect(processesNaming(temporary)).to.deep.equal([]);
  });

  it('goes on when the leader is killed from outside, and says how', async function () {
    if (!existsSync('/proc/self/environ')) this.skip();
    start();
    await shows(/response (200|429)/);
    expect(output).to.contain('--kill-leader-every N');
    process.kill(await leaderPid(temporary), 'SIGKILL');
    await shows(/freno (\d) was killed: freno (?!\1)\d became leader [\d.]+ s later/);
    demo.kill('SIGTERM');
    expect(await ended, output).to.equal(0);
  });

  it('ends all its processes on a signal', async () => {
    start();
    await shows(/response (200|429)/);
    demo.kill('SIGINT');
    expect(await ended, output).to.equal(0);
    expect(readdirSync(temporary)).to.deep.equal([]);
    expect(processesNaming(temporary)).to.deep.equal([]);
  });

  it('rejects unknown options', async () => {
    start('--second', '4');
    expect(await ended).to.equal(1);
    expect(output).to.match(/^demo: .*--second/);
  });
});

/** Of the node that leads, by the ports in the names of the configuration files. */
async function leaderPid(directory: string): Promise<number> {
  for (const pid of pidsNaming(directory)) {
    const [, port] = /freno-(\d+)\.conf\.json/.exec(readable(`/proc/${pid}/cmdline`)) ?? [];
    if (port === undefined) continue;
    const { status } = await fetch(`http://127.0.0.1:${port}/leader-check`);
    if (status === 200) return Number(pid);
  }
  throw new Error('no node leads');
}

/**
 * Processes whose environment or arguments name that directory: all that the demo started inherit
 * it.
 */
function processesNaming(directory: string): string[] {
  return pidsNaming(directory).map((pid) => readable(`/proc/${pid}/cmdline`).replaceAll('\0', ' '));
}

function pidsNaming(directory: string): string[] {
  if (!existsSync('/proc/self/environ')) return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && name !== String(process.pid))
    .filter((pid) => readable(`/proc/${pid}/environ`).includes(directory));
}

function readable(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
