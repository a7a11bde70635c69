/**
 * The demo: simulated replicas, a cluster of real freno nodes that probes them, a client that obeys
 * freno, and the timer that advances the simulated lag (`lag-model.ts`).
 */

import { Bystanders } from './bystanders.js';
import { Fleet } from './fleet.js';
import { DemoFrontend } from './frontend.js';
import { InForce } from './in-force.js';
import { LagModel } from './lag-model.js';
import { Nodes } from './nodes.js';
import { portsFrom, TemporaryDirectory } from './temporary.js';
import type { DemoSetup, DemoView } from './view.js';
import { CHECK_PATH, UNHINDERED_ROWS_PER_S, Writer } from './writer.js';

const NODES = 3;
const LAG_STEP_MS = 50;
const THROUGHPUT_WINDOW_MS = 2_000;
const THRESHOLD_S = 1;

/** Where they are free, so that what the README says can be pasted. */
const FRONTEND_PORT = 3700;
const NODE_PORTS = [3701, 3702, 3703, 3711, 3712, 3713];

/** The parts of the demo after its start. */
interface RunningDemo {
  readonly fleet: Fleet;
  readonly nodes: Nodes;
  readonly frontend: DemoFrontend;
  readonly writer: Writer;
  readonly inForce: InForce;
  readonly startedMs: number;
}

export class Demo {
  readonly #lagModel = new LagModel();
  /** What the lag would be beside a client that does not ask. */
  readonly #lagWithout = new LagModel();
  readonly #directory = new TemporaryDirectory();
  /** Stops what has been started so far, in the order of the starts. */
  readonly #stops: Array<() => Promise<unknown>> = [];
  /** Rows written so far, sampled over the last seconds. */
  readonly #progress: Array<readonly [atMs: number, rows: number]> = [];
  #running: RunningDemo | undefined;
  #starting: Promise<void> = Promise.resolve();
  #stopping = false;
  #steppedMs = 0;
  #rowsSeen = 0;

  /** Rejects, with a message for the user, when a part of the demo ends unexpectedly. */
  readonly broken: Promise<never>;
  #break: (reason: Error) => void = () => undefined;

  constructor() {
    this.broken = new Promise((_resolve, reject) => {
      this.#break = reject;
    });
    this.broken.catch(() => undefined);
  }

  /** Resolves when freno responds to checks and the client writes. */
  start(): Promise<void> {
    this.#starting = this.#start();
    return this.#starting;
  }

  async #start(): Promise<void> {
    const values = this.#lagModel.lagsS;
    const fleet = await Fleet.start(values.map((value, at) => ({ value, host: loopback(at) })));
    this.#stops.push(() => fleet.stop());
    const [frontendPort, ...nodePorts] = await portsFrom([FRONTEND_PORT, ...NODE_PORTS]);
    const settings = configuration(fleet.hosts);
    const nodes = await Nodes.create(NODES, this.#directory.path, settings, nodePorts);
    if (this.#stopping) return;
    this.#stops.push(() => nodes.stop());
    nodes.broken.catch(this.#break);
    await nodes.start();
    const frontend = await DemoFrontend.listen(nodes.balancer, frontendPort!);
    this.#stops.push(() => frontend.stop());
    const writer = new Writer(nodes.balancer);
    const inForce = new InForce(nodes.balancer);
    const bystanders = new Bystanders(nodes.balancer);
    const startedMs = performance.now();
    this.#running = { fleet, nodes, frontend, writer, inForce, startedMs };
    this.#steppedMs = startedMs;
    const lagTimer = setInterval(() => this.#step(fleet, writer), LAG_STEP_MS);
    const written = writer.run();
    this.#stops.push(async () => {
      clearInterval(lagTimer);
      inForce.stop();
      bystanders.stop();
      writer.stop();
      await written;
    });
  }

  /** The numbers of replicas and nodes, and the URL for clients. */
  get setup(): DemoSetup {
    const { url } = this.#now.frontend;
    return { replicas: this.#lagModel.lagsS.length, nodes: NODES, url, checkPath: CHECK_PATH };
  }

  view(): DemoView {
    const { fleet, nodes, writer, inForce, startedMs } = this.#now;
    return {
      elapsedS: (performance.now() - startedMs) / 1000,
      nodes: nodes.views,
      failover: nodes.failover,
      replicas: this.#lagModel.lagsS.map((lagS, at) => {
        const host = fleet.hosts[at] ?? '';
        return { host, lagS, skippedForS: inForce.skippedForS(host) };
      }),
      inForce: inForce.entries,
      worstLagS: this.#lagModel.worstLagS,
      worstLagWithoutS: this.#lagWithout.worstLagS,
      response: writer.last,
      metric: writer.metric,
      recent: writer.recent,
      statuses: writer.statuses,
      rows: writer.rows,
      rowsPerS: this.#rowsPerS(),
      waitedMs: writer.waitedMs,
      currentWaitMs: writer.currentWaitMs,
      longestWaitMs: writer.longestWaitMs,
    };
  }

  killLeader(): void {
    this.#running?.nodes.killLeader();
  }

  /** Ends every process and removes every file, also while the demo is starting. */
  async stop(): Promise<void> {
    this.#stopping = true;
    // Nodes are stopped first: a start that waits for them then fails and starts nothing more.
    if (this.#running === undefined) await this.#stopAll();
    await this.#starting.catch(() => undefined);
    await this.#stopAll();
    this.#directory.remove();
  }

  get #now(): RunningDemo {
    if (this.#running === undefined) throw new Error('the demo has not started');
    return this.#running;
  }

  async #stopAll(): Promise<void> {
    for (let stop = this.#stops.pop(); stop !== undefined; stop = this.#stops.pop()) await stop();
  }

  /** Advances the lag by the time that passed and the rows that were written meanwhile. */
  #step(fleet: Fleet, { rows }: Writer): void {
    const nowMs = performance.now();
    const seconds = (nowMs - this.#steppedMs) / 1000;
    this.#lagModel.advance(seconds, rows - this.#rowsSeen);
    this.#lagWithout.advance(seconds, seconds * UNHINDERED_ROWS_PER_S);
    this.#steppedMs = nowMs;
    this.#rowsSeen = rows;
    this.#progress.push([nowMs, rows]);
    while (this.#progress[0]![0] < nowMs - THROUGHPUT_WINDOW_MS) this.#progress.shift();
    const changes = this.#lagModel.lagsS.map((lagS, server) => ({ server, value: lagS }));
    fleet.change(changes).catch(this.#break);
  }

  #rowsPerS(): number {
    const [first] = this.#progress;
    const last = this.#progress.at(-1);
    if (first === undefined || last === undefined || first === last) return 0;
    return ((last[1] - first[1]) / (last[0] - first[0])) * 1000;
  }
}

/**
 * On Linux each replica has an address of its own, so that `/skip-host` can name one. Other systems
 * have only 127.0.0.1.
 */
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
        Clusters: {
          main: { StaticHostsSettings: { Hosts: hosts } },
          analytics: { StaticHostsSettings: { Hosts: hosts.slice(2) } },
          billing: { StaticHostsSettings: { Hosts: hosts.slice(3) } },
        },
      },
    },
  };
}
