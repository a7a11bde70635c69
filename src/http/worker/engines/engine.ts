/** What an HTTP engine is to the worker that runs it. */
import type { Logger } from '../../../base/log.js';
import type { Checks } from '../checks.js';
import type { Handler } from '../handler.js';

/** What answers the requests that an engine receives. */
export interface EngineContext {
  readonly handler: Handler;
  /** For an engine that knows a check before the handler would. */
  readonly checks: Checks;
  readonly log: Logger;
}

export interface Engine {
  /**
   * Listens on all addresses, of IPv6 and IPv4 where there are both; rejects with the reason.
   * `exclusive`: no other socket may listen on the port.
   */
  listen(port: number, exclusive: boolean): Promise<void>;
  /**
   * Takes no new connections; what is asked on the open ones is answered, and then they end.
   * Resolves when nothing is in flight.
   */
  drain(): Promise<void>;
  /** Ends all connections at once. May be called at any time, more than once. */
  close(): void;
}

/** Requests that have been received and not yet answered. */
export class InFlight {
  #count = 0;
  #idle: (() => void) | undefined;

  begin(): void {
    this.#count++;
  }

  end(): void {
    this.#count--;
    if (this.#count === 0) this.#idle?.();
  }

  /** Resolves when nothing is in flight. */
  idle(): Promise<void> {
    if (this.#count === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#idle = resolve;
    });
  }
}
