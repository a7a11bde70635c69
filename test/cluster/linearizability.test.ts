/**
 * Concurrent clients and a nemesis, as in Jepsen: for each app, the responses must be those of one
 * linearizable register.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import type { FrenoNode } from '../../src/demo/freno-node.js';
import { TestCluster } from '../support/cluster.js';
import { fetchOnce } from '../support/http-client.js';
import { isLinearizable, type Operation } from '../support/linearizability.js';
import { SeededRandom } from '../support/random.js';

const RUN_MS = 12_000;
/** Completed operations on each app: a shorter history proves little. */
const OPERATIONS_MIN = 50;
const WRITERS = 4;
const READERS = 2;
const APPS = ['archive', 'backfill', 'cleanup'];
/** The value of an app that is not in `/throttled-apps`. */
const ABSENT = -1;

type History = Map<string, Operation[]>;

describe('the history of commands under faults', () => {
  it('is linearizable: no acknowledged command is lost, no refused one takes effect', async () => {
    const seed = Date.now() % 1_000_000;
    const random = new SeededRandom(seed);
    const cluster = await TestCluster.start(3);
    try {
      const history: History = new Map(APPS.map((app) => [app, []]));
      const clients = new Clients(cluster, history, random);
      const endsAtMs = performance.now() + RUN_MS;
      const isDone = (): boolean =>
        performance.now() > endsAtMs && [...history.values()].every(isLongEnough);
      await Promise.all([
        clients.run(),
        injectFaults(cluster, random, isDone)
          .then(() => cluster.heal())
          .finally(() => clients.end()),
      ]);
      await clients.readAll(await cluster.leader());

      for (const [app, operations] of history) {
        expect(
          isLinearizable(operations, ABSENT),
          `${app}, seed ${seed}:\n${formatHistory(operations)}`,
        ).to.equal(true);
      }
    } finally {
      await cluster.stop();
    }
  });
});

function isLongEnough(operations: readonly Operation[]): boolean {
  const completed = operations.filter(({ returnedAtMs }) => Number.isFinite(returnedAtMs));
  return completed.length >= OPERATIONS_MIN;
}

/** Kills, pauses and stops nodes, mostly leaders, one at a time. */
async function injectFaults(
  cluster: TestCluster,
  random: SeededRandom,
  isDone: () => boolean,
): Promise<void> {
  while (!isDone()) {
    const leader = await cluster.leader();
    const victim = random.chance(0.7) ? leader : cluster.others(leader)[0]!;
    const fault = random.next();
    if (fault < 0.4) {
      victim.process.signal('SIGSTOP');
      await delay(300 + 900 * random.next());
      victim.process.signal('SIGCONT');
    } else {
      victim.process.signal(fault < 0.8 ? 'SIGKILL' : 'SIGTERM');
      await victim.process.exited;
      await delay(300 * random.next());
      await cluster.restart(victim);
    }
    await delay(300 * random.next());
  }
}

class Clients {
  #ended = false;
  #ratio = 0;

  constructor(
    private readonly cluster: TestCluster,
    private readonly history: History,
    private readonly random: SeededRandom,
  ) {}

  async run(): Promise<void> {
    const writers = Array.from({ length: WRITERS }, () => this.#repeat(() => this.#write()));
    const readers = Array.from({ length: READERS }, () => this.#repeat(() => this.#read()));
    await Promise.all([...writers, ...readers]);
  }

  end(): void {
    this.#ended = true;
  }

  /** Reads every app from the leader. */
  async readAll(leader: FrenoNode): Promise<void> {
    const calledAtMs = performance.now();
    const { body } = await fetchOnce(leader.port, '/throttled-apps');
    this.#recordReads(body, calledAtMs);
  }

  async #repeat(step: () => Promise<void>): Promise<void> {
    while (!this.#ended) {
      await step();
      await delay(10 + 20 * this.random.next());
    }
  }

  /** Through any node: followers forward commands. */
  async #write(): Promise<void> {
    const app = this.random.pick(APPS);
    const ratio = ++this.#ratio / 1e6;
    const path = `/throttle-app/${app}/ttl/60/ratio/${ratio}`;
    const calledAtMs = performance.now();
    const status = await fetchOnce(this.random.pick(this.cluster.nodes).port, path).then(
      (response) => response.status,
      () => undefined,
    );
    // After 503 nothing was changed. After 504 or a broken connection the outcome is unknown.
    if (status === 503) return;
    expect(status).to.be.oneOf([200, 504, undefined]);
    const returnedAtMs = status === 200 ? performance.now() : Number.POSITIVE_INFINITY;
    this.history.get(app)!.push({ kind: 'write', value: ratio, calledAtMs, returnedAtMs });
  }

  /** From the leader only: a follower lists what it has applied so far. */
  async #read(): Promise<void> {
    const { port } = this.random.pick(this.cluster.nodes);
    try {
      if ((await fetchOnce(port, '/leader-check')).status !== 200) return;
      const calledAtMs = performance.now();
      const { status, body } = await fetchOnce(port, '/throttled-apps');
      const wasLeading = (await fetchOnce(port, '/leader-check')).status === 200;
      if (status === 200 && wasLeading) this.#recordReads(body, calledAtMs);
    } catch {
      // No response: the read does not count.
    }
  }

  #recordReads(body: string, calledAtMs: number): void {
    const returnedAtMs = performance.now();
    const listed = JSON.parse(body) as Record<string, { Ratio: number }>;
    for (const app of APPS) {
      const value = listed[app]?.Ratio ?? ABSENT;
      this.history.get(app)!.push({ kind: 'read', value, calledAtMs, returnedAtMs });
    }
  }
}

function formatHistory(operations: readonly Operation[]): string {
  return operations
    .toSorted((left, right) => left.calledAtMs - right.calledAtMs)
    .map(({ kind, value, calledAtMs, returnedAtMs }) => {
      return `${calledAtMs.toFixed(1)}..${returnedAtMs.toFixed(1)} ${kind} ${value}`;
    })
    .join('\n');
}
