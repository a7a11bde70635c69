/**
 * How long this process got no turn on a busy machine: what it waits for may have come meanwhile,
 * and it did not see it.
 */

const TICK_MS = 20;

export class OwnPauses {
  #expectedAtMs = performance.now() + TICK_MS;
  #pausedMs = 0;
  readonly #timer = setInterval(() => this.#tick(), TICK_MS);

  /** In all since the start. */
  get pausedMs(): number {
    this.#tick();
    return this.#pausedMs;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #tick(): void {
    const nowMs = performance.now();
    this.#pausedMs += Math.max(0, nowMs - this.#expectedAtMs);
    this.#expectedAtMs = nowMs + TICK_MS;
  }
}
