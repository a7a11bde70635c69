/** The stream of the node: it comes again by itself, and says at once when it is lost. */
import { TOPIC_NAMES, type TopicName, type Topics } from './topics.js';

const STREAM = '/web/stream';
/** The node sends something each second: after so long without, the stream counts as lost. */
const SILENT_MAX_MS = 2_500;
const RETRY_MS = 1_000;
const LOOK_MS = 500;

export class LiveTopics {
  #topics: Topics = {};
  #source: EventSource | undefined;
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

  start(): void {
    this.#connect();
    setInterval(() => this.#look(), LOOK_MS);
  }

  #connect(): void {
    const source = new EventSource(STREAM);
    this.#source = source;
    for (const name of TOPIC_NAMES) {
      source.addEventListener(name, ({ data }) => this.#received(name, data));
    }
    source.addEventListener('error', () => {
      this.#isOpen = false;
      this.#changed(null);
      // The browser comes again by itself, unless it was refused.
      if (source.readyState === EventSource.CLOSED) this.#reconnectLater(source);
    });
  }

  #reconnectLater(source: EventSource): void {
    setTimeout(() => {
      if (this.#source === source) this.#connect();
    }, RETRY_MS);
  }

  #received(name: TopicName, data: string): void {
    this.#isOpen = true;
    this.#heardAtMs = performance.now();
    this.#topics = { ...this.#topics, [name]: JSON.parse(data) };
    this.#changed(name);
  }

  /** A connection that hangs is given up: the browser would wait for it without end. */
  #look(): void {
    this.#changed(null);
    const source = this.#source;
    if (this.isLive || source === undefined || this.#silentMs() % 5_000 > LOOK_MS) return;
    if (source.readyState !== EventSource.OPEN) return;
    source.close();
    this.#connect();
  }

  #silentMs(): number {
    return performance.now() - (this.#heardAtMs ?? this.#startedAtMs);
  }
}
