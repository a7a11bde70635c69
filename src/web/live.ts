/** The stream of the node: it comes again by itself, and says at once when it is lost. */
import { EventStream } from './event-stream.js';
import { TOPIC_NAMES, type TopicName, type Topics } from './topics.js';

const STREAM = '/web/stream';
/** The node sends something each second: after so long without, the stream counts as lost. */
const SILENT_MAX_MS = 2_500;
const RETRY_MS = 1_000;
const LOOK_MS = 500;
/** A request that brings nothing for so long is made again. */
const HANGING_MS = 5_000;

export class LiveTopics {
  #topics: Topics = {};
  #stream: EventStream | undefined;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  #connectedAtMs = 0;
  #refusal = '';
  #isOpen = false;
  #heardAtMs: number | null = null;
  readonly #startedAtMs = performance.now();
  readonly #changed: (topic: TopicName | null) => void;

  /** `changed`: a topic is new, or (null) the stream may stand differently. */
  constructor(changed: (topic: TopicName | null) => void) {
    this.#changed = changed;
  }

  get topics(): Topics {
    return this.#topics;
  }

  get isLive(): boolean {
    return this.#isOpen && this.#silentMs() < SILENT_MAX_MS;
  }

  /** Since something came; since the start, when nothing has. */
  get silentSeconds(): number {
    return this.#silentMs() / 1_000;
  }

  /** Why the node gives no stream; empty: it does, or does not answer. */
  get refusal(): string {
    return this.#refusal;
  }

  start(): void {
    this.connect();
    setInterval(() => this.#look(), LOOK_MS);
  }

  /** Begins again, as another caller. */
  connect(): void {
    this.#stream?.close();
    clearTimeout(this.#retryTimer);
    this.#connectedAtMs = performance.now();
    this.#stream = new EventStream(STREAM, {
      opened: () => {
        this.#refusal = '';
      },
      received: (event, data) => this.#received(event, data),
      ended: (refusal) => {
        this.#isOpen = false;
        this.#refusal = refusal;
        this.#retryTimer = setTimeout(() => this.connect(), RETRY_MS);
        this.#changed(null);
      },
    });
  }

  #received(event: string, data: string): void {
    const name = TOPIC_NAMES.find((topic) => topic === event);
    if (name === undefined) return;
    this.#isOpen = true;
    this.#heardAtMs = performance.now();
    this.#topics = { ...this.#topics, [name]: JSON.parse(data) };
    this.#changed(name);
  }

  /** A connection that hangs is given up: the browser would wait for it without end. */
  #look(): void {
    this.#changed(null);
    if (this.isLive || performance.now() - this.#connectedAtMs < HANGING_MS) return;
    this.connect();
  }

  #silentMs(): number {
    return performance.now() - (this.#heardAtMs ?? this.#startedAtMs);
  }
}
