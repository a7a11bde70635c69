/** Repeats a request until its response is the expected one. */
import { setTimeout as delay } from 'node:timers/promises';
import { monotonicMs } from '../../src/base/clock.js';
import { KeptConnection } from './kept-connection.js';

/** Between a response and the next request. */
export const ASK_INTERVAL_MS = 1;

export class Poller {
  readonly #request: Buffer;

  static async connect(port: number, path: string): Promise<Poller> {
    return new Poller(await KeptConnection.open(port, 'GET'), port, path);
  }

  private constructor(
    private readonly connection: KeptConnection,
    port: number,
    private readonly path: string,
  ) {
    this.#request = Buffer.from(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
  }

  /** `monotonicMs()` at the arrival of the first answer with that status. */
  async firstAnswer(status: number, timeoutMs: number): Promise<number> {
    const deadlineMs = monotonicMs() + timeoutMs;
    while (monotonicMs() < deadlineMs) {
      if ((await this.#ask()) === status) return monotonicMs();
      await delay(ASK_INTERVAL_MS);
    }
    throw new Error(`no answer ${status} to ${this.path} within ${timeoutMs} ms`);
  }

  close(): void {
    this.connection.close();
  }

  #ask(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.connection.onAnswer = resolve;
      this.connection.onFailure = reject;
      this.connection.request(this.#request);
    });
  }
}
