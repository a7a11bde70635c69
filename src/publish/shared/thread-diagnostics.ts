/** A thread measures itself: the delay of its event loop, its memory, and profiles on demand. */
import { createWriteStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { Session } from 'node:inspector/promises';
import { type IntervalHistogram, monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { pipeline } from 'node:stream/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { getHeapSnapshot, getHeapStatistics } from 'node:v8';
import type { MessagePort } from 'node:worker_threads';
import { messageOf } from '../../base/errors.js';
import type {
  DiagnosticsRequest,
  DiagnosticsResponse,
  ThreadVitals,
} from '../../contracts/diagnostics.js';

/**
 * How often the delay of the event loop is sampled. Each sample wakes the thread up: more often,
 * they are most of what an idle freno costs.
 */
const RESOLUTION_MS = 250;

/**
 * Reported delays cover the current window and the one before, so that they do not depend on how
 * often they are read.
 */
const WINDOW_MS = 10_000;

/** Only this user may read what a profile reveals. */
const FILE_OPTIONS = { flag: 'wx', mode: 0o600 } as const;

interface Delays {
  readonly meanMs: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

const NO_DELAYS: Delays = { meanMs: 0, p99Ms: 0, maxMs: 0 };

export class ThreadDiagnostics {
  readonly #histogram: IntervalHistogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  readonly #timer: NodeJS.Timeout;
  #previous: Delays = NO_DELAYS;

  /** Measures the thread that creates it, without keeping that thread alive. */
  constructor() {
    this.#histogram.enable();
    this.#timer = setInterval(() => this.#nextWindow(), WINDOW_MS);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#histogram.disable();
  }

  vitals(): ThreadVitals {
    const now = delaysOf(this.#histogram);
    const before = this.#previous;
    const heap = getHeapStatistics();
    return {
      loopDelayMeanSeconds: Math.max(now.meanMs, before.meanMs) / 1000,
      loopDelayP99Seconds: Math.max(now.p99Ms, before.p99Ms) / 1000,
      loopDelayMaxSeconds: Math.max(now.maxMs, before.maxMs) / 1000,
      loopActiveSeconds: performance.eventLoopUtilization().active / 1000,
      heapUsedBytes: heap.used_heap_size,
      heapSizeBytes: heap.total_heap_size,
      externalBytes: heap.external_memory,
    };
  }

  /** Writes a CPU profile of the next `seconds` to a new file. */
  async profile(seconds: number, path: string): Promise<void> {
    const session = new Session();
    session.connect();
    try {
      await session.post('Profiler.enable');
      await session.post('Profiler.start');
      await pause(seconds * 1000);
      const { profile } = await session.post('Profiler.stop');
      await writeFile(path, JSON.stringify(profile), FILE_OPTIONS);
    } finally {
      session.disconnect();
    }
  }

  /** Writes a heap snapshot to a new file. V8 blocks the thread while it takes the snapshot. */
  async heap(path: string): Promise<void> {
    const { flag, mode } = FILE_OPTIONS;
    await pipeline(getHeapSnapshot(), createWriteStream(path, { flags: flag, mode }));
  }

  #nextWindow(): void {
    this.#previous = delaysOf(this.#histogram);
    this.#histogram.reset();
  }
}

/** Responds to main's requests about this thread while it runs, without keeping it alive. */
export function serveDiagnostics(port: MessagePort): void {
  const diagnostics = new ThreadDiagnostics();
  const respond = (response: DiagnosticsResponse): void => port.postMessage(response);
  const respondWhenWritten = (id: number, writing: Promise<void>): void => {
    writing.then(
      () => respond({ kind: 'written', id, error: '' }),
      (error: unknown) => respond({ kind: 'written', id, error: messageOf(error) }),
    );
  };
  port.on('message', (request: DiagnosticsRequest) => {
    switch (request.kind) {
      case 'vitals':
        respond({ kind: 'vitals', id: request.id, vitals: diagnostics.vitals() });
        break;
      case 'profile':
        respondWhenWritten(request.id, diagnostics.profile(request.seconds, request.path));
        break;
      case 'heap':
        respondWhenWritten(request.id, diagnostics.heap(request.path));
        break;
    }
  });
  port.once('close', () => diagnostics.stop());
  port.unref();
}

/** The histogram holds the times between samples, of which the interval itself is no delay. */
function delaysOf(histogram: IntervalHistogram): Delays {
  if (histogram.count === 0) return NO_DELAYS;
  const late = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - RESOLUTION_MS);
  return {
    meanMs: late(histogram.mean),
    p99Ms: late(histogram.percentile(99)),
    maxMs: late(histogram.max),
  };
}
