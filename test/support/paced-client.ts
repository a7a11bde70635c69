/**
 * A client that sends requests at a fixed rate and records every response. When its connection is
 * closed without a response it repeats the request, as RFC 9112 (section 9.3.1) allows for
 * idempotent methods.
 */
import { Agent, get } from 'node:http';
import { until } from './until.js';

const CONNECTIONS_MAX = 16;
const TIMEOUT_MS = 15_000;

export interface PacedAnswer {
  readonly sentAtMs: number;
  readonly answeredAtMs: number;
  /** 0: no response; `body` is the error. */
  readonly status: number;
  readonly body: string;
}

export class PacedClient {
  readonly #port: number;
  readonly #path: string;
  readonly #perSecond: number;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS_MAX });
  readonly #answers: PacedAnswer[] = [];
  readonly #timer: NodeJS.Timeout;
  readonly #startedAtMs = performance.now();
  readonly #inFlight = new Set<Promise<void>>();
  #sent = 0;

  /** Starts to send GET requests of `path` at once. */
  constructor(port: number, path: string, perSecond: number) {
    this.#port = port;
    this.#path = path;
    this.#perSecond = perSecond;
    this.#timer = setInterval(() => this.#sendDue(), 1000 / perSecond);
  }

  /** In the order in which they arrived. */
  get answers(): readonly PacedAnswer[] {
    return this.#answers;
  }

  /** Resolves with the first response that fits, to a request sent from now on. */
  next(what: string, isIt: (answer: PacedAnswer) => boolean): Promise<PacedAnswer> {
    const fromMs = performance.now();
    return until(
      () => this.#answers.find((each) => each.sentAtMs >= fromMs && isIt(each)),
      undefined,
      () => what,
    );
  }

  /** Resolves when the last request has its response. */
  async end(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#inFlight);
    this.#agent.destroy();
  }

  /** Sends also what a late timer missed. */
  #sendDue(): void {
    const due = ((performance.now() - this.#startedAtMs) / 1000) * this.#perSecond;
    for (; this.#sent < due; this.#sent++) {
      const sending = this.#send().finally(() => this.#inFlight.delete(sending));
      this.#inFlight.add(sending);
    }
  }

  async #send(): Promise<void> {
    const sentAtMs = performance.now();
    const { status, body } = await this.#ask(CONNECTIONS_MAX).catch((error: Error) => ({
      status: 0,
      body: error.message,
    }));
    this.#answers.push({ sentAtMs, answeredAtMs: performance.now(), status, body });
  }

  #ask(repeatsLeft: number): Promise<{ status: number; body: string }> {
    return new Promise((resolve, reject) => {
      const where = { host: '127.0.0.1', port: this.#port, path: this.#path, agent: this.#agent };
      const request = get(where, (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (text: string) => {
          body += text;
        });
        response.once('error', reject);
        response.once('end', () => resolve({ status: response.statusCode ?? 0, body }));
      });
      request.once('error', (error: NodeJS.ErrnoException) => {
        if (error.code === 'ECONNRESET' && repeatsLeft > 0)
          this.#ask(repeatsLeft - 1).then(resolve, reject);
        else reject(error);
      });
      request.setTimeout(TIMEOUT_MS, () => request.destroy(new Error('no response')));
    });
  }
}
