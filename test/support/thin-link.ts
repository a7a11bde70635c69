/** A TCP proxy that passes on only so many bytes a second from its clients, and can be cut. */
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

const SLICES_PER_SECOND = 20;

export class ThinLink {
  readonly #sockets = new Set<Socket>();
  /** Bytes that were passed on. */
  passed = 0;

  private constructor(private readonly server: Server) {}

  /** Listens on `port` of the local host and passes everything to `target`. */
  static listen(
    port: number,
    target: { host: string; port: number },
    bytesPerSecond: number,
  ): Promise<ThinLink> {
    const server = createServer({ noDelay: true }, (near) => {
      const far = connect({ ...target, noDelay: true });
      far.pipe(near);
      link.#passSlowly(near, far, Math.round(bytesPerSecond / SLICES_PER_SECOND));
    });
    const link = new ThinLink(server);
    return new Promise((resolve) => server.listen(port, '127.0.0.1', () => resolve(link)));
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Ends all present connections. What is in flight is lost. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async stop(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.server.close(resolve));
  }

  #passSlowly(near: Socket, far: Socket, sliceBytes: number): void {
    const timer = setInterval(() => {
      const slice: Buffer | null =
        near.read(Math.min(sliceBytes, near.readableLength || sliceBytes)) ?? null;
      if (slice === null) return;
      this.passed += slice.length;
      far.write(slice);
    }, 1000 / SLICES_PER_SECOND);
    for (const socket of [near, far]) {
      this.#sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        clearInterval(timer);
        this.#sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
  }
}
