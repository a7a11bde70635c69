/** The demo: simulated replicas, real frenos on top, a client that obeys them, and the clocks that move it all. */
import { Balancer } from './balancer.js';
import { Fleet } from './fleet.js';
import { type FrenoNode, layOutNodes } from './freno-node.js';
import { TemporaryDirectory } from './temporary.js';
import type { DemoView } from './view.js';
import { Workload } from './workload.js';
import { CHECK_PATH, Writer } from './writer.js';

const LAG_STEP_MS = 50;
const HEALTH_CHECK_MS = 100;
const START_TIMEOUT_MS = 15_000;
const THROUGHPUT_WINDOW_MS = 2_000;
const THRESHOLD_S = 1;
const NODES = 1;

export class Demo {
  readonly #workload = new Workload();
  readonly #directory = new TemporaryDirectory();
  readonly #timers: NodeJS.Timeout[] = [];
  /** Rows written by what time, over the last seconds. */
  readonly #progress: Array<readonly [atMs: number, rows: number]> = [];
  readonly #nodes: FrenoNode[] = [];
  #fleet: Fleet | undefined;
  #balancer = new Balancer([]);
  #writer = new Writer(this.#balancer);
  #starting: Promise<void> = Promise.resolve();
  #writing: Promise<void> = Promise.resolve();
  #stopping = false;
  #startedMs = 0;
  #steppedMs = 0;
  #rowsSeen = 0;

  /** Rejects with what is to be told to the user when something ends that should not. */
  readonly broken: Promise<never>;
  #break: (reason: Error) => void = () => undefined;

  constructor() {
    this.broken = new Promise((_resolve, reject) => {
      this.#break = reject;
    });
    this.broken.catch(() => undefined);
  }

  /** Resolves when freno answers checks and the client writes. */
  start(): Promise<void> {
    this.#starting = this.#start();
    return this.#starting;
  }

  async #start(): Promise<void> {
    this.#fleet = await Fleet.start(
      this.#workload.lagsS.map((value, index) => ({ value, host: loopback(index) })),
    );
    await this.#startNodes(this.#fleet.hosts);
    this.#balancer = new Balancer(this.#nodes.map(({ url }) => url));
    await this.#balancer.checkHealth();
    this.#writer = new Writer(this.#balancer);
    this.#startedMs = this.#steppedMs = performance.now();
    this.#timers.push(
      setInterval(() => this.#step(), LAG_STEP_MS),
      setInterval(() => this.#balancer.checkHealth(), HEALTH_CHECK_MS),
    );
    this.#writing = this.#writer.run();
  }

  get nodeCount(): number {
    return this.#nodes.length;
  }

  get replicaCount(): number {
    return this.#workload.replicas;
  }

  get checkUrl(): string {
    return `${this.#nodes[0]?.url}${CHECK_PATH}`;
  }

  view(): DemoView {
    const {
      last: answer,
      recent,
      statuses,
      rows,
      waitedMs,
      currentWaitMs,
      longestWaitMs,
    } = this.#writer;
    const hosts = this.#fleet?.hosts ?? [];
    return {
      elapsedS: (performance.now() - this.#startedMs) / 1000,
      nodes: this.#nodes.map(({ url, running }, index) => ({
        url,
        running,
        leading: index === this.#balancer.leader,
      })),
      replicas: this.#workload.lagsS.map((lagS, index) => ({ host: hosts[index] ?? '', lagS })),
      answer,
      recent,
      statuses,
      rows,
      rowsPerS: this.#rowsPerS(),
      waitedMs,
      currentWaitMs,
      longestWaitMs,
    };
  }

  /** Ends every process and removes every file, however far the start has come. */
  async stop(): Promise<void> {
    this.#stopping = true;
    const stopped = this.#nodes.map((node) => node.stop());
    // Ends soon: without its nodes the start fails, and without its start there is nothing to stop.
    await this.#starting.catch(() => undefined);
    for (const timer of this.#timers) clearInterval(timer);
    this.#writer.stop();
    await this.#writing;
    this.#balancer.close();
    await Promise.all(stopped);
    await this.#fleet?.stop();
    this.#directory.remove();
  }

  async #startNodes(hosts: readonly string[]): Promise<void> {
    const nodes = await layOutNodes(NODES, this.#directory.path, configuration(hosts));
    if (this.#stopping) return;
    this.#nodes.push(...nodes);
    for (const node of nodes) {
      const process = node.start();
      process.exited.then(() => this.#break(new Error(`freno has ended:\n${process.log}`)));
    }
    await Promise.any(
      nodes.map((node) => node.process.waitFor('/leader-check', 200, START_TIMEOUT_MS)),
    ).catch((failures: AggregateError) => Promise.reject(failures.errors[0]));
  }

  /** Moves the lags on by the time that passed and the rows that were written in it. */
  #step(): void {
    const nowMs = performance.now();
    const { rows } = this.#writer;
    this.#workload.advance((nowMs - this.#steppedMs) / 1000, rows - this.#rowsSeen);
    this.#steppedMs = nowMs;
    this.#rowsSeen = rows;
    this.#progress.push([nowMs, rows]);
    while (this.#progress[0]![0] < nowMs - THROUGHPUT_WINDOW_MS) this.#progress.shift();
    const changes = this.#workload.lagsS.map((lagS, server) => ({ server, value: lagS }));
    this.#fleet?.change(changes).catch((error: Error) => this.#break(error));
  }

  #rowsPerS(): number {
    const [first] = this.#progress;
    const last = this.#progress.at(-1);
    if (first === undefined || last === undefined || first === last) return 0;
    return ((last[1] - first[1]) / (last[0] - first[0])) * 1000;
  }
}

/** On Linux each replica has an address of its own, so that `/skip-host` can name one. Elsewhere only 127.0.0.1 is there. */
function loopback(index: number): string {
  return process.platform === 'linux' ? `127.0.0.${11 + index}` : '127.0.0.1';
}

function configuration(hosts: readonly string[]): Readonly<Record<string, unknown>> {
  return {
    HttpWorkers: 1,
    ProbeWorkers: 1,
    Stores: {
      MySQL: {
        User: 'freno',
        Password: 'freno',
        MetricQuery: 'select lag from heartbeat',
        ThrottleThreshold: THRESHOLD_S,
        Clusters: { main: { StaticHostsSettings: { Hosts: hosts } } },
      },
    },
  };
}
