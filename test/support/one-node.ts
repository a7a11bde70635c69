/** One freno process with two HTTP workers, and one store on one simulated MySQL server. */
import { join } from 'node:path';
import { Fleet } from '../../src/demo/fleet.js';
import { FrenoProcess } from '../../src/demo/freno-process.js';
import { freePorts, TemporaryDirectory } from '../../src/demo/temporary.js';

/** The threshold of the store is 1. */
export const CHECK_PATH = '/check/a/mysql/main';

export class OneNode {
  private constructor(
    readonly freno: FrenoProcess,
    readonly fleet: Fleet,
    private readonly directory: TemporaryDirectory,
  ) {}

  /** Resolves when a check of the store, whose value is 0.5, gets 200. */
  static async start(): Promise<OneNode> {
    const directory = new TemporaryDirectory();
    const fleet = await Fleet.start([{ value: 0.5 }]);
    const [port = 0] = await freePorts(1);
    const MySQL = {
      MetricQuery: 'select lag from meta.heartbeat',
      ThrottleThreshold: 1,
      Clusters: { main: { StaticHostsSettings: { Hosts: fleet.hosts } } },
    };
    const keys = { ListenPort: port, HttpWorkers: 2, RaftDataDir: join(directory.path, 'raft') };
    const freno = new FrenoProcess({ ...keys, Stores: { MySQL } }, directory.path);
    const node = new OneNode(freno, fleet, directory);
    try {
      await freno.waitFor(CHECK_PATH, 200);
    } catch (thrown) {
      await node.stop();
      throw thrown;
    }
    return node;
  }

  async stop(): Promise<void> {
    await this.freno.stop();
    await this.fleet.stop();
    this.directory.remove();
  }
}
