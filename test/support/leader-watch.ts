/** Polls `/leader-check` of nodes without pause, and records which request had a 200. */
import { setTimeout as delay } from 'node:timers/promises';
import { fetchOnce } from './http-client.js';
import { until } from './until.js';

const PAUSE_MS = 4;

/** A response 200, by the clock of this process. */
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

  /** Requests that the node has responded 200 to so far. */
  yesOf(node: WatchedNode): readonly Yes[] {
    return this.#yes.get(node) ?? [];
  }

  /** How often the node has responded, with any status. */
  answersOf(node: WatchedNode): number {
    return this.#answers.get(node) ?? 0;
  }

  /** Resolves with the first request to that node, sent from now on, that has a 200. */
  nextYes(node: WatchedNode): Promise<Yes> {
    const fromMs = performance.now();
    return until(() => this.yesOf(node).find(({ sentAtMs }) => sentAtMs >= fromMs));
  }

  /** Resolves with the first of these nodes that responds 200 to a request sent from now on. */
  anyYes<Node extends WatchedNode>(nodes: readonly Node[]): Promise<Node> {
    const fromMs = performance.now();
    return until(() => nodes.find((node) => (this.yesOf(node).at(-1)?.sentAtMs ?? 0) >= fromMs));
  }

  /** Resolves when the node has responded to a request that is sent after this call. */
  nextAnswer(node: WatchedNode): Promise<true> {
    // A request that may be in flight now, and the one after it.
    const enough = this.answersOf(node) + 2;
    return until(() => this.answersOf(node) >= enough);
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
