/**
 * Unresponsive servers: one that accepts connections and never responds, and an address where no
 * process listens.
 */
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { freePorts } from '../../src/demo/temporary.js';

/** Like a stopped process: the kernel accepts connections, no process reads. */
export class HungServer {
  readonly #sockets = new Set<Socket>();
  readonly #server: Server = createServer({ pauseOnConnect: true }, (socket) => {
    this.#sockets.add(socket);
    this.accepted++;
    socket.once('close', () => this.#sockets.delete(socket));
    socket.once('error', () => socket.destroy());
  });

  /** Connections accepted since the start. */
  accepted = 0;

  static async listen(): Promise<HungServer> {
    const hung = new HungServer();
    await new Promise<void>((resolve, reject) => {
      hung.#server.once('error', reject);
      hung.#server.listen(0, '127.0.0.1', resolve);
    });
    return hung;
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

/** An address where connections are refused. */
export async function refusingAddress(): Promise<string> {
  const [port] = await freePorts(1);
  return `127.0.0.1:${port}`;
}
