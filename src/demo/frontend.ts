/** The address at which clients reach the leader, like a frontend of HAProxy. */
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { Balancer, HttpResponse } from './balancer.js';

const NO_LEADER: HttpResponse = {
  status: 503,
  contentType: 'application/json',
  body: '{"StatusCode":503,"Message":"no leader"}\n',
};

export class DemoFrontend {
  readonly #server: Server;
  #port = 0;

  /** Resolves when it listens, on a port of 127.0.0.1 that the system chooses. */
  static async listen(balancer: Balancer): Promise<DemoFrontend> {
    const front = new DemoFrontend(balancer);
    await new Promise<void>((resolve, reject) => {
      front.#server.once('error', reject);
      front.#server.listen(0, '127.0.0.1', resolve);
    });
    const address = front.#server.address();
    if (address !== null && typeof address === 'object') front.#port = address.port;
    return front;
  }

  private constructor(balancer: Balancer) {
    this.#server = createServer(({ url, method }, response) => {
      // Forwarding never rejects.
      void forward(balancer, url ?? '/', method === 'HEAD', response);
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }
}

async function forward(
  balancer: Balancer,
  path: string,
  head: boolean,
  response: ServerResponse,
): Promise<void> {
  const upstream = await balancer.request(path);
  const { status, contentType, body } = upstream ?? NO_LEADER;
  response.writeHead(status, {
    'Content-Type': contentType,
    'Content-Length': Buffer.byteLength(body),
  });
  response.end(head ? undefined : body);
}
