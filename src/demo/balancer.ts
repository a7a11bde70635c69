/**
 * Sends requests to the leader. It finds the leader by the health check `/leader-check`, as HAProxy
 * does in front of freno.
 */
import { Agent, get } from 'node:http';

const REQUEST_TIMEOUT_MS = 1_000;

export interface HttpResponse {
  readonly status: number;
  readonly body: string;
}

export class Balancer {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 4 });
  #leader = -1;

  /** `urls` of the nodes, without path. */
  constructor(private readonly urls: readonly string[]) {}

  /** Index of the leader at the last health check; -1: none. */
  get leader(): number {
    return this.#leader;
  }

  /** Of the leader, without path; undefined: there is none. */
  get leaderUrl(): string | undefined {
    return this.urls[this.#leader];
  }

  /** Checks the health of every node. A proxy calls this at a fixed interval. */
  async checkHealth(): Promise<void> {
    const responses = await Promise.all(this.urls.map((url) => this.#get(`${url}/leader-check`)));
    this.#leader = responses.findIndex((response) => response?.status === 200);
  }

  /**
   * The response of the leader. Undefined when there is no leader, or when the leader does not
   * respond, which marks it as down.
   */
  async request(path: string): Promise<HttpResponse | undefined> {
    const leader = this.#leader;
    const url = this.urls[leader];
    if (url === undefined) return undefined;
    const response = await this.#get(url + path);
    if (response === undefined && this.#leader === leader) this.#leader = -1;
    return response;
  }

  close(): void {
    this.#agent.destroy();
  }

  #get(url: string): Promise<HttpResponse | undefined> {
    return new Promise((resolve) => {
      const noResponse = (): void => resolve(undefined);
      const request = get(url, { agent: this.#agent, timeout: REQUEST_TIMEOUT_MS }, (response) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (text: string) => {
          body += text;
        });
        response.once('error', noResponse);
        response.once('end', () => {
          resolve({ status: response.statusCode ?? 0, body });
        });
      });
      request.once('timeout', () => request.destroy(new Error('timed out')));
      request.once('error', noResponse);
    });
  }
}
