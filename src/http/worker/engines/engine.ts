/** The interface between an HTTP engine and the worker that runs it. */
import type { Logger } from '../../../base/log.js';
import type { ConnectionCounts } from '../../../board/connection-counts.js';
import type { AccessGuard } from '../access/guard.js';
import type { Checks } from '../checks.js';
import type { RequestHandler } from '../handler-request.js';

/** The parts of the worker that an engine passes requests to. */
export interface EngineContext {
  readonly handler: RequestHandler;
  /** For an engine that recognises a check without the handler; null: each goes to the handler. */
  readonly checks: Checks | null;
  /** Of all workers. */
  readonly connections: ConnectionCounts;
  /** As `checks`. */
  readonly access: AccessGuard;
  readonly log: Logger;
}

/** Where an engine listens. */
export interface Listening {
  readonly port: number;
  /** Empty: all addresses, of IPv6 and IPv4 where there are both. */
  readonly address: string;
  /** Whether no other socket may listen on the port. */
  readonly exclusive: boolean;
}

export interface Engine {
  /** Rejects with the reason. */
  listen(where: Listening): Promise<void>;
  /**
   * With TLS: new connections get the certificate that is now in the files; those that are open
   * stay. Rejects, and changes nothing, when the files cannot be used.
   */
  renewCertificate?(): Promise<void>;
  /**
   * Accepts no new connections; requests on the open ones still get their response, which closes
   * the connection. Resolves when nothing is in flight.
   */
  drain(): Promise<void>;
  /** Ends all connections at once. May be called at any time, more than once. */
  close(): void;
}

/** Requests that have been received, and whose response is not sent yet. */
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
