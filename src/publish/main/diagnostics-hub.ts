/** All threads of the process as main asks them about themselves. */
import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { FrenoError } from '../../base/errors.js';
import type {
  DiagnosticsPorts,
  FromDiagnostics,
  ProfileRequest,
  Profiler,
  ThreadKind,
  ThreadVitals,
  ToDiagnostics,
} from '../../contracts/diagnostics.js';
import { ThreadDiagnostics } from '../shared/thread-diagnostics.js';

/** A thread that does not answer by then is left out. */
const VITALS_TIMEOUT_MS = 500;

/**
 * How long a profile may take beside the time that it covers: a large heap is written for seconds.
 */
const WRITE_TIMEOUT_MS = 60_000;

/** A profile that nobody has fetched by then is removed. */
const KEPT_MS = 60_000;

/** By the name of a thread, such as `main` or `http-0`. */
export type Vitals = ReadonlyMap<string, ThreadVitals>;

/** A message without its number. */
type Asking = ToDiagnostics extends infer M
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
  readonly #questions = new Map<number, (answer: FromDiagnostics | null) => void>();
  #lastId = 0;
  /** The thread that a profile is being taken of. */
  #profiled: string | null = null;

  open(thread: string): MessagePort {
    const { port1, port2 } = new MessageChannel();
    this.#threads.set(port1, thread);
    port1.on('message', (answer: FromDiagnostics) => {
      this.#questions.get(answer.id)?.(answer);
      this.#questions.delete(answer.id);
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
    const answers = [...this.#threads].map(async ([port, thread]) => {
      const answer = await this.#ask(port, { kind: 'vitals' }, VITALS_TIMEOUT_MS);
      if (answer?.kind === 'vitals') vitals.set(thread, answer.vitals);
    });
    await Promise.all(answers);
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
      if (request.thread === 'main') await this.#takeOfMain(request.seconds, path);
      else await this.#takeOf(request.thread, request.seconds, path);
    } catch (error) {
      await rm(path, { force: true });
      throw error;
    } finally {
      this.#profiled = null;
    }
    setTimeout(() => void rm(path, { force: true }), KEPT_MS).unref();
    return path;
  }

  #takeOfMain(seconds: number | null, path: string): Promise<void> {
    return seconds === null ? this.#main.heap(path) : this.#main.profile(seconds, path);
  }

  async #takeOf(kind: ThreadKind, seconds: number | null, path: string): Promise<void> {
    const [port, thread] = this.#firstOf(kind);
    this.#profiled = thread;
    const answer = await this.#ask(
      port,
      seconds === null ? { kind: 'heap', path } : { kind: 'profile', seconds, path },
      WRITE_TIMEOUT_MS + (seconds ?? 0) * 1000,
    );
    if (answer?.kind !== 'written') throw new Error('the thread did not answer in time');
    if (answer.error !== '') throw new Error(answer.error);
  }

  #firstOf(kind: ThreadKind): readonly [MessagePort, string] {
    for (const entry of this.#threads) {
      if (entry[1].startsWith(`${kind}-`)) return entry;
    }
    throw new FrenoError('BAD_REQUEST', `there is no ${kind} thread now`);
  }

  /** Null when there is no answer in time. */
  #ask(port: MessagePort, asking: Asking, timeoutMs: number): Promise<FromDiagnostics | null> {
    const id = ++this.#lastId;
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#questions.delete(id);
        resolve(null);
      }, timeoutMs);
      this.#questions.set(id, (answer) => {
        clearTimeout(timer);
        resolve(answer);
      });
      port.postMessage({ ...asking, id });
    });
  }
}
