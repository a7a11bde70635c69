/** The real pt-archiver with the plugin of resources/pt-archiver. */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { programPath } from './needs.js';

const PLUGINS = fileURLToPath(new URL('../../../resources/pt-archiver', import.meta.url));

export interface Ended {
  readonly code: number | null;
  /** Its standard output and standard error. */
  readonly output: string;
}

export class PtArchiver {
  readonly #child: ChildProcess;
  #output = '';
  readonly ended: Promise<Ended>;

  /**
   * Starts at once; deletes the rows of `table` of the server at `port`. `environment` is that of
   * the plugin.
   */
  constructor(
    port: number,
    table: { readonly schema: string; readonly name: string },
    options: readonly string[],
    environment: Readonly<Record<string, string>>,
  ) {
    const place = `h=127.0.0.1,P=${port},u=root,D=${table.schema},t=${table.name}`;
    this.#child = spawn(
      programPath('pt-archiver'),
      [
        '--source',
        `${place},m=FrenoThrottler`,
        '--purge',
        '--where',
        '1=1',
        '--no-check-charset',
        '--no-version-check',
        ...options,
      ],
      {
        env: { PATH: process.env.PATH, HOME: '/nonexistent', PERL5LIB: PLUGINS, ...environment },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    for (const stream of [this.#child.stdout!, this.#child.stderr!]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#output += text;
      });
    }
    this.ended = new Promise((resolve, reject) => {
      this.#child.once('error', reject);
      this.#child.once('close', (code) => resolve({ code, output: this.#output }));
    });
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Kills it if it still runs. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.ended;
  }
}
