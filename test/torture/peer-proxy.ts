/**
 * The way to one node for its peers: a TCP proxy on the address that the node advertises. A hello
 * is the first frame of a connection and names the peer that dials, so each peer's connections are
 * cut or stalled by themselves. A link carries messages in one direction only; what is cut here is
 * what one peer sends to this node.
 */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { decodeHello } from '../../src/consensus/raft/codec/handshake.js';
import { FrameReader } from '../../src/consensus/raft/transport/frame.js';

/** `stalled`: connections stay open, and what is sent arrives when the link is open again. */
export type LinkCondition = 'open' | 'cut' | 'stalled';

const HELLO_BYTES_MAX = 64 * 1024;

interface ProxiedConnection {
  readonly from: string;
  readonly sockets: readonly [Socket, Socket];
}

export class PeerProxy {
  readonly #server: Server = createServer((client) => this.#accept(client));
  readonly #connections = new Set<ProxiedConnection>();
  readonly #conditions = new Map<string, LinkCondition>();

  static async start(targetPort: number): Promise<PeerProxy> {
    const proxy = new PeerProxy(targetPort);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  private constructor(private readonly targetPort: number) {}

  /** Name of the node behind it. */
  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** What the peer of that name sends to this node. */
  set(from: string, condition: LinkCondition): void {
    this.#conditions.set(from, condition);
    for (const connection of this.#connections) {
      if (connection.from === from) this.#apply(connection);
    }
  }

  async stop(): Promise<void> {
    for (const { sockets } of this.#connections) for (const socket of sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #accept(client: Socket): void {
    client.on('error', () => client.destroy());
    const received: Buffer[] = [];
    const reader = new FrameReader((body) => {
      const { from } = decodeHello(body);
      client.off('data', onData);
      this.#join(client, from, Buffer.concat(received));
    }, HELLO_BYTES_MAX);
    const onData = (chunk: Buffer): void => {
      received.push(chunk);
      try {
        reader.push(chunk);
      } catch {
        client.destroy();
      }
    };
    client.on('data', onData);
  }

  #join(client: Socket, from: string, hello: Buffer): void {
    const server = connect(this.targetPort, '127.0.0.1');
    const connection: ProxiedConnection = { from, sockets: [client, server] };
    this.#connections.add(connection);
    server.write(hello);
    client.on('data', (data) => server.write(data));
    server.on('data', (data) => client.write(data));
    server.on('error', () => server.destroy());
    for (const socket of connection.sockets) {
      socket.setNoDelay(true);
      socket.on('close', () => {
        this.#connections.delete(connection);
        for (const end of connection.sockets) end.destroy();
      });
    }
    this.#apply(connection);
  }

  #apply({ from, sockets }: ProxiedConnection): void {
    const condition = this.#conditions.get(from) ?? 'open';
    for (const socket of sockets) {
      if (condition === 'cut') socket.destroy();
      else if (condition === 'stalled') socket.pause();
      else socket.resume();
    }
  }
}
