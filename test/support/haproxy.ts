/**
 * A real HAProxy with a statistics page or a whole configuration file; tests change the states of
 * its servers through the admin socket.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { freePorts, TemporaryDirectory } from '../../src/demo/temporary.js';
import { endingWithUs } from './child.js';
import { programPath } from './needs.js';
import { until } from './until.js';

export interface HAProxyOptions {
  /** Sections of the configuration: backends, listeners. */
  readonly sections: string;
  /** Lines of the frontend of the statistics page; `stats uri /` unless given. */
  readonly statistics?: string;
}

export class HAProxy {
  readonly #directory = new TemporaryDirectory();
  readonly #socket = join(this.#directory.path, 'admin.sock');
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  #log = '';

  /** Starts with a statistics page on `port`. Resolves when the admin socket responds. */
  static start(options: HAProxyOptions): Promise<HAProxy> {
    return HAProxy.startFile((port, socket) => configuration(port, socket, options));
  }

  /**
   * Starts with the file that `write` returns for a free port and the path of an admin socket.
   * Resolves when that socket responds.
   */
  static async startFile(write: (port: number, socket: string) => string): Promise<HAProxy> {
    const [port] = await freePorts(1);
    const haproxy = new HAProxy(port!, write);
    try {
      await haproxy.#untilReady();
    } catch (thrown) {
      await haproxy.stop();
      throw thrown;
    }
    return haproxy;
  }

  private constructor(
    readonly port: number,
    write: (port: number, socket: string) => string,
  ) {
    const file = join(this.#directory.path, 'haproxy.cfg');
    writeFileSync(file, write(port, this.#socket));
    this.#child = endingWithUs(
      spawn(programPath('haproxy'), ['-db', '-f', file], {
        stdio: ['ignore', 'ignore', 'pipe'],
      }),
    );
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#log += text;
    });
    this.#ended = new Promise((resolve) => this.#child.once('close', () => resolve()));
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Runs a command of the admin socket (management.txt, section 9.3). */
  async command(text: string): Promise<string> {
    return new Promise((resolve, reject) => {
      let response = '';
      const socket = connect(this.#socket);
      socket.setEncoding('utf8').on('data', (chunk: string) => {
        response += chunk;
      });
      socket.once('error', reject);
      socket.once('close', () => resolve(response.trim()));
      socket.end(`${text}\n`);
    });
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
    this.#directory.remove();
  }

  async #untilReady(): Promise<void> {
    await until(
      async () => {
        if (this.#child.exitCode !== null) throw new Error(`HAProxy exited:\n${this.#log}`);
        return (await this.command('show version').catch(() => '')) !== '';
      },
      undefined,
      () => `HAProxy\n${this.#log}`,
    );
  }
}

function configuration(port: number, socket: string, options: HAProxyOptions): string {
  return `
global
  stats socket ${socket} level admin
defaults
  mode tcp
  timeout client 5s
  timeout server 5s
  timeout connect 1s
frontend statistics
  mode http
  bind 127.0.0.1:${port}
  stats enable
  ${options.statistics ?? 'stats uri /'}
${options.sections}
`;
}
