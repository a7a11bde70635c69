/**
 * The caller's side of request and response over a channel of messages (a MessagePort, the IPC
 * channel of a child process): numbers the requests and matches each response to its request.
 *
 * The other side may be slow, stuck or gone, so a call always settles: with the response, with
 * null after its time-out, or when the caller abandons it. The number of calls in flight is
 * bounded, because each one holds memory on both sides. One timer serves all calls: a timer per
 * call would be cancelled in nearly every case.
 */

interface PendingCall<R> {
  readonly deadlineMs: number;
  readonly settle: (response: R | null) => void;
}

export class PendingCalls<R> {
  readonly #callsMax: number;
  /** By the number of the request. */
  readonly #calls = new Map<number, PendingCall<R>>();
  #nextId = 0;
  #timer: NodeJS.Timeout | undefined;
  /** When `#timer` fires: at or before the earliest deadline. */
  #timerAtMs = Number.POSITIVE_INFINITY;

  /** `callsMax`: most calls in flight at a time. */
  constructor(callsMax: number) {
    this.#callsMax = callsMax;
  }

  /** Whether the next call would be refused. */
  get isFull(): boolean {
    return this.#calls.size >= this.#callsMax;
  }

  /**
   * Sends a request under a new number. Resolves with its response, or with null: no response
   * within `timeoutMs`, abandoned, or not sent at all because too many calls are in flight.
   */
  call(timeoutMs: number, send: (id: number) => void): Promise<R | null> {
    if (this.isFull) return Promise.resolve(null);
    const id = this.#nextId++;
    return new Promise((settle) => {
      const deadlineMs = performance.now() + timeoutMs;
      this.#calls.set(id, { deadlineMs, settle });
      if (deadlineMs < this.#timerAtMs) this.#setTimer(deadlineMs);
      send(id);
    });
  }

  /** A response has arrived; one to a call that has settled already is dropped. */
  settle(id: number, response: R | null): void {
    const call = this.#calls.get(id);
    if (call === undefined) return;
    this.#calls.delete(id);
    if (this.#calls.size === 0) this.#clearTimer();
    call.settle(response);
  }

  /** The other side is gone: settles every call, with null unless something else is given. */
  abandonAll(response: R | null = null): void {
    const calls = [...this.#calls.values()];
    this.#calls.clear();
    this.#clearTimer();
    for (const { settle } of calls) settle(response);
  }

  #expire(): void {
    this.#clearTimer();
    const nowMs = performance.now();
    let nextMs = Number.POSITIVE_INFINITY;
    for (const [id, { deadlineMs, settle }] of this.#calls) {
      if (deadlineMs > nowMs) {
        nextMs = Math.min(nextMs, deadlineMs);
        continue;
      }
      this.#calls.delete(id);
      settle(null);
    }
    if (this.#calls.size > 0) this.#setTimer(nextMs);
  }

  #setTimer(atMs: number): void {
    clearTimeout(this.#timer);
    this.#timerAtMs = atMs;
    this.#timer = setTimeout(() => this.#expire(), atMs - performance.now());
  }

  #clearTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#timerAtMs = Number.POSITIVE_INFINITY;
  }
}
