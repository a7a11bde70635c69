/**
 * The frenos of the demo: started as one cluster, the leader killed on request and started again.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Balancer } from './balancer.js';
import { type FrenoNode, layOutNodes } from './freno-node.js';
import type { HandoverView, NodeView } from './view.js';

const HEALTH_CHECK_MS = 25;
const RESTART_AFTER_MS = 2_000;

interface DemoHandover {
  readonly killed: number;
  readonly killedAtMs: number;
  readonly newLeader?: number;
  readonly leaderlessMs?: number;
}

export class Nodes {
  readonly balancer: Balancer;
  /** Killed, and not seen to have ended yet. */
  readonly #killed = new Set<FrenoNode>();
  #healthChecks: NodeJS.Timeout | undefined;
  #handover: DemoHandover | undefined;
  #stopping = false;

  /** Rejects when a node ends that nobody killed. */
  readonly broken: Promise<never>;
  #break: (reason: Error) => void = () => undefined;

  static async layOut(
    count: number,
    directory: string,
    configuration: Readonly<Record<string, unknown>>,
  ): Promise<Nodes> {
    return new Nodes(await layOutNodes(count, directory, configuration));
  }

  private constructor(private readonly nodes: readonly FrenoNode[]) {
    this.balancer = new Balancer(nodes.map(({ url }) => url));
    this.broken = new Promise((_resolve, reject) => {
      this.#break = reject;
    });
    this.broken.catch(() => undefined);
  }

  /** Resolves when one leads. */
  async start(): Promise<void> {
    for (const node of this.nodes) this.#start(node);
    await Promise.any(this.nodes.map((node) => node.process.waitFor('/leader-check', 200))).catch(
      (failures: AggregateError) => Promise.reject(failures.errors[0]),
    );
    await this.balancer.checkHealth();
    this.#healthChecks = setInterval(() => this.#checkHealth(), HEALTH_CHECK_MS);
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    clearInterval(this.#healthChecks);
    await Promise.all(this.nodes.map((node) => node.stop()));
    this.balancer.close();
  }

  /** Kills the node that leads, if one does, and starts it again some time later. */
  killLeader(): void {
    const killed = this.balancer.leader;
    const node = this.nodes[killed];
    if (node === undefined || !node.running || this.#stopping) return;
    this.#killed.add(node);
    this.#handover = { killed, killedAtMs: performance.now() };
    node.process.signal('SIGKILL');
    void this.#startAgain(node);
  }

  get views(): NodeView[] {
    return this.nodes.map(({ url, running }, index) => ({
      url,
      running,
      leading: running && index === this.balancer.leader,
    }));
  }

  get handover(): HandoverView | undefined {
    if (this.#handover === undefined) return undefined;
    const { killed, killedAtMs, newLeader, leaderlessMs } = this.#handover;
    return {
      killedNode: killed + 1,
      leaderlessMs: leaderlessMs ?? performance.now() - killedAtMs,
      newLeader: newLeader === undefined ? undefined : newLeader + 1,
    };
  }

  #start(node: FrenoNode): void {
    const process = node.start();
    process.exited.then(() => {
      if (this.#stopping || this.#killed.delete(node)) return;
      this.#break(new Error(`freno on port ${node.port} has ended:\n${process.log}`));
    });
  }

  async #startAgain(node: FrenoNode): Promise<void> {
    await node.process.exited;
    await delay(RESTART_AFTER_MS, undefined, { ref: false });
    if (!this.#stopping) this.#start(node);
  }

  async #checkHealth(): Promise<void> {
    await this.balancer.checkHealth();
    const { leader } = this.balancer;
    const handover = this.#handover;
    if (handover === undefined || handover.newLeader !== undefined) return;
    const node = this.nodes[leader];
    // The killed one may have answered with its last breath.
    if (node === undefined || !node.running || this.#killed.has(node)) return;
    this.#handover = {
      ...handover,
      newLeader: leader,
      leaderlessMs: performance.now() - handover.killedAtMs,
    };
  }
}
