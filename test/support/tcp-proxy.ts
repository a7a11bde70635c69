/** A TCP proxy whose traffic a test observes, cuts, or drops. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

export class TcpProxy {
  readonly #server: Server;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  #dropping = false;
  #accepted = 0;
  /** Called with what clients send, in chunks of any size. */
  onSent: (chunk: Buffer) => void = () => undefined;
  /** What the server receives instead of what a client sent. */
  alter: (chunk: Buffer) => Buffer = (chunk) => chunk;

  /** Listens on `host` and passes everything to `target`. */
  static async start(
    target: { host: string; port: number },
    host = '127.0.0.1',
  ): Promise<TcpProxy> {
    const proxy = new TcpProxy(target);
    proxy.#server.listen(0, host);
    await once(proxy.#server, 'listening');
    return proxy;
  }

  private constructor(target: { host: string; port: number }) {
    this.#server = createServer((client) => this.#pass(client, connect(target)));
  }

  get host(): string {
    return (this.#server.address() as AddressInfo).address;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Connections open now. */
  get connections(): number {
    return this.#pairs.size;
  }

  /** Connections accepted since the start. */
  get accepted(): number {
    return this.#accepted;
  }

  /** Breaks all connections. */
  cut(): void {
    for (const pair of this.#pairs) for (const socket of pair) socket.destroy();
  }

  /**
   * Drops all data, in both directions. Connections stay open, and new ones are accepted.
   */
  drop(dropping: boolean): void {
    this.#dropping = dropping;
    for (const pair of this.#pairs) this.#apply(pair);
  }

  async stop(): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #pass(client: Socket, server: Socket): void {
    const pair = [client, server] as const;
    this.#accepted++;
    this.#pairs.add(pair);
    client.on('data', (data) => {
      this.onSent(data);
      server.write(this.alter(data));
    });
    server.on('data', (data) => client.write(data));
    for (const socket of pair) {
      socket.setNoDelay(true);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        this.#pairs.delete(pair);
        for (const end of pair) end.destroy();
      });
    }
    this.#apply(pair);
  }

  #apply(pair: readonly [Socket, Socket]): void {
    for (const socket of pair) {
      if (this.#dropping) socket.pause();
      else socket.resume();
    }
  }
}
