/**
 * Server-sent events over `fetch`, which sends the token of the page: an `EventSource` sends no
 * headers. It reads what the node writes (WHATWG HTML, section 9.2): events of one line of data.
 */
import { authorization, messageIn } from './api.js';

export interface StreamListener {
  /** The node has accepted the request. */
  readonly opened: () => void;
  readonly received: (event: string, data: string) => void;
  /** `refusal`: why the caller gets no stream; empty: it ended or broke. */
  readonly ended: (refusal: string) => void;
}

/** Of freno itself: a balancer without a leader answers otherwise, and for a moment. */
const REFUSALS = [401, 403, 429];

/** An event is as long as a topic; without an end that is no stream of freno. */
const EVENT_LENGTH_MAX = 16 * 1024 * 1024;

export class EventStream {
  readonly #abort = new AbortController();

  constructor(path: string, listener: StreamListener) {
    void this.#run(path, listener);
  }

  /** The listener is not called any more. */
  close(): void {
    this.#abort.abort();
  }

  async #run(path: string, listener: StreamListener): Promise<void> {
    const { signal } = this.#abort;
    let refusal = '';
    try {
      const init = { headers: authorization(), cache: 'no-store', signal } as const;
      const response = await fetch(path, init);
      if (response.ok && response.body !== null) {
        listener.opened();
        await this.#read(response.body.getReader(), listener);
      } else if (REFUSALS.includes(response.status)) {
        refusal = messageIn(await response.text());
      }
    } catch {
      // Broken, or closed: both are an end.
    }
    if (!signal.aborted) listener.ended(refusal);
  }

  async #read(
    reader: ReadableStreamDefaultReader<Uint8Array>,
    { received }: StreamListener,
  ): Promise<void> {
    const decoder = new TextDecoder();
    let text = '';
    for (;;) {
      const { done, value } = await reader.read();
      if (done || this.#abort.signal.aborted) return;
      const events = (text + decoder.decode(value, { stream: true })).split('\n\n');
      text = events.pop() ?? '';
      if (text.length > EVENT_LENGTH_MAX) throw new Error('an event without an end');
      for (const event of events) {
        const fields = new Map(event.split('\n').map(fieldOf));
        const data = fields.get('data');
        if (data !== undefined) received(fields.get('event') ?? 'message', data);
      }
    }
  }
}

function fieldOf(line: string): [name: string, value: string] {
  const colon = line.indexOf(':');
  return [line.slice(0, colon), line.slice(colon + 1).replace(/^ /, '')];
}
