/** A real memcached (Debian's) on a port of its own, and a reader that speaks its text protocol. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { freePorts } from '../../src/demo/temporary.js';
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
  ) {
    this.#child = launch(port, protocol);
  }

  /** Resolves when it answers. */
  static async start(protocol: MemcachedProtocol = 'auto'): Promise<Memcached> {
    const [port = 0] = await freePorts(1);
    const memcached = new Memcached(port, protocol);
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
    this.#child = launch(this.port, this.protocol);
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
    const socket = connect(this.port, '127.0.0.1');
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

function launch(port: number, protocol: MemcachedProtocol): ChildProcess {
  const address = ['-U', '0', '-l', '127.0.0.1', '-p', String(port)];
  const flags = [...address, '-u', 'root', '-m', '16', '-B', protocol];
  return endingWithUs(spawn(programPath('memcached'), flags, { stdio: 'ignore' }));
}
