/**
 * A process of the built freno with a generated configuration. It is killed, at the latest, when
 * this process exits.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { FrenoError } from '../base/errors.js';

const LAUNCHER = fileURLToPath(new URL('../freno.cjs', import.meta.url));
const STOP_TIMEOUT_MS = 6_000;
const POLL_INTERVAL_MS = 10;
const REQUEST_TIMEOUT_MS = 1_000;
const WAIT_TIMEOUT_MS = 30_000;
const LOG_LINES_KEPT = 200;

/** A configuration file; only this key is used here. */
export interface FrenoConfiguration {
  readonly ListenPort: number;
  readonly [key: string]: unknown;
}

export interface ProcessFlags {
  /** Of freno. */
  readonly freno?: readonly string[];
  /** Of Node. */
  readonly node?: readonly string[];
  /** A command that ends by running, in its own process, the one that follows it. */
  readonly through?: readonly string[];
  /** The launcher of another build than this one. */
  readonly launcher?: string;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export class FrenoProcess {
  readonly #child: ChildProcess;
  readonly #logLines: string[] = [];
  readonly #atExit = (): void => {
    this.#child.kill('SIGKILL');
  };

  readonly port: number;
  readonly configFile: string;
  /** Resolves when the process has ended and its log is complete. */
  readonly exited: Promise<Exit>;

  /**
   * Starts freno with that configuration, written to a file in `directory`, and more flags. Returns
   * at once: see `waitFor`.
   */
  constructor(configuration: FrenoConfiguration, directory: string, flags: ProcessFlags = {}) {
    const { freno = [], node = [], through = [], launcher = LAUNCHER } = flags;
    if (!existsSync(launcher)) {
      throw new FrenoError('RESOURCE', `${launcher} does not exist: run 'npm run build' first`);
    }
    this.port = configuration.ListenPort;
    this.configFile = join(directory, `freno-${this.port}.conf.json`);
    writeFileSync(this.configFile, JSON.stringify(configuration, null, 2), { mode: 0o600 });
    const [command, ...args] = [...through, process.execPath, ...node, launcher];
    this.#child = spawn(command!, [...args, '--http', '--config', this.configFile, ...freno], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    process.once('exit', this.#atExit);
    this.exited = new Promise((resolve) => {
      this.#child.once('close', (code, signal) => {
        process.off('exit', this.#atExit);
        resolve({ code, signal });
      });
      this.#child.once('error', () => resolve({ code: null, signal: null }));
    });
    const { stderr } = this.#child;
    if (stderr !== null) createInterface(stderr).on('line', (line) => this.#logged(line));
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** The last lines of its log. */
  get logLines(): readonly string[] {
    return this.#logLines;
  }

  get log(): string {
    return this.#logLines.join('\n');
  }

  /** Resolves when a GET of `path` returns that status. */
  async waitFor(path: string, status: number, timeoutMs = WAIT_TIMEOUT_MS): Promise<void> {
    const deadlineMs = performance.now() + timeoutMs;
    while (performance.now() < deadlineMs) {
      if (!this.running) {
        throw new FrenoError('RESOURCE', `freno exited before it was ready:\n${this.log}`);
      }
      if ((await this.status(path)) === status) return;
      await delay(POLL_INTERVAL_MS);
    }
    const failure = `freno did not return ${status} for ${path} within ${timeoutMs} ms`;
    throw new FrenoError('RESOURCE', `${failure}:\n${this.log}`);
  }

  /** Status of a GET, or undefined when there is no response. */
  async status(path: string): Promise<number | undefined> {
    try {
      const signal = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
      const response = await fetch(this.url + path, { signal });
      await response.arrayBuffer();
      return response.status;
    } catch {
      return undefined;
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Stops it with SIGTERM, as an operator would; kills it when it does not exit in time. */
  async stop(): Promise<Exit> {
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    const exit = await this.exited;
    clearTimeout(timer);
    return exit;
  }

  #logged(line: string): void {
    this.#logLines.push(line);
    if (this.#logLines.length > LOG_LINES_KEPT) this.#logLines.shift();
  }
}
