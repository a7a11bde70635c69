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

/** What a request is sent with. */
export interface FetchRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly redirect: 'manual';
  readonly cache: 'no-store';
  readonly signal: AbortSignal;
}

/** What is read of a response. */
export interface FetchedResponse {
  readonly status: number;
  /** `opaqueredirect`: of a browser, which hides all else of a redirect. */
  readonly type?: string | undefined;
  readonly headers: { get(name: string): string | null };
  readonly body: { getReader(): BodyReader } | null;
}

export interface BodyReader {
  read(): Promise<{ readonly done?: boolean; readonly value?: Uint8Array | undefined }>;
}

/** The global `fetch` is one. */
export type FetchFunction = (url: string, request: FetchRequest) => Promise<FetchedResponse>;

export interface RequestBounds {
  readonly timeoutMs: number;
  readonly bodyBytesMax: number;
  readonly signal: AbortSignal;
}

export class HttpExchange {
  readonly #fetch: FetchFunction;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(fetch_: FetchFunction, headers: Readonly<Record<string, string>>) {
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
    const response = await this.#fetch(url, {
      headers: this.#headers,
      redirect: 'manual',
      cache: 'no-store',
      signal,
    });
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
async function boundedText({ body }: FetchedResponse, bytesMax: number): Promise<string | null> {
  if (body === null) return '';
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done || value === undefined) return text + decoder.decode();
    bytes += value.byteLength;
    if (bytes > bytesMax) return null;
    text += decoder.decode(value, { stream: true });
  }
}

/** `fetch` hides the cause: Node has it in `cause`. Of several addresses it has only a code. */
function failureText(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const error = thrown.cause instanceof Error ? thrown.cause : thrown;
  const { code, reason } = error as { readonly code?: unknown; readonly reason?: unknown };
  // The message of OpenSSL names lines of its source.
  if (/^ERR_SSL_/.test(String(code)))
    return `TLS: ${reason ?? code}${TLS_HINTS[String(code)] ?? ''}`;
  return error.message !== '' ? error.message : String(code ?? thrown.message);
}

const TLS_HINTS: Readonly<Record<string, string>> = {
  ERR_SSL_WRONG_VERSION_NUMBER: '; the server may not speak TLS: http:// instead of https://?',
};
