/** One request and its response, within bounds of time and size. */
import { AbortScope, abortable, nowMs } from './timing.js';

export interface HttpReply {
  readonly kind: 'reply';
  readonly status: number;
  /** Null: longer than allowed. */
  readonly body: string | null;
  readonly isRedirect: boolean;
  /** Of a redirect; null where the runtime hides it. */
  readonly location: string | null;
}

/** No whole response. */
export interface HttpFailure {
  readonly kind: 'failure';
  readonly text: string;
  readonly timedOut: boolean;
}

export interface RequestBounds {
  readonly timeoutMs: number;
  readonly bodyBytesMax: number;
  readonly signal: AbortSignal;
}

export class HttpExchange {
  readonly #fetch: typeof fetch;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(fetch_: typeof fetch, headers: Readonly<Record<string, string>>) {
    this.#fetch = fetch_;
    this.#headers = headers;
  }

  /** Rejects only with the reason of the signal. */
  async get(url: string, bounds: RequestBounds): Promise<HttpReply | HttpFailure> {
    const { timeoutMs, signal } = bounds;
    signal.throwIfAborted();
    const timedOut: HttpFailure = {
      kind: 'failure',
      text: `no response within ${timeoutMs} ms`,
      timedOut: true,
    };
    const startedAtMs = nowMs();
    const scope = new AbortScope(signal);
    scope.after(timeoutMs, () => scope.abort(timedOut));
    try {
      const reply = await abortable(
        this.#read(url, bounds.bodyBytesMax, scope.signal),
        scope.signal,
      );
      // A process that was paused finds the response before its timer: it is as old as the pause.
      if (nowMs() - startedAtMs > timeoutMs) return timedOut;
      if (reply.body === null) scope.abort(timedOut);
      return reply;
    } catch (thrown) {
      signal.throwIfAborted();
      return scope.signal.aborted
        ? timedOut
        : { kind: 'failure', text: failureText(thrown), timedOut: false };
    } finally {
      scope.end();
    }
  }

  async #read(url: string, bodyBytesMax: number, signal: AbortSignal): Promise<HttpReply> {
    // A redirect is no answer: freno never redirects these paths. A cache knows nothing of now.
    const init = { headers: this.#headers, redirect: 'manual', cache: 'no-store', signal } as const;
    const response = await this.#fetch(url, init);
    return {
      kind: 'reply',
      status: response.status,
      body: await boundedText(response, bodyBytesMax),
      isRedirect:
        response.type === 'opaqueredirect' || (response.status >= 300 && response.status < 400),
      location: response.headers.get('location'),
    };
  }
}

/** Null when the body is longer. */
async function boundedText(response: Response, bytesMax: number): Promise<string | null> {
  if (response.body === null) return '';
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    bytes += value.byteLength;
    if (bytes > bytesMax) return null;
    text += decoder.decode(value, { stream: true });
  }
}

/** `fetch` hides the cause: Node has it in `cause`, with a code. */
function failureText(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const { cause } = thrown;
  if (!(cause instanceof Error)) return thrown.message;
  const { code } = cause as { readonly code?: unknown };
  return cause.message !== '' ? cause.message : String(code ?? thrown.message);
}
