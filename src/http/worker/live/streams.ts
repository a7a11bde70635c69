/**
 * The streams of the page (server-sent events: WHATWG HTML, section 9.2).
 *
 * Once a second the topics are written, once for all streams of the thread, and each stream gets
 * those that have changed since it last got them. While a client does not take what it got, it gets
 * nothing more: a topic is whole each time, so that what is left out is not missed.
 *
 * When the node stops leading all streams end: a client behind a balancer comes again, and meets
 * the next leader.
 */
import { monotonicMs } from '../../../base/clock.js';
import type { StreamOpener, StreamSink } from './sink.js';

/** A topic and its JSON, on one line. */
export type TopicTexts = ReadonlyMap<string, string>;

export interface StreamSources {
  /** Resolves with all topics that can be written now; does not reject. */
  readonly write: () => Promise<TopicTexts>;
  readonly isLeading: () => boolean;
}

export interface StreamLimits {
  /** Of one thread. */
  readonly streamsMax: number;
  readonly periodMs: number;
  /** A client that takes nothing for so long is cut off. */
  readonly stalledMs: number;
}

const STREAM_LIMITS: StreamLimits = { streamsMax: 200, periodMs: 1_000, stalledMs: 10_000 };

/** How soon a client should come again, in milliseconds. */
const RETRY = 'retry: 1000\n\n';

interface OpenStream {
  readonly sink: StreamSink;
  /** By topic, what was sent last. */
  readonly sent: Map<string, string>;
  writableAtMs: number;
}

export class LiveStreams {
  readonly #sources: StreamSources;
  readonly #limits: StreamLimits;
  readonly #streams = new Set<OpenStream>();
  #latest: TopicTexts = new Map();
  #timer: NodeJS.Timeout | undefined;
  #isWriting = false;
  #wasLeading = false;
  #isStopped = false;

  constructor(sources: StreamSources, limits = STREAM_LIMITS) {
    this.#sources = sources;
    this.#limits = limits;
  }

  get size(): number {
    return this.#streams.size;
  }

  /** Undefined when there are too many streams, or the thread stops. */
  get opener(): StreamOpener | undefined {
    const isFull = this.#streams.size >= this.#limits.streamsMax;
    return isFull || this.#isStopped ? undefined : (sink) => this.#open(sink);
  }

  /** Ends all streams; their clients come again, to another node or worker. */
  stop(): void {
    this.#isStopped = true;
    this.#endAll();
  }

  #open(sink: StreamSink): void {
    const stream: OpenStream = { sink, sent: new Map(), writableAtMs: monotonicMs() };
    this.#streams.add(stream);
    sink.onClose(() => this.#closed(stream));
    sink.write(RETRY);
    if (this.#timer === undefined) {
      this.#timer = setInterval(() => void this.#tick(), this.#limits.periodMs);
      void this.#tick();
    } else {
      this.#send(stream);
    }
  }

  #endAll(): void {
    for (const { sink } of this.#streams) sink.end();
  }

  #closed(stream: OpenStream): void {
    this.#streams.delete(stream);
    if (this.#streams.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    // What was so while there were streams is nothing to the next one.
    this.#latest = new Map();
    this.#wasLeading = false;
  }

  async #tick(): Promise<void> {
    if (this.#isWriting) return;
    this.#isWriting = true;
    try {
      const isLeading = this.#sources.isLeading();
      if (this.#wasLeading && !isLeading) this.#endAll();
      this.#wasLeading = isLeading;
      const written = await this.#sources.write();
      if (this.#streams.size === 0) return;
      this.#latest = new Map([...this.#latest, ...written]);
      for (const stream of this.#streams) this.#send(stream);
    } finally {
      this.#isWriting = false;
    }
  }

  #send(stream: OpenStream): void {
    const { sink, sent } = stream;
    const nowMs = monotonicMs();
    if (!sink.isWritable) {
      if (nowMs - stream.writableAtMs > this.#limits.stalledMs) sink.abort();
      return;
    }
    stream.writableAtMs = nowMs;
    let chunk = '';
    for (const [topic, text] of this.#latest) {
      if (sent.get(topic) === text) continue;
      sent.set(topic, text);
      chunk += `event: ${topic}\ndata: ${text}\n\n`;
    }
    if (chunk !== '') sink.write(chunk);
  }
}
