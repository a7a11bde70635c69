/** Collects the load of all threads of the process, and takes profiles of them. */
import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { FrenoError } from '../../base/errors.js';
import { PendingCalls } from '../../base/pending-calls.js';
import type {
  DiagnosticsPorts,
  DiagnosticsRequest,
  DiagnosticsResponse,
  ProfileRequest,
  Profiler,
  ThreadKind,
  ThreadVitals,
} from '../../contracts/diagnostics.js';
import { ThreadDiagnostics } from '../shared/thread-diagnostics.js';

/** A thread that has not responded by then is left out. */
const VITALS_TIMEOUT_MS = 500;

/** For a profile, on top of the time that it covers: a large heap takes seconds to write. */
const WRITE_TIMEOUT_MS = 60_000;

/** A profile that no client has fetched by then is removed. */
const PROFILE_RETENTION_MS = 60_000;

/** Most requests in flight: some for each thread, of which there are a few dozen at most. */
const CALLS_MAX = 1_024;

/** By the name of a thread, such as `main` or `http-0`. */
export type Vitals = ReadonlyMap<string, ThreadVitals>;

/** A request without its number. */
type UnnumberedRequest = DiagnosticsRequest extends infer M
  ? M extends { id: number }
    ? Omit<M, 'id'>
    : never
  : never;

export class DiagnosticsHub implements DiagnosticsPorts, Profiler {
  readonly #main = new ThreadDiagnostics();
  /**
   * Threads in the order of their starts; a replacement may have the name of the one that it
   * replaces.
   */
  readonly #threads = new Map<MessagePort, string>();
  readonly #calls = new PendingCalls<DiagnosticsResponse>(CALLS_MAX);
  /** The thread that is being profiled. */
  #profiled: string | null = null;

  open(thread: string): MessagePort {
    const { port1, port2 } = new MessageChannel();
    this.#threads.set(port1, thread);
    port1.on('message', (response: DiagnosticsResponse) => {
      this.#calls.settle(response.id, response);
    });
    port1.once('close', () => this.#threads.delete(port1));
    port1.unref();
    return port2;
  }

  isProfiled(thread: string): boolean {
    return thread === this.#profiled;
  }

  stop(): void {
    this.#main.stop();
    for (const port of this.#threads.keys()) port.close();
  }

  async vitals(): Promise<Vitals> {
    const vitals = new Map([['main', this.#main.vitals()]]);
    const collecting = [...this.#threads].map(async ([port, thread]) => {
      const response = await this.#call(port, { kind: 'vitals' }, VITALS_TIMEOUT_MS);
      if (response?.kind === 'vitals') vitals.set(thread, response.vitals);
    });
    await Promise.all(collecting);
    return vitals;
  }

  async take(request: ProfileRequest): Promise<string> {
    if (this.#profiled !== null) {
      throw new FrenoError('OVERLOADED', 'another profile is being taken; try again after it');
    }
    const extension = request.seconds === null ? 'heapsnapshot' : 'cpuprofile';
    const path = join(tmpdir(), `freno-${process.pid}-${randomUUID()}.${extension}`);
    this.#profiled = request.thread;
    try {
      if (request.thread === 'main') await this.#profileMain(request.seconds, path);
      else await this.#profileThread(request.thread, request.seconds, path);
    } catch (error) {
      await rm(path, { force: true });
      throw error;
    } finally {
      this.#profiled = null;
    }
    setTimeout(() => void rm(path, { force: true }), PROFILE_RETENTION_MS).unref();
    return path;
  }

  #profileMain(seconds: number | null, path: string): Promise<void> {
    return seconds === null ? this.#main.heap(path) : this.#main.profile(seconds, path);
  }

  async #profileThread(kind: ThreadKind, seconds: number | null, path: string): Promise<void> {
    const [port, thread] = this.#firstOf(kind);
    this.#profiled = thread;
    const response = await this.#call(
      port,
      seconds === null ? { kind: 'heap', path } : { kind: 'profile', seconds, path },
      WRITE_TIMEOUT_MS + (seconds ?? 0) * 1000,
    );
    if (response?.kind !== 'written') throw new Error('the thread did not respond in time');
    if (response.error !== '') throw new Error(response.error);
  }

  #firstOf(kind: ThreadKind): readonly [MessagePort, string] {
    for (const entry of this.#threads) {
      if (entry[1].startsWith(`${kind}-`)) return entry;
    }
    throw new FrenoError('BAD_REQUEST', `there is no ${kind} thread now`);
  }

  /** Null when there is no response in time. */
  #call(
    port: MessagePort,
    request: UnnumberedRequest,
    timeoutMs: number,
  ): Promise<DiagnosticsResponse | null> {
    return this.#calls.call(timeoutMs, (id) => port.postMessage({ ...request, id }));
  }
}
