/** `node-process.ts` as a child process, and its output. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { RaftSettings } from '../../../../src/config/settings.js';
import { until } from '../../../support/until.js';

const program = fileURLToPath(new URL('node-process.js', import.meta.url));

export interface ChildSettings {
  /** It submits commands with keys of this prefix while it leads. */
  readonly prefix?: string;
  /** The size limit of each file: a larger write fails as on a full disk. */
  readonly fileKilobytesMax?: number;
}

export class ChildNode {
  readonly said: string[] = [];
  readonly logged: string[] = [];
  readonly #process: ChildProcess;

  constructor(settings: RaftSettings, { prefix, fileKilobytesMax }: ChildSettings = {}) {
    const args = [program, JSON.stringify(settings), ...(prefix === undefined ? [] : [prefix])];
    this.#process =
      fileKilobytesMax === undefined
        ? spawn(process.execPath, args)
        : spawn('bash', [
            '-c',
            `ulimit -f ${fileKilobytesMax}; exec "$0" "$@"`,
            process.execPath,
            ...args,
          ]);
    createInterface(this.#process.stdout!).on('line', (line) => this.said.push(line));
    createInterface(this.#process.stderr!).on('line', (line) => this.logged.push(line));
  }

  get acknowledged(): string[] {
    return this.said
      .filter((line) => line.startsWith('acknowledged '))
      .map((line) => line.slice('acknowledged '.length));
  }

  async says(line: string): Promise<void> {
    await until(() => this.said.includes(line));
  }

  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const closed = once(this.#process, 'close');
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      this.#process.kill(signal);
      await closed;
    }
  }
}
