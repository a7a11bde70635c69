/**
 * The demo: simulated replicas, real frenos on top, a client that obeys them, and the clock that
 * moves the lag.
 */
import { Fleet } from './fleet.js';
import { DemoFrontend } from './frontend.js';
import { LagModel } from './lag-model.js';
import { Nodes } from './nodes.js';
import { TemporaryDirectory } from './temporary.js';
import type { Cast, DemoView } from './view.js';
import { CHECK_PATH, Writer } from './writer.js';

const NODES = 3;
const LAG_STEP_MS = 50;
const THROUGHPUT_WINDOW_MS = 2_000;
const THRESHOLD_S = 1;

/** All that runs, once it does. */
interface RunningDemo {
  readonly fleet: Fleet;
  readonly nodes: Nodes;
  readonly front: DemoFrontend;
  readonly writer: Writer;
  readonly startedMs: number;
}

export class Demo {
  readonly #workload = new LagModel();
  readonly #directory = new TemporaryDirectory();
  /** How to end what has been started so far, in the order of the starts. */
  readonly #ends: Array<() => Promise<unknown>> = [];
  /** Rows written by what time, over the last seconds. */
  readonly #progress: Array<readonly [atMs: number, rows: number]> = [];
  #running: RunningDemo | undefined;
  #starting: Promise<void> = Promise.resolve();
  #stopping = false;
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
    const values = this.#workload.lagsS;
    const fleet = await Fleet.start(values.map((value, at) => ({ value, host: loopback(at) })));
    this.#ends.push(() => fleet.stop());
    const nodes = await Nodes.layOut(NODES, this.#directory.path, configuration(fleet.hosts));
    if (this.#stopping) return;
    this.#ends.push(() => nodes.stop());
    nodes.broken.catch(this.#break);
    await nodes.start();
    const front = await DemoFrontend.listen(nodes.balancer);
    this.#ends.push(() => front.stop());
    const writer = new Writer(nodes.balancer);
    const startedMs = performance.now();
    this.#running = { fleet, nodes, front, writer, startedMs };
    this.#steppedMs = startedMs;
    const steps = setInterval(() => this.#step(fleet, writer), LAG_STEP_MS);
    const written = writer.run();
    this.#ends.push(async () => {
      clearInterval(steps);
      writer.stop();
      await written;
    });
  }

  /** How many replicas and nodes there are, and where a client asks. */
  get cast(): Cast {
    const { url } = this.#now.front;
    return { replicas: this.#workload.lagsS.length, nodes: NODES, url, checkPath: CHECK_PATH };
  }

  view(): DemoView {
    const { fleet, nodes, writer, startedMs } = this.#now;
    return {
      elapsedS: (performance.now() - startedMs) / 1000,
      nodes: nodes.views,
      handover: nodes.handover,
      replicas: this.#workload.lagsS.map((lagS, at) => ({ host: fleet.hosts[at] ?? '', lagS })),
      answer: writer.last,
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

  /** Ends every process and removes every file, however far the start has come. */
  async stop(): Promise<void> {
    this.#stopping = true;
    // Nodes end first: a start that waits for them then fails, and nothing is started behind our
    // back.
    if (this.#running === undefined) await this.#endAll();
    await this.#starting.catch(() => undefined);
    await this.#endAll();
    this.#directory.remove();
  }

  get #now(): RunningDemo {
    if (this.#running === undefined) throw new Error('the demo has not started');
    return this.#running;
  }

  async #endAll(): Promise<void> {
    for (let end = this.#ends.pop(); end !== undefined; end = this.#ends.pop()) await end();
  }

  /** Moves the lags on by the time that passed and the rows that were written in it. */
  #step(fleet: Fleet, { rows }: Writer): void {
    const nowMs = performance.now();
    this.#workload.advance((nowMs - this.#steppedMs) / 1000, rows - this.#rowsSeen);
    this.#steppedMs = nowMs;
    this.#rowsSeen = rows;
    this.#progress.push([nowMs, rows]);
    while (this.#progress[0]![0] < nowMs - THROUGHPUT_WINDOW_MS) this.#progress.shift();
    const changes = this.#workload.lagsS.map((lagS, server) => ({ server, value: lagS }));
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
 * On Linux each replica has an address of its own, so that `/skip-host` can name one. Elsewhere
 * only 127.0.0.1 is there.
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
        Clusters: { main: { StaticHostsSettings: { Hosts: hosts } } },
      },
    },
  };
}
