/** A server whose responses the test chooses, and clients that ask it. */
import { FrenoClient, type FrenoClientOptions } from '../../src/client/index.js';
import { checkBody, type Respond, respondWith, withoutWhy } from '../support/check-responses.js';
import { Pages } from '../support/pages.js';

export const CHECK = '/check/job/mysql/main';
export const HELD = `${CHECK}?wait=10`;
export const WHY = '/why/job/mysql/main';

export const yes = respondWith(200, checkBody(200));
export const no = withoutWhy(respondWith(429, checkBody(429, { value: 8.2 })));
export const denied = respondWith(417, checkBody(417, { message: 'App denied', threshold: 0 }));

/** Holds responses to `wait`, and answers other requests as `respond` does. */
export function holding(held: (() => void)[], respond: Respond): Respond {
  return (request, response) => {
    if (request.url === HELD) held.push(() => yes(request, response));
    else respond(request, response);
  };
}

export class AskedServer {
  /** How it responds from now on. */
  respond: Respond = yes;

  static async start(): Promise<AskedServer> {
    const server: AskedServer = new AskedServer(
      await Pages.serve((request, response) => server.respond(request, response)),
    );
    return server;
  }

  private constructor(readonly pages: Pages) {}

  client(options: Partial<FrenoClientOptions> = {}): FrenoClient {
    return new FrenoClient({ servers: this.pages.url, app: 'job', store: 'main', ...options });
  }

  /** How many requests had that path. */
  requests(path: string): number {
    return this.pages.paths.filter((each) => each === path).length;
  }

  close(): Promise<void> {
    return this.pages.close();
  }
}
