/**
 * Sends requests to the node that leads, as HAProxy does with freno: by the health check
 * `/leader-check`.
 */
import { Agent, get } from 'node:http';

const REQUEST_TIMEOUT_MS = 1_000;

export interface Response {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

export class Balancer {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 4 });
  #leader = -1;

  /** `urls` of the nodes, without path. */
  constructor(private readonly urls: readonly string[]) {}

  /** Index of the node that led when last looked; -1 when none did. */
  get leader(): number {
    return this.#leader;
  }

  /** Asks every node whether it leads. A proxy calls this on a clock. */
  async checkHealth(): Promise<void> {
    const answers = await Promise.all(this.urls.map((url) => this.#get(`${url}/leader-check`)));
    this.#leader = answers.findIndex((answer) => answer?.status === 200);
  }

  /**
   * The leader's answer; undefined when no node leads or the leader does not answer, which then
   * counts as down.
   */
  async request(path: string): Promise<Response | undefined> {
    const asked = this.#leader;
    const url = this.urls[asked];
    if (url === undefined) return undefined;
    const response = await this.#get(url + path);
    if (response === undefined && this.#leader === asked) this.#leader = -1;
    return response;
  }

  close(): void {
    this.#agent.destroy();
  }

  #get(url: string): Promise<Response | undefined> {
    return new Promise((resolve) => {
      const unanswered = (): void => resolve(undefined);
      const request = get(url, { agent: this.#agent, timeout: REQUEST_TIMEOUT_MS }, (response) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (text: string) => {
          body += text;
        });
        response.once('error', unanswered);
        response.once('end', () => {
          const contentType = response.headers['content-type'] ?? '';
          resolve({ status: response.statusCode ?? 0, contentType, body });
        });
      });
      request.once('timeout', () => request.destroy(new Error('timed out')));
      request.once('error', unanswered);
    });
  }
}
