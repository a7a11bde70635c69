/**
 * Polls `/leader-check` of all nodes, and finds two that had the lease at once.
 *
 * A response 200 says that the node had the lease at some instant between request and response.
 * Two such intervals that overlap prove nothing. But a node that responds 200 again and again had
 * it all the time in between: to lose it and to win it back takes an election. So another node must
 * not respond 200 to a request that was sent and answered within such a run.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { BreakableNode } from './cluster.js';
import { get } from './http.js';
import type { Violations } from './violations.js';

const PAUSE_MS = 4;
const TIMEOUT_MS = 1_000;

/**
 * Between two requests of a run, at most. A node cannot lose and win back the lease in it: votes
 * are locked out for longer after each heartbeat (`RaftElectionMillis` is 400).
 */
const RUN_GAP_MAX_MS = 200;

interface Confirmation {
  readonly sentAtMs: number;
  readonly answeredAtMs: number;
}

type Run = Confirmation[];

export class LeadershipWatch {
  readonly #runs = new Map<BreakableNode, Run[]>();
  readonly #loops: ReadonlyArray<Promise<void>>;
  #ended = false;
  #leader: BreakableNode | undefined;
  #lastYesMs = performance.now();
  #changes = 0;
  #longestGapMs = 0;

  constructor(private readonly nodes: readonly BreakableNode[]) {
    this.#loops = nodes.map((node) => this.#watch(node));
  }

  /** The node that responded 200 last. */
  get leader(): BreakableNode | undefined {
    return this.#leader;
  }

  /** How often another node than before responded 200. */
  get changes(): number {
    return this.#changes;
  }

  /** The longest time without a 200 of any node. */
  get longestGapMs(): number {
    return this.#longestGapMs;
  }

  async end(): Promise<void> {
    this.#ended = true;
    await Promise.all(this.#loops);
  }

  /** After `end`. */
  judge(violations: Violations): void {
    for (const holder of this.nodes) {
      for (const run of this.#runs.get(holder) ?? []) {
        for (const other of this.nodes) {
          if (other !== holder) this.#judgeRun(holder, run, other, violations);
        }
      }
    }
  }

  #judgeRun(holder: BreakableNode, run: Run, other: BreakableNode, violations: Violations): void {
    const fromMs = run.at(0)!.answeredAtMs;
    const untilMs = run.at(-1)!.sentAtMs;
    for (const { sentAtMs, answeredAtMs } of (this.#runs.get(other) ?? []).flat()) {
      if (sentAtMs < fromMs || answeredAtMs > untilMs) continue;
      violations.add(
        'twoLeaders',
        `node ${holder.number} from ${fromMs.toFixed(1)} to ${untilMs.toFixed(1)} ms, ` +
          `node ${other.number} at ${sentAtMs.toFixed(1)} to ${answeredAtMs.toFixed(1)} ms`,
      );
    }
  }

  async #watch(node: BreakableNode): Promise<void> {
    const runs: Run[] = [];
    this.#runs.set(node, runs);
    let run: Run | undefined;
    while (!this.#ended) {
      const { status, sentAtMs, answeredAtMs } = await get(node.port, '/leader-check', TIMEOUT_MS);
      if (status !== 200) {
        run = undefined;
      } else {
        const last = run?.at(-1);
        if (last === undefined || answeredAtMs - last.sentAtMs > RUN_GAP_MAX_MS) {
          run = [];
          runs.push(run);
        }
        run!.push({ sentAtMs, answeredAtMs });
        this.#noteLeader(node);
      }
      await delay(PAUSE_MS);
    }
  }

  #noteLeader(node: BreakableNode): void {
    const nowMs = performance.now();
    this.#longestGapMs = Math.max(this.#longestGapMs, nowMs - this.#lastYesMs);
    this.#lastYesMs = nowMs;
    if (this.#leader !== node) this.#changes += 1;
    this.#leader = node;
  }
}
