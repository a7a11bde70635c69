/**
 * A client that asks at a fixed rate, whatever the answers, and remembers every one. Where its
 * connection is closed without an answer it asks again, as RFC 9112 (section 9.3.1) has it for
 * requests that may be repeated.
 */
import { Agent, get } from 'node:http';
import { until } from './until.js';

const CONNECTIONS_MAX = 16;
const TIMEOUT_MS = 15_000;

export interface PacedAnswer {
  readonly sentAtMs: number;
  readonly answeredAtMs: number;
  /** 0: no answer, but the error in `body`. */
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
  readonly #underWay = new Set<Promise<void>>();
  #sent = 0;

  /** Begins to send GET of `path` at once. */
  constructor(port: number, path: string, perSecond: number) {
    this.#port = port;
    this.#path = path;
    this.#perSecond = perSecond;
    this.#timer = setInterval(() => this.#sendWhatIsDue(), 1000 / perSecond);
  }

  /** In the order in which they arrived. */
  get answers(): readonly PacedAnswer[] {
    return this.#answers;
  }

  /** Resolves with the first answer, to a request sent from now on, that is of that kind. */
  next(what: string, isIt: (answer: PacedAnswer) => boolean): Promise<PacedAnswer> {
    const fromMs = performance.now();
    return until(
      () => this.#answers.find((each) => each.sentAtMs >= fromMs && isIt(each)),
      undefined,
      () => what,
    );
  }

  /** Resolves when the last request has been answered. */
  async end(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#underWay);
    this.#agent.destroy();
  }

  /** A late timer makes up for what it missed. */
  #sendWhatIsDue(): void {
    const due = ((performance.now() - this.#startedAtMs) / 1000) * this.#perSecond;
    for (; this.#sent < due; this.#sent++) {
      const sending = this.#send().finally(() => this.#underWay.delete(sending));
      this.#underWay.add(sending);
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
      request.setTimeout(TIMEOUT_MS, () => request.destroy(new Error('no answer')));
    });
  }
}
