/** A real memcached (Debian's) on a port of its own, and a reader that speaks its text protocol. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { freePorts } from '../../src/demo/temporary.js';
import type { Certificate } from './certificates.js';
import { endingWithUs } from './child.js';
import { programPath } from './needs.js';
import { until } from './until.js';

/** memcached's option `-B`: which of its protocols it understands. */
export type MemcachedProtocol = 'auto' | 'ascii';

export class Memcached {
  #child: ChildProcess;

  private constructor(
    readonly port: number,
    private readonly protocol: MemcachedProtocol,
    private readonly certificate?: Certificate,
  ) {
    this.#child = launch(port, protocol, certificate);
  }

  /** Resolves when it answers. */
  static async start(
    protocol: MemcachedProtocol = 'auto',
    certificate?: Certificate,
  ): Promise<Memcached> {
    const [port = 0] = await freePorts(1);
    const memcached = new Memcached(port, protocol, certificate);
    await memcached.#answering();
    return memcached;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** The value of a key; undefined when there is none. */
  async get(key: string): Promise<string | undefined> {
    const reply = await this.#ask(`get ${key}`, /END\r\n$/);
    return /^VALUE \S+ 0 \d+\r\n(.*)\r\nEND\r\n$/s.exec(reply)?.[1];
  }

  /** A number of `stats`, such as `cmd_set`. */
  async statistic(name: string): Promise<number> {
    const reply = await this.#ask('stats', /END\r\n$/);
    return Number(new RegExp(`STAT ${name} (\\S+)\r\n`).exec(reply)?.[1]);
  }

  /** Stops answering, while its connections stay open. */
  freeze(): void {
    this.#child.kill('SIGSTOP');
  }

  thaw(): void {
    this.#child.kill('SIGCONT');
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }

  async restart(): Promise<void> {
    await this.stop();
    this.#child = launch(this.port, this.protocol, this.certificate);
    await this.#answering();
  }

  async #answering(): Promise<void> {
    await until(() =>
      this.statistic('pid').then(
        () => true,
        () => false,
      ),
    );
  }

  async #ask(command: string, end: RegExp): Promise<string> {
    const socket =
      this.certificate === undefined
        ? connect(this.port, '127.0.0.1')
        : connectTls({ port: this.port, host: '127.0.0.1', rejectUnauthorized: false });
    socket.setTimeout(2_000, () => socket.destroy(new Error('memcached does not answer')));
    socket.write(`${command}\r\n`);
    let reply = '';
    try {
      for await (const chunk of socket.setEncoding('utf8')) {
        reply += chunk;
        if (end.test(reply)) break;
      }
    } finally {
      socket.destroy();
    }
    return reply;
  }
}

function launch(
  port: number,
  protocol: MemcachedProtocol,
  certificate?: Certificate,
): ChildProcess {
  const address = ['-U', '0', '-l', '127.0.0.1', '-p', String(port)];
  const flags = [...address, '-u', 'root', '-m', '16', '-B', protocol];
  if (certificate !== undefined) {
    const { certFile, keyFile } = certificate;
    flags.push('-Z', '-o', `ssl_chain_cert=${certFile},ssl_key=${keyFile}`);
  }
  return endingWithUs(spawn(programPath('memcached'), flags, { stdio: 'ignore' }));
}
