/** A small web server whose responses a test defines; it records its requests. */
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

export interface PageCertificate {
  readonly key: Buffer;
  readonly cert: Buffer;
}

export class Pages {
  readonly #server: Server;
  readonly #scheme: string;
  readonly requests: IncomingMessage[] = [];
  /** Requests in flight now, and the highest number so far. */
  open = 0;
  openMost = 0;

  /** Listens on a loopback port that the system chooses. */
  static async serve(
    respond: (request: IncomingMessage, response: ServerResponse) => void,
    certificate?: PageCertificate,
  ): Promise<Pages> {
    const pages = new Pages(respond, certificate);
    await new Promise<void>((resolve) => pages.#server.listen(0, '127.0.0.1', resolve));
    return pages;
  }

  private constructor(respond: RequestListener, certificate?: PageCertificate) {
    const listener: RequestListener = (request, response) => {
      this.requests.push(request);
      this.openMost = Math.max(this.openMost, ++this.open);
      response.once('close', () => this.open--);
      respond(request, response);
    };
    this.#scheme = certificate === undefined ? 'http' : 'https';
    this.#server =
      certificate === undefined ? createServer(listener) : createTlsServer(certificate, listener);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `${this.#scheme}://127.0.0.1:${this.port}`;
  }

  get paths(): string[] {
    return this.requests.map(({ url }) => url ?? '');
  }

  /** Resolves with the number of connections that clients keep open. */
  connections(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.getConnections((error, count) => (error ? reject(error) : resolve(count)));
    });
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }
}
