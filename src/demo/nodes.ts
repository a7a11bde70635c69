/** The freno nodes of the demo: one cluster, whose nodes are restarted when they are killed. */
import { setTimeout as delay } from 'node:timers/promises';
import { Balancer } from './balancer.js';
import { createNodes, type FrenoNode } from './freno-node.js';
import type { Exit } from './freno-process.js';
import type { FailoverView, NodeView } from './view.js';

const HEALTH_CHECK_MS = 25;
const RESTART_AFTER_MS = 2_000;
/** Of a node that failed. */
const LOG_LINES_SHOWN = 10;

interface DemoFailover {
  readonly killed: number;
  readonly killedAtMs: number;
  readonly newLeader?: number;
  readonly leaderlessMs?: number;
}

export class Nodes {
  readonly balancer: Balancer;
  /** Killed or ended, and not started again yet. */
  readonly #down = new Set<FrenoNode>();
  #healthChecks: NodeJS.Timeout | undefined;
  #failover: DemoFailover | undefined;
  #stopping = false;

  /** Rejects when a node ends by a failure of its own. */
  readonly broken: Promise<never>;
  #break: (reason: Error) => void = () => undefined;

  static async create(
    count: number,
    directory: string,
    configuration: Readonly<Record<string, unknown>>,
    ports: readonly number[],
  ): Promise<Nodes> {
    return new Nodes(await createNodes(count, directory, configuration, ports));
  }

  private constructor(private readonly nodes: readonly FrenoNode[]) {
    this.balancer = new Balancer(nodes.map(({ url }) => url));
    this.broken = new Promise((_resolve, reject) => {
      this.#break = reject;
    });
    this.broken.catch(() => undefined);
  }

  /** Resolves when there is a leader. */
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

  /** Kills the leader, if there is one: it is restarted some time later. */
  killLeader(): void {
    const node = this.nodes[this.balancer.leader];
    if (node === undefined || !node.running || this.#stopping || this.#down.has(node)) return;
    this.#lost(node);
    node.process.signal('SIGKILL');
  }

  get views(): NodeView[] {
    return this.nodes.map(({ url, running }, index) => ({
      url,
      running,
      leading: running && index === this.balancer.leader,
    }));
  }

  get failover(): FailoverView | undefined {
    if (this.#failover === undefined) return undefined;
    const { killed, killedAtMs, newLeader, leaderlessMs } = this.#failover;
    return {
      killedNode: killed + 1,
      leaderlessMs: leaderlessMs ?? performance.now() - killedAtMs,
      newLeader: newLeader === undefined ? undefined : newLeader + 1,
    };
  }

  #start(node: FrenoNode): void {
    this.#down.delete(node);
    node.start().exited.then((exit) => this.#ended(node, exit));
  }

  /** A node that somebody ended is restarted, however it was ended; one that failed is not. */
  #ended(node: FrenoNode, { code, signal }: Exit): void {
    if (this.#stopping) return;
    if (signal === null && code !== 0) {
      const lines = node.process.logLines.slice(-LOG_LINES_SHOWN).join('\n');
      this.#break(new Error(`freno on port ${node.port} has failed:\n${lines}`));
      return;
    }
    if (!this.#down.has(node)) this.#lost(node);
    void this.#restart(node);
  }

  #lost(node: FrenoNode): void {
    this.#down.add(node);
    const lost = this.nodes.indexOf(node);
    // The health check may have noticed it first.
    const wasLeading = [lost, -1].includes(this.balancer.leader);
    if (wasLeading) this.#failover = { killed: lost, killedAtMs: performance.now() };
  }

  async #restart(node: FrenoNode): Promise<void> {
    await delay(RESTART_AFTER_MS, undefined, { ref: false });
    if (!this.#stopping) this.#start(node);
  }

  async #checkHealth(): Promise<void> {
    await this.balancer.checkHealth();
    const { leader } = this.balancer;
    const failover = this.#failover;
    if (failover === undefined || failover.newLeader !== undefined) return;
    const node = this.nodes[leader];
    // The killed node may have responded just before its end.
    if (node === undefined || !node.running || this.#down.has(node)) return;
    this.#failover = {
      ...failover,
      newLeader: leader,
      leaderlessMs: performance.now() - failover.killedAtMs,
    };
  }
}
