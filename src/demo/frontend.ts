/**
 * The address at which clients reach the leader, like a frontend of HAProxy: requests and responses
 * pass through piece by piece, so that the stream of the page does too.
 */
import {
  createServer,
  type IncomingMessage,
  request as requestUpstream,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { Balancer } from './balancer.js';

const NO_LEADER = '{"StatusCode":503,"Message":"no leader"}\n';

export class DemoFrontend {
  readonly #server: Server;

  /** Resolves when it listens on that port of 127.0.0.1. */
  static async listen(balancer: Balancer, port: number): Promise<DemoFrontend> {
    const frontend = new DemoFrontend(balancer, port);
    await new Promise<void>((resolve, reject) => {
      frontend.#server.once('error', reject);
      frontend.#server.listen(port, '127.0.0.1', resolve);
    });
    return frontend;
  }

  private constructor(
    balancer: Balancer,
    private readonly port: number,
  ) {
    this.#server = createServer((request, response) => forward(balancer, request, response));
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }
}

/** A response that the leader does not finish is cut off: its client notices, and asks again. */
function forward(balancer: Balancer, request: IncomingMessage, response: ServerResponse): void {
  const leader = balancer.leaderUrl;
  const refuse = (): void => {
    if (response.headersSent) response.destroy();
    else response.writeHead(503, { 'Content-Type': 'application/json' }).end(NO_LEADER);
  };
  if (leader === undefined) {
    refuse();
    return;
  }
  const { method, headers, url } = request;
  const upstream = requestUpstream(leader + (url ?? '/'), { method, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
    answer.once('error', refuse);
  });
  upstream.once('error', refuse);
  response.once('close', () => upstream.destroy());
  request.pipe(upstream);
}
