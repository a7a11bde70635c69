/**
 * The load generator, in a process of its own: raw sockets, kept connections, prepared requests,
 * one request at a time on each.
 */
import { fileURLToPath } from 'node:url';
import { Subprocess } from '../../src/demo/subprocess.js';

export interface LoadOrder {
  readonly port: number;
  readonly method: 'GET' | 'HEAD';
  /** The path; `{n}` in it is replaced by a number that runs through 0 to `distinct - 1`. */
  readonly path: string;
  readonly distinct?: number;
  readonly connections: number;
  readonly durationMs: number;
  /** Ends earlier, after that many requests. */
  readonly requests?: number;
  /** Answers with another status are counted as failures. */
  readonly status?: number;
}

export interface LoadResult {
  readonly requests: number;
  readonly failures: number;
  readonly seconds: number;
  readonly p50Micros: number;
  readonly p99Micros: number;
  readonly maxMicros: number;
  /** CPU time that the generator took for it. */
  readonly generatorCpuMicros: number;
}

export interface LoadProtocol {
  run(order: LoadOrder): LoadResult;
}

const ENTRY = fileURLToPath(new URL('./load-process.js', import.meta.url));
const GRACE_MS = 10_000;

export class LoadGenerator {
  readonly #process = new Subprocess<LoadProtocol>(ENTRY, 'the load generator');

  run(order: LoadOrder): Promise<LoadResult> {
    return this.#process.call('run', [order], order.durationMs + GRACE_MS);
  }

  stop(): Promise<void> {
    return this.#process.stop();
  }
}
