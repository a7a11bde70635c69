/**
 * The bare server that checks are compared with: uWebSockets.js and a constant body, in a worker
 * thread of a process of its own.
 */
import { fileURLToPath } from 'node:url';
import { Subprocess } from '../../src/demo/subprocess.js';

export interface BareHttpProtocol {
  /** Resolves with the port. */
  listen(body: string): number;
}

const ENTRY = fileURLToPath(new URL('./bare-http-process.js', import.meta.url));

export class BareHttp {
  readonly #process = new Subprocess<BareHttpProtocol>(ENTRY, 'the bare HTTP server');

  /** Resolves with the port on which any path is answered with that body. */
  listen(body: string): Promise<number> {
    return this.#process.call('listen', [body]);
  }

  get pid(): number {
    return this.#process.pid;
  }

  stop(): Promise<void> {
    return this.#process.stop();
  }
}
