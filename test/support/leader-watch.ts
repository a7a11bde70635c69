/** Asks nodes for `/leader-check` all the time, and remembers who said yes to which request. */
import { setTimeout as delay } from 'node:timers/promises';
import { fetchOnce } from './http-client.js';

const PAUSE_MS = 4;

/** An answer of 200, by the clock of the asker. */
export interface Yes {
  readonly sentAtMs: number;
  readonly answeredAtMs: number;
}

export interface WatchedNode {
  readonly port: number;
  readonly host?: string;
}

export class LeaderWatch {
  readonly #yes = new Map<WatchedNode, Yes[]>();
  readonly #answers = new Map<WatchedNode, number>();
  readonly #loops: Array<Promise<void>>;
  #ended = false;

  constructor(nodes: readonly WatchedNode[]) {
    this.#loops = nodes.map((node) => this.#watch(node));
  }

  /** What a node has said yes to so far. */
  yesOf(node: WatchedNode): readonly Yes[] {
    return this.#yes.get(node) ?? [];
  }

  /** How often a node has answered at all. */
  answersOf(node: WatchedNode): number {
    return this.#answers.get(node) ?? 0;
  }

  /** Resolves with the next request of that node that is answered 200 from now on. */
  async nextYes(node: WatchedNode, timeoutMs = 10_000): Promise<Yes> {
    const fromMs = performance.now();
    while (performance.now() - fromMs < timeoutMs) {
      const yes = this.yesOf(node).find(({ sentAtMs }) => sentAtMs >= fromMs);
      if (yes !== undefined) return yes;
      await delay(PAUSE_MS);
    }
    throw new Error(`the node on port ${node.port} did not say yes within ${timeoutMs} ms`);
  }

  /** Resolves when the node has answered a request that was sent after now. */
  async nextAnswer(node: WatchedNode, timeoutMs = 10_000): Promise<void> {
    // The request that may be under way now, and one after it.
    const enough = this.answersOf(node) + 2;
    const fromMs = performance.now();
    while (this.answersOf(node) < enough) {
      if (performance.now() - fromMs > timeoutMs) {
        throw new Error(`the node on port ${node.port} did not answer within ${timeoutMs} ms`);
      }
      await delay(PAUSE_MS);
    }
  }

  async end(): Promise<void> {
    this.#ended = true;
    await Promise.all(this.#loops);
  }

  async #watch(node: WatchedNode): Promise<void> {
    const yes: Yes[] = [];
    this.#yes.set(node, yes);
    while (!this.#ended) {
      const sentAtMs = performance.now();
      const options = node.host === undefined ? {} : { host: node.host };
      const status = await fetchOnce(node.port, '/leader-check', options).then(
        (answer) => answer.status,
        () => undefined,
      );
      if (status === 200) yes.push({ sentAtMs, answeredAtMs: performance.now() });
      if (status !== undefined) this.#answers.set(node, this.answersOf(node) + 1);
      await delay(PAUSE_MS);
    }
  }
}
