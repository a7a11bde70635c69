/**
 * Real frenos whose disks, clocks, links and processes a test breaks. Each node has a directory, a
 * log file, and, in front of its Raft port, a proxy that its peers dial.
 */
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Fleet } from '../../src/demo/fleet.js';
import { FrenoNode } from '../../src/demo/freno-node.js';
import { freePorts } from '../../src/demo/temporary.js';
import { STORE, storesOf, VALUE } from '../support/cluster.js';
import { until } from '../support/until.js';
import { canFaultDisks, DiskFaults } from './disk-faults.js';
import { PeerProxy } from './peer-proxy.js';
import { SmallDisk } from './small-disk.js';

/** `exec` keeps the process id: signals reach the freno itself. */
const WITH_LOG_FILE = ['sh', '-c', 'exec "$@" 2>>"$0"'];

/** Lines of each log in a failure. */
const LOG_LINES_SHOWN = 40;

const RECURSIVELY = { recursive: true };

export interface BreakableClusterOptions {
  readonly count: number;
  /** Puts each data directory on a small file system, where this process may mount one. */
  readonly onSmallDisks?: boolean;
  /** Further keys of the configuration of the node at that place. */
  readonly keysOf?: (at: number) => Readonly<Record<string, unknown>>;
}

export class BreakableNode {
  constructor(
    /** Counts from 1. */
    readonly number: number,
    readonly freno: FrenoNode,
    readonly proxy: PeerProxy,
    /** Undefined where there is no C compiler. */
    readonly disk: DiskFaults | undefined,
    readonly smallDisk: SmallDisk | undefined,
    private readonly logFile: string,
  ) {}

  get port(): number {
    return this.freno.port;
  }

  /** Its `RaftDataDir`. */
  get directory(): string {
    return String(this.freno.configuration.RaftDataDir);
  }

  /** What it logged, in all its runs. */
  get log(): string {
    return existsSync(this.logFile) ? readFileSync(this.logFile, 'utf8') : '';
  }

  start(): void {
    this.disk?.processEnded();
    this.freno.start();
  }

  signal(signal: NodeJS.Signals): void {
    this.freno.process.signal(signal);
  }

  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.freno.process.exited;
  }

  status(path: string): Promise<number | undefined> {
    return this.freno.process.status(path);
  }
}

export class BreakableCluster {
  private constructor(
    readonly nodes: readonly BreakableNode[],
    readonly directory: string,
    private readonly fleet: Fleet,
  ) {}

  /** Creates the nodes, and starts none. */
  static async create(options: BreakableClusterOptions): Promise<BreakableCluster> {
    const { count, onSmallDisks = false, keysOf = () => ({}) } = options;
    const directory = realpathSync(mkdtempSync(join(tmpdir(), 'freno-torture-')));
    const ports = await freePorts(2 * count);
    const proxies = await Promise.all(ports.slice(count).map((port) => PeerProxy.start(port)));
    const fleet = await Fleet.start([{ value: VALUE }]);
    const nodes = proxies.map((proxy, at) => {
      const base = join(directory, `node${at + 1}`);
      const volume = `${base}-disk`;
      const RaftDataDir = join(volume, 'raft');
      mkdirSync(volume);
      const smallDisk = onSmallDisks ? SmallDisk.mount(volume) : undefined;
      mkdirSync(RaftDataDir);
      const disk = canFaultDisks() ? new DiskFaults(RaftDataDir, `${base}.control`) : undefined;
      const configuration = {
        ListenPort: ports[at]!,
        RaftDataDir,
        RaftBind: `127.0.0.1:${ports[count + at]}`,
        RaftAdvertise: proxy.address,
        RaftNodes: proxies.map(({ address }) => address),
        Stores: storesOf(fleet.hosts),
        ...keysOf(at),
      };
      const variables = Object.entries(disk?.environment ?? {});
      const environment = ['env', ...variables.map(([name, value]) => `${name}=${value}`)];
      const logFile = `${base}.log`;
      const through = [...WITH_LOG_FILE, logFile, ...environment];
      const freno = new FrenoNode(configuration, directory, { freno: ['--verbose'], through });
      return new BreakableNode(at + 1, freno, proxy, disk, smallDisk, logFile);
    });
    return new BreakableCluster(nodes, directory, fleet);
  }

  /** Resolves when a node leads and all know it. */
  static async start(options: BreakableClusterOptions): Promise<BreakableCluster> {
    const cluster = await BreakableCluster.create(options);
    try {
      for (const node of cluster.nodes) node.start();
      await cluster.settled();
      return cluster;
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  /** The node that responds 200 to `/leader-check`, once there is one. */
  async leader(
    among: readonly BreakableNode[] = this.nodes,
    timeoutMs?: number,
  ): Promise<BreakableNode> {
    return until(
      async () => {
        const statuses = await Promise.all(among.map((node) => statusIfRunning(node)));
        return among.find((_, at) => statuses[at] === 200);
      },
      timeoutMs,
      () => `a leader\n${this.logs()}`,
    );
  }

  others(than: BreakableNode): BreakableNode[] {
    return this.nodes.filter((node) => node !== than);
  }

  /** Resolves when a node leads, answers checks, and all nodes know it. */
  async settled(): Promise<void> {
    const leader = await this.leader();
    await leader.freno.process.waitFor(`/check/batch/mysql/${STORE}`, 200);
    const known = this.nodes.map(({ freno }) => freno.process.waitFor('/raft/leader', 200));
    await Promise.all(known);
  }

  /** Ends all faults; restarts what has ended. Rejects when no node leads in time. */
  async heal(): Promise<void> {
    for (const node of this.nodes) {
      node.disk?.heal();
      node.disk?.setClockAhead(0);
      node.smallDisk?.free();
      for (const { proxy } of this.nodes) node.proxy.set(proxy.address, 'open');
      if (node.freno.running) node.signal('SIGCONT');
      else node.start();
    }
    await this.settled();
  }

  logs(): string {
    const shown = this.nodes.map(({ number, log }) => {
      return `node ${number}:\n${log.split('\n').slice(-LOG_LINES_SHOWN).join('\n')}`;
    });
    return shown.join('\n');
  }

  /** Kills all nodes: how they stop is not what is tested here. */
  async stop({ keepFiles = false } = {}): Promise<void> {
    for (const { freno } of this.nodes) if (freno.running) freno.process.signal('SIGKILL');
    for (const node of this.nodes) {
      if (node.freno.running) await node.freno.process.exited;
      await node.proxy.stop();
      node.disk?.close();
      if (keepFiles && node.smallDisk !== undefined) {
        cpSync(node.directory, join(this.directory, `node${node.number}-data`), RECURSIVELY);
      }
      node.smallDisk?.remove();
    }
    await this.fleet.stop();
    if (!keepFiles) rmSync(this.directory, { ...RECURSIVELY, force: true, maxRetries: 3 });
  }
}

async function statusIfRunning(node: BreakableNode): Promise<number | undefined> {
  return node.freno.running ? node.status('/leader-check') : undefined;
}
