/** A request as the handler gets it from any engine. */
import type { HeaderReader } from './cross-site.js';
import type { ClientKey } from './recent-apps.js';
import type { HandlerResponse } from './response.js';

/** Answers requests, whatever engine they come from. */
export interface RequestHandler {
  /** A response that is not a promise may be overwritten by the next call: send it at once. */
  handle(request: HandlerRequest): HandlerResponse | Promise<HandlerResponse>;
}

export interface HandlerRequest {
  /** `GET`, `HEAD`, `POST`, `OPTIONS`, or any other text for another method. */
  readonly method: string;
  /** Still encoded. */
  readonly path: string;
  /** Without its question mark; empty when there is none. */
  readonly query: string;
  readonly client: ClientKey;
  /** The name in the client's certificate, which the engine has verified; not given: none. */
  readonly certificate?: string;
  /** To be called before the handler returns or has returned its promise. */
  readonly header: HeaderReader;
  /** The listener is called when the client has gone before it got its response. */
  readonly onAbort: (listener: () => void) => void;
}
