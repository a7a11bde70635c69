/**
 * Changes that main sends to threads, and which threads have not acknowledged them yet.
 *
 * A change counts as done when no live thread works by the old state any more: each has
 * acknowledged it or has ended. A thread that ends must therefore be reported as gone, or the
 * change never completes.
 */

interface PendingChange<W> {
  readonly version: number;
  /** Threads that have not acknowledged it. */
  readonly missing: Set<W>;
  readonly acknowledged: Promise<void>;
  readonly resolve: () => void;
}

/**
 * Messages to a thread keep their order, and so do its acknowledgements: a later version stands
 * for the earlier ones.
 */
export class Acknowledgements<W> {
  /** In the order of their versions. */
  readonly #pending: PendingChange<W>[] = [];
  #version = 0;

  /** Sends with a new version; resolves when each worker has acknowledged it or is gone. */
  expect(workers: readonly W[], send: (version: number) => void): Promise<void> {
    this.#version++;
    const version = this.#version;
    send(version);
    if (workers.length === 0) return Promise.resolve();
    let resolve = (): void => {};
    const acknowledged = new Promise<void>((settle) => {
      resolve = settle;
    });
    this.#pending.push({ version, missing: new Set(workers), acknowledged, resolve });
    return acknowledged;
  }

  /** Resolves when every change so far is done: changes are done in order. */
  settled(): Promise<void> {
    return this.#pending.at(-1)?.acknowledged ?? Promise.resolve();
  }

  acknowledged(worker: W, version: number): void {
    this.#strike(worker, version);
  }

  gone(worker: W): void {
    this.#strike(worker, Number.POSITIVE_INFINITY);
  }

  #strike(worker: W, upTo: number): void {
    for (const change of this.#pending) {
      if (change.version > upTo) break;
      change.missing.delete(worker);
    }
    // In order: a worker that is missing from a change is missing from all later ones too.
    while (this.#pending[0]?.missing.size === 0) this.#pending.shift()?.resolve();
  }
}
