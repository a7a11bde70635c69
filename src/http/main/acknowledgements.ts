/** Which workers have not yet said that they have taken over a change. */

interface PendingChange<W> {
  readonly version: number;
  readonly missing: Set<W>;
  readonly resolve: () => void;
}

/**
 * Workers acknowledge in the order in which they were told: a later version stands for the earlier
 * ones.
 */
export class Acknowledgements<W> {
  /** In the order of their versions. */
  readonly #open: PendingChange<W>[] = [];
  #version = 0;

  /** Sends with a new version; resolves when each of the workers has acknowledged it or is gone. */
  expect(workers: readonly W[], send: (version: number) => void): Promise<void> {
    this.#version++;
    const version = this.#version;
    send(version);
    if (workers.length === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#open.push({ version, missing: new Set(workers), resolve });
    });
  }

  acknowledged(worker: W, version: number): void {
    this.#strike(worker, version);
  }

  gone(worker: W): void {
    this.#strike(worker, Number.POSITIVE_INFINITY);
  }

  #strike(worker: W, upTo: number): void {
    for (const change of this.#open) {
      if (change.version > upTo) break;
      change.missing.delete(worker);
    }
    // In order: who is missing from a change is missing from all later ones too.
    while (this.#open[0]?.missing.size === 0) this.#open.shift()?.resolve();
  }
}
