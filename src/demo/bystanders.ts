/** Further apps that ask, at a low rate, so that the page of the demo has something to show. */
import type { Balancer } from './balancer.js';

const ASK_EVERY_MS = 400;

/** Each asks about a store; the page shows who waits and why. */
const PATHS = [
  '/check/nightly-archive/mysql/main?p=low',
  '/check/reindex/mysql/analytics',
  '/check/purge-sessions/mysql/billing',
];

export class Bystanders {
  readonly #balancer: Balancer;
  readonly #timer: NodeJS.Timeout;

  constructor(balancer: Balancer) {
    this.#balancer = balancer;
    this.#timer = setInterval(() => this.#ask(), ASK_EVERY_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #ask(): void {
    for (const path of PATHS) void this.#balancer.request(path);
  }
}
